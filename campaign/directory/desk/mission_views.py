"""Pages of missions on the desk."""

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import Refused
from campaign.directory import missions as services
from campaign.directory import where_used
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.entry_display import (
    PrintedAddress,
    list_country_choices,
    print_address,
)
from campaign.directory.desk.mission_form import MissionFilter, MissionForm, mission_form
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Mission
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import redirect_to
from campaign.web.edit_conflict import lock_row
from campaign.web.page import Page, show_page
from campaign.web.pagination import Listing


class MissionRows(Page, template="directory/_mission_list.html"):
    listing: Listing[Mission]
    stale: set[int]
    """Ids of those that are to be checked."""
    sort: str


class MissionList(MissionRows, template="directory/missions.html"):
    form: MissionFilter
    unchecked: int
    """How many that campaigns use are to be checked."""


class CreateMission(Page, template="directory/create_mission.html"):
    form: MissionForm


class EditMission(Page, template="directory/edit_mission.html"):
    form: MissionForm
    mission: Mission
    is_stale: bool
    uses: list[str]
    address: PrintedAddress


class DeleteMission(Page, template="directory/delete_mission.html"):
    mission: Mission
    uses: list[str]


@blueprint.get("/desk/missions")
def missions() -> ResponseReturnValue:
    """The list of missions; what it shows lives in the address."""
    session = db.session()
    form = MissionFilter(request.args)
    sort = request.args.get("sort", "sending")
    today = i18n.today_at_home()
    listing = services.list_missions(
        session,
        query=form.q.data or "",
        sending=form.sending.data or "",
        host=form.host.data or "",
        stale_on=today if form.stale.data else None,
        sort=sort,
        page=request.args.get("page", 1, type=int),
    )
    stale = {mission.id for mission in listing.rows if services.is_stale(mission, today)}
    if "HX-Request" in request.headers:
        return show_page(MissionRows(listing=listing, stale=stale, sort=sort))
    sending, host = services.countries_of_missions(session)
    form.sending.choices = list_country_choices(sending)
    form.host.choices = list_country_choices(host)
    unchecked = services.count_stale_in_use(session, today)
    return show_page(
        MissionList(form=form, listing=listing, stale=stale, sort=sort, unchecked=unchecked)
    )


@blueprint.get("/desk/<any(missions, officials):name>/")
def without_slash(name: str) -> ResponseReturnValue:
    """A list's address as people type it."""
    return redirect(f"/desk/{name}")


@blueprint.route("/desk/missions/new", methods=["GET", "POST"])
def create_mission() -> ResponseReturnValue:
    form = mission_form()
    if form.validate_on_submit():
        mission = services.create_mission(db.session(), draft=form.draft(), actor=actor())
        message = _("Mission saved. Check the address as we will print it.")
        return redirect_to("directory.edit_mission", message, slug=mission.slug)
    return show_page(CreateMission(form=form))


@blueprint.route("/desk/missions/<slug>", methods=["GET", "POST"])
def edit_mission(slug: str) -> ResponseReturnValue:
    """A mission, with the address as it will be printed; saved, and also checked today."""
    session, today = db.session(), i18n.today_at_home()
    mission = services.get_mission(session, slug=slug)
    if request.method == "POST":
        lock_row(session, mission)
    form = mission_form(services.draft_of(mission))
    if form.validate_on_submit() and form.is_current(form.now):
        try:
            services.update_mission(
                session,
                mission=mission,
                draft=form.draft(),
                actor=actor(),
                risks_seen=form.risks_seen.data,
            )
        except FlagNamed as problem:
            session.rollback()  # the page is headed by what is kept
            form.ask_flagged(problem)
        else:
            message = _("Changes saved.")
            if "checked" in request.form:
                services.check_mission(session, mission=mission, on=today, actor=actor())
                message = _("Changes saved. The mission is marked as checked today.")
            return redirect_to("directory.edit_mission", message, slug=mission.slug)
    head = [i18n.words_in(mission.name, i18n.locale())]
    return show_page(
        EditMission(
            form=form,
            mission=mission,
            is_stale=services.is_stale(mission, today),
            uses=where_used.list_uses_for(session, mission, staff_user()),
            address=print_address(
                mission, country=mission.host_country, head=head, locale=i18n.locale(), abroad=False
            ),
        )
    )


@blueprint.route("/desk/missions/<slug>/delete", methods=["GET", "POST"])
def delete_mission(slug: str) -> ResponseReturnValue:
    session = db.session()
    mission = services.get_mission(session, slug=slug)
    status = 200
    if request.method == "POST":
        try:
            services.delete_mission(session, mission=mission, actor=actor())
        except Refused:
            status = 409
        else:
            return redirect_to("directory.missions", _("Mission deleted."))
    uses = where_used.list_uses_for(session, mission, staff_user())
    return show_page(DeleteMission(mission=mission, uses=uses), status)
