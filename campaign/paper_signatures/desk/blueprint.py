"""The desk's pages on paper: sheets, their rows and scans, files of signatures.

For staff: whoever keys in sees who signed (docs/adr/0004).
"""

from collections.abc import Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.desk.blueprint import load
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import current_settings
from campaign.models.paper_signature import PaperSheet, Scan
from campaign.models.staff import Role
from campaign.paper_signatures import scans, sheets
from campaign.paper_signatures.desk import paper_import_views, row_views, scan_views
from campaign.paper_signatures.desk.forms import SheetForm
from campaign.staff.guards import actor, guard, staff_user
from campaign.web.desk import accepted, redirect_to
from campaign.web.page import Page, show_page
from campaign.web.security import takes_file

blueprint = Blueprint("paper_signatures", __name__, url_prefix="/desk/paper")
guard(blueprint, Role.STAFF)


class SheetList(Page, template="paper_signatures/index.html"):
    rows: Sequence[tuple[PaperSheet, sheets.Totals]]
    total: int
    page: int
    pages: int


class CreateSheet(Page, template="paper_signatures/create.html"):
    form: SheetForm


class EditSheet(Page, template="paper_signatures/edit.html"):
    form: SheetForm
    sheet: PaperSheet
    scans: Sequence[Scan]
    totals: sheets.Totals


@blueprint.get("/")
def index() -> ResponseReturnValue:
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    rows, total = sheets.list_sheets(db.session(), page=page)
    pages = max(1, -(-total // sheets.PAGE))
    return show_page(SheetList(rows=rows, total=total, page=page, pages=pages))


@blueprint.route("/new", methods=["GET", "POST"])
@takes_file(scans.MAX_BYTES)
def create() -> ResponseReturnValue:
    form = SheetForm.for_new(
        sheets.list_open_campaigns(db.session()), request.args.get("campaign", "")
    )
    if not form.country.data:
        form.country.data = current_settings().organisation_country
    created: list[PaperSheet] = []
    if form.validate_on_submit() and accepted(form, lambda: created.append(_make_sheet(form))):
        return redirect_to(".show", public_id=created[0].public_id)
    return show_page(CreateSheet(form=form))


@blueprint.route("/<public_id>/about", methods=["GET", "POST"])
def edit(public_id: str) -> ResponseReturnValue:
    session = db.session()
    sheet = sheets.get_sheet(session, public_id, by=staff_user())
    form = SheetForm.of(sheet)
    if form.validate_on_submit() and accepted(
        form, lambda: sheets.edit_sheet(session, sheet, actor=actor(), **form.facts())
    ):
        return redirect_to(".show", _("Sheet saved."), public_id=public_id)
    return show_page(
        EditSheet(
            form=form,
            sheet=sheet,
            scans=scans.list_scans_of_sheet(session, sheet),
            totals=sheets.count_rows(session, sheet),
        )
    )


@blueprint.post("/<public_id>/delete")
def delete(public_id: str) -> ResponseReturnValue:
    session = db.session()
    try:
        sheets.delete_sheet(
            session, sheets.get_sheet(session, public_id, by=staff_user()), actor=actor()
        )
    except Refused:
        message = _("This sheet has rows. Remove the rows first.")
        return redirect_to(".show", message, "error", public_id=public_id)
    return redirect_to(".index", _("Sheet deleted."))


def _make_sheet(form: SheetForm) -> PaperSheet:
    session = db.session()
    campaign = load(form.campaign.data)
    try:
        sheet = sheets.make_sheet(
            session, campaign, actor=actor(), staff_id=staff_user().id, **form.facts()
        )
    except Refused as problem:
        raise Invalid(fields={"campaign": problem.slug}) from problem
    if form.scan.data:
        scans.keep_scan(
            session, scans.read_upload(form.scan.data.stream), actor=actor(), sheet_id=sheet.id
        )
    return sheet


row_views.register(blueprint)
scan_views.register(blueprint)
paper_import_views.register(blueprint)
