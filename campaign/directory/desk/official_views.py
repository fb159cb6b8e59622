"""Pages of officials on the desk."""

from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.directory import offices, officials, where_used
from campaign.directory.desk import (
    bulk_views,
    import_views,
    merge_entry_views,
    mission_views,
    office_views,
)
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.entry_display import (
    PrintedAddress,
    list_country_choices,
    print_address,
)
from campaign.directory.desk.official_form import OfficialFilter, OfficialForm, official_form
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Official
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import redirect_to
from campaign.web.edit_conflict import lock_row
from campaign.web.page import Page, show_page
from campaign.web.pagination import Listing

__all__ = [
    "blueprint",
    "bulk_views",
    "import_views",
    "merge_entry_views",
    "mission_views",
    "office_views",
]


class OfficialRows(Page, template="directory/_official_list.html"):
    form: OfficialFilter
    listing: Listing[Official]
    sort: str


class OfficialList(OfficialRows, template="directory/index.html"):
    left: int
    """How many have left their office and are aimed at."""


class CreateOfficial(Page, template="directory/create.html"):
    form: OfficialForm


class EditOfficial(Page, template="directory/edit.html"):
    form: OfficialForm
    official: Official
    uses: list[str]
    successors: Sequence[Official]
    address: PrintedAddress


class DeleteOfficial(Page, template="directory/delete.html"):
    official: Official
    uses: list[str]


@blueprint.get("/desk/officials")
def index() -> ResponseReturnValue:
    """The list of officials; what it shows lives in the address."""
    session = db.session()
    form = OfficialFilter(request.args)
    sort = request.args.get("sort", "name")
    listing = officials.list_officials(
        session,
        query=form.q.data or "",
        country=form.country.data or "",
        left=bool(form.left.data),
        sort=sort,
        page=request.args.get("page", 1, type=int),
    )
    if "HX-Request" in request.headers:
        return show_page(OfficialRows(form=form, listing=listing, sort=sort))
    form.country.choices = list_country_choices(officials.countries_of_officials(session))
    left = officials.count_left(session)
    return show_page(OfficialList(form=form, listing=listing, sort=sort, left=left))


@blueprint.route("/desk/officials/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    form = official_form()
    if form.validate_on_submit():
        official = officials.create_official(db.session(), draft=form.draft(), actor=actor())
        message = _("Official saved. Check the address as we will print it.")
        return redirect_to("directory.edit", message, slug=official.slug)
    return show_page(CreateOfficial(form=form))


@blueprint.route("/desk/officials/<slug>", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    """An official, with the address as it will be printed."""
    session = db.session()
    official = officials.get_official(session, slug=slug)
    if request.method == "POST":
        lock_row(session, official)
    form = official_form(officials.draft_of(official))
    if form.validate_on_submit() and form.is_current(form.now):
        try:
            officials.update_official(
                session,
                official=official,
                draft=form.draft(),
                actor=actor(),
                risks_seen=form.risks_seen.data,
            )
        except FlagNamed as problem:
            session.rollback()  # the page is headed by what is kept
            form.ask_flagged(problem)
        except Invalid as problem:
            form.refuse(problem.fields)
        else:
            return redirect_to("directory.edit", _("Changes saved."), slug=slug)
    locale = official.preferred_locale
    head = [official.name, i18n.words_in(official.office, locale)]
    return show_page(
        EditOfficial(
            form=form,
            official=official,
            uses=where_used.list_uses_for(session, official, staff_user()),
            successors=offices.successors(session, official) if official.left_on else [],
            address=print_address(official, country=official.country, head=head, locale=locale),
        )
    )


@blueprint.route("/desk/officials/<slug>/delete", methods=["GET", "POST"])
def delete(slug: str) -> ResponseReturnValue:
    session = db.session()
    official = officials.get_official(session, slug=slug)
    status = 200
    if request.method == "POST":
        try:
            officials.delete_official(session, official=official, actor=actor())
        except Refused:
            status = 409
        else:
            return redirect_to("directory.index", _("Official deleted."))
    uses = where_used.list_uses_for(session, official, staff_user())
    return show_page(DeleteOfficial(official=official, uses=uses), status)
