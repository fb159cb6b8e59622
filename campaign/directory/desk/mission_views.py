"""Pages of missions on the desk."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.core import db, i18n
from campaign.core.errors import Refused
from campaign.directory import missions as services
from campaign.directory import where_used
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.entry_display import address_shown, country_choices, listing_url
from campaign.directory.desk.mission_form import (
    KIND_LABELS,
    MissionFilter,
    MissionForm,
    mission_form,
)
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Mission
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import render_page
from campaign.web.edit_conflict import hold


@blueprint.get("/desk/missions")
def missions() -> str:
    """The list of missions; what it shows lives in the address."""
    session = db.session()
    form = MissionFilter(request.args)
    sort = request.args.get("sort", "sending")
    listing = services.list_missions(
        session,
        query=form.q.data or "",
        sending=form.sending.data or "",
        host=form.host.data or "",
        stale_on=i18n.today_at_home() if form.stale.data else None,
        sort=sort,
        page=request.args.get("page", 1, type=int),
    )
    rows = [(mission, services.is_stale(mission, i18n.today_at_home())) for mission in listing.rows]
    shown = {"form": form, "listing": listing, "rows": rows, "sort": sort, "url": listing_url}
    if "HX-Request" in request.headers:
        return render_template("directory/_mission_list.html", kinds=KIND_LABELS, **shown)
    sending, host = services.countries_of_missions(session)
    form.sending.choices, form.host.choices = country_choices(sending), country_choices(host)
    unchecked = services.count_stale_in_use(session, i18n.today_at_home())
    return render_template(
        "directory/missions.html", kinds=KIND_LABELS, unchecked=unchecked, **shown
    )


@blueprint.get("/desk/<any(missions, officials):name>/")
def without_slash(name: str) -> ResponseReturnValue:
    """A list's address as people type it."""
    return redirect(f"/desk/{name}")


@blueprint.route("/desk/missions/new", methods=["GET", "POST"])
def create_mission() -> ResponseReturnValue:
    """A new mission."""
    form = mission_form()
    if form.validate_on_submit():
        mission = services.create_mission(db.session(), draft=form.draft(), actor=actor())
        flash(_("The mission is saved. Check the address as it will be printed."))
        return redirect(url_for("directory.edit_mission", slug=mission.slug))
    return render_page("directory/create_mission.html", form)


@blueprint.route("/desk/missions/<slug>", methods=["GET", "POST"])
def edit_mission(slug: str) -> ResponseReturnValue:
    """A mission, with the address as it will be printed; saved, and also checked today."""
    session, by = db.session(), actor()
    mission = services.get_mission(session, slug=slug)
    if request.method == "POST":
        hold(session, mission)
    form = mission_form(services.draft_of(mission))
    if form.validate_on_submit() and form.meets(form.now):
        try:
            services.update_mission(
                session,
                mission=mission,
                draft=form.draft(),
                actor=by,
                risks_seen=form.risks_seen.data,
            )
        except FlagNamed as problem:
            session.rollback()  # the page is headed by what is kept
            form.ask_flagged(problem)
        else:
            return _saved(session, mission, by)
    return _edit_page(mission, form)


def _saved(session: Session, mission: Mission, by: str) -> ResponseReturnValue:
    if "checked" in request.form:
        services.check_mission(session, mission=mission, on=i18n.today_at_home(), actor=by)
        flash(_("The changes are saved, and noted: checked today."))
    else:
        flash(_("The changes are saved."))
    return redirect(url_for("directory.edit_mission", slug=mission.slug))


@blueprint.route("/desk/missions/<slug>/delete", methods=["GET", "POST"])
def delete_mission(slug: str) -> ResponseReturnValue:
    """Ask, and delete a mission that nothing uses."""
    session = db.session()
    mission = services.get_mission(session, slug=slug)
    status = 200
    if request.method == "POST":
        try:
            services.delete_mission(session, mission=mission, actor=actor())
        except Refused:
            status = 409
        else:
            flash(_("The mission is deleted."))
            return redirect(url_for("directory.missions"))
    uses = where_used.said_to(
        session, services.uses_of_mission(session, mission=mission), staff_user()
    )
    return render_template("directory/delete_mission.html", mission=mission, uses=uses), status


def _edit_page(mission: Mission, form: MissionForm) -> ResponseReturnValue:
    session = db.session()
    head = [i18n.words_in(mission.name, i18n.locale())]
    shown = address_shown(
        mission, country=mission.host_country, head=head, locale=i18n.locale(), abroad=False
    )
    return render_page(
        "directory/edit_mission.html",
        form,
        mission=mission,
        stale=services.is_stale(mission, i18n.today_at_home()),
        uses=where_used.said_to(
            session, services.uses_of_mission(session, mission=mission), staff_user()
        ),
        **shown,
    )
