"""The desk's pages of sheets and their rows.

For staff: whoever keys in sees who signed (docs/adr/0004).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.desk.blueprint import load
from campaign.campaigns.stop_rule import gives_letters
from campaign.core import db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import current_settings
from campaign.core.text.fold import western_digits
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict, Scan
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry, paper_imports, scans, sheets
from campaign.paper_signatures.check_row import (
    FIELDS,
    TICKS,
    Details,
    check_row,
    is_blank,
    replace_dittos,
)
from campaign.paper_signatures.desk import paper_import_views, scan_views
from campaign.paper_signatures.desk.forms import EditSheetForm, RowForm, SheetForm, say_problem
from campaign.paper_signatures.desk.scan_views import load_sheet
from campaign.paper_signatures.row_signatures import keeps_address, locale_of
from campaign.signing.clean_text import Problem
from campaign.staff.desk_access import actor, ask_before_view, guard, staff_user
from campaign.web.edit_conflict import lock_row
from campaign.web.page import Page, ProblemsOn, add_lookups, redirect_to, show_page
from campaign.web.pagination import Listing
from campaign.web.security import takes_file

blueprint = Blueprint("paper_signatures", __name__, url_prefix="/desk/paper")
guard(blueprint, Role.STAFF)
add_lookups(blueprint, paper_imports.is_being_undone)


class SheetList(Page, template="paper_signatures/index.html"):
    listing: Listing[PaperSheet]
    totals: Mapping[int, sheets.Totals]
    locales: Mapping[int, str]


class CreateSheet(Page, template="paper_signatures/create.html"):
    form: SheetForm


class EditSheet(Page, template="paper_signatures/edit.html"):
    form: EditSheetForm
    sheet: PaperSheet
    scans: Sequence[Scan]
    totals: sheets.Totals
    can_undo: bool


@blueprint.get("/")
def index() -> ResponseReturnValue:
    listing = sheets.list_sheets(db.session(), page=request.args.get("page", 1, type=int))
    totals = sheets.count_rows_of(db.session(), listing.rows)
    locales = {sheet.id: locale_of(sheet) for sheet in listing.rows}
    return show_page(SheetList(listing=listing, totals=totals, locales=locales))


@blueprint.route("/new", methods=["GET", "POST"])
@takes_file(scans.MAX_BYTES)
def create() -> ResponseReturnValue:
    form = SheetForm.for_new(
        sheets.list_open_campaigns(db.session()), request.args.get("campaign", "")
    )
    if not form.country.data:
        form.country.data = current_settings().organisation_country
    if form.validate_on_submit():
        with ProblemsOn(form):
            return redirect_to(".show", public_id=_make_sheet(form).public_id)
    return show_page(CreateSheet(form=form))


@blueprint.route("/<public_id>/about", methods=["GET", "POST"])
def edit(public_id: str) -> ResponseReturnValue:
    session, sheet = db.session(), load_sheet(public_id)
    if request.method == "POST":
        lock_row(session, sheet)
    form = EditSheetForm.of(sheet)
    if form.validate_on_submit() and form.is_current():
        with ProblemsOn(form):
            sheets.edit_sheet(session, sheet, form.facts(), actor=actor())
            return redirect_to(".show", _("Sheet saved."), public_id=public_id)
    return show_page(
        EditSheet(
            form=form,
            sheet=sheet,
            scans=scans.list_scans_of_sheet(session, sheet),
            totals=sheets.count_rows(session, sheet),
            can_undo=paper_imports.can_undo(session, sheet),
        )
    )


@blueprint.post("/<public_id>/undo-import")
def undo_import(public_id: str) -> ResponseReturnValue:
    paper_imports.request_undo(db.session(), load_sheet(public_id), by=staff_user())
    return redirect_to(".show", public_id=public_id)


@blueprint.post("/<public_id>/delete")
def delete(public_id: str) -> ResponseReturnValue:
    try:
        sheets.delete_sheet(db.session(), load_sheet(public_id), actor=actor())
    except Refused:
        message = _("This sheet has rows. Remove the rows first.")
        return redirect_to(".show", message, "error", public_id=public_id)
    return redirect_to(".index", _("Sheet deleted."))


def _make_sheet(form: SheetForm) -> PaperSheet:
    session, scan = db.session(), None
    if form.scan.data:
        scan = scans.read_scan(scans.read_upload(form.scan.data.stream), of_sheet=True)
    sheet = PaperSheet(
        campaign=load(form.campaign.data), created_by_id=staff_user().id, **form.facts()
    )
    try:
        sheets.make_sheet(session, sheet, actor=actor())
    except Refused as problem:
        raise Invalid(fields={"campaign": problem.slug}) from problem
    if scan:
        scans.keep_scan(session, scan, actor=actor(), sheet_id=sheet.id)
    return sheet


ROWS = 5  # rows of the form: without scripts as many are keyed in before they are sent
SHOWN = 25
_DIGITS = 7  # so many has no number of a row
_MOST = 1_000_000  # beyond which no sheet has a row


@dataclass(slots=True)
class TypedRow:
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    details: Details | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class RowToBlackOut:
    """A row to be made unreadable as long as the sheet is here."""

    number: int
    details: Details | None
    next_to: Sequence[tuple[PaperRow, Details]]
    """Where the name is gone, the rows next to it."""


class KeyIn(Page, template="paper_signatures/sheet.html"):
    sheet: PaperSheet
    sheet_locale: str
    typed: Sequence[TypedRow]
    row: PaperRow | None  # the one that is corrected
    form: RowForm | None  # of the one that is corrected
    nothing: bool  # whether no row was keyed in
    rows: Sequence[tuple[PaperRow, Details | None]]
    to_complete: Mapping[int, PaperRow]
    first: int
    more: int | None  # from where earlier rows begin; None: there are none
    scans: Sequence[Scan]
    totals: sheets.Totals
    black_out: Sequence[RowToBlackOut]
    countries: Sequence[tuple[str, str]]


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    sheet = load_sheet(public_id)
    if asked := _ask_before_rows(sheet):
        return asked
    return _show_sheet(sheet, _blank_rows(sheet, _get_values_above(sheet), _next_number(sheet)))


def _ask_before_rows(sheet: PaperSheet) -> ResponseReturnValue | None:
    """Ask who it is before its rows are shown, also beside what was keyed in and refused."""
    return ask_before_view("paper.look", f"paper-sheet:{sheet.id}")


@blueprint.post("/<public_id>")
def key_in(public_id: str) -> ResponseReturnValue:
    """Take the rows that were keyed in: all of them, or none and what is wrong."""
    session, sheet = db.session(), load_sheet(public_id)
    if asked := _ask_before_rows(sheet):
        return asked
    lock_row(session, sheet)  # so that no other takes the number meanwhile
    above, number = _get_values_above(sheet), _next_number(sheet)
    taken = data_entry.list_taken_positions(session, sheet, besides=None)
    typed = _list_typed(above, number, taken)
    if not typed:
        return _show_sheet(sheet, _blank_rows(sheet, above, number), nothing=True), 422
    if any(typed_row.errors for typed_row in typed):
        number = 1 + max(number - 1, *(typed_row.number for typed_row in typed))
        blank = _blank_rows(sheet, typed[-1].values, number)
        return _show_sheet(sheet, (typed + blank)[:ROWS]), 422
    for typed_row in typed:
        assert typed_row.details is not None
        data_entry.add_row(
            session, sheet, typed_row.details, actor=actor(), position=typed_row.number
        )
    return redirect_to(".show", public_id=public_id)


@blueprint.route("/<public_id>/rows/<row>", methods=["GET", "POST"])
def correct(public_id: str, row: str) -> ResponseReturnValue:
    session, sheet = db.session(), load_sheet(public_id)
    if asked := _ask_before_rows(sheet):
        return asked
    paper_row = data_entry.get_row(session, sheet, row, lock=request.method == "POST")
    values = _values_of(data_entry.details_of(paper_row)) | {"number": str(paper_row.position)}
    form = RowForm.of(paper_row, values)
    if request.method == "POST":
        needed = TypedRow(
            {"number": values["number"]}, {"given_name": _("Enter the name, or remove the row.")}
        )
        taken = data_entry.list_taken_positions(session, sheet, besides=paper_row)
        typed = next(iter(_list_typed(values, paper_row.position, taken)), needed)
        form.take(typed.values)
        if typed.details is not None and form.is_current():
            number, was_removed = typed.number, paper_row.verdict is RowVerdict.REMOVED
            data_entry.correct_row(
                session, paper_row, typed.details, actor=actor(), position=number
            )
            restored = _("Row %(number)s corrected and restored.", number=number)
            corrected = _("Row %(number)s corrected.", number=number)
            message = restored if was_removed else corrected
            return redirect_to(".show", message, public_id=public_id)
        return _show_sheet(sheet, [typed], row=paper_row, form=form), 422
    return _show_sheet(sheet, [TypedRow(values)], row=paper_row, form=form)


@blueprint.post("/<public_id>/rows/<row>/<deed>")
def decide(public_id: str, row: str, deed: str) -> ResponseReturnValue:
    session, sheet = db.session(), load_sheet(public_id)
    paper_row = data_entry.get_row(session, sheet, row, lock=True)
    number = paper_row.position
    deeds = {
        "count": (data_entry.count_row, _("Row %(number)s is counted now.", number=number)),
        "remove": (data_entry.remove_row, _("Row %(number)s removed.", number=number)),
        "restore": (data_entry.restore_row, _("Row %(number)s restored.", number=number)),
    }
    if deed not in deeds:
        raise NotFound("row")
    action, message = deeds[deed]
    details = data_entry.details_of(paper_row)
    action(session, paper_row, actor=actor())
    kept = paper_row.signature.email if paper_row.signature else ""
    if deed == "count" and details and keeps_address(details) and not kept:
        message = _(
            "Row %(number)s is counted now. This person gets no news, because another paper "
            "signature has the same email address.",
            number=number,
        )
    return redirect_to(".show", message, public_id=public_id)


def _list_typed(above: Mapping[str, str], number: int, taken: set[int]) -> list[TypedRow]:
    """List the rows that were keyed in; where one has no number, it is the next."""
    typed = []
    for at in range(ROWS):
        values = {name: request.form.get(f"{name}-{at}", "") for name in (*FIELDS, *TICKS)}
        if is_blank(values):
            continue
        values = replace_dittos(values, above)
        details, problems = check_row(values)
        written = western_digits(request.form.get(f"number-{at}", "").strip()) or str(number)
        row_number = int(written) if written.isdecimal() and len(written) < _DIGITS else 0
        if not row_number:
            problems["number"] = Problem("row-number")
        elif row_number in taken:
            problems["number"] = Problem("row-taken")
        values["number"] = written
        errors = {name: say_problem(problem) for name, problem in problems.items()}
        typed.append(TypedRow(values, errors, None if errors else details, row_number))
        taken = taken | {row_number}
        above, number = values, row_number + 1
    return typed


def _next_number(sheet: PaperSheet) -> int:
    return data_entry.next_position(db.session(), sheet)


def _blank_rows(sheet: PaperSheet, above: Mapping[str, str], number: int) -> list[TypedRow]:
    carried = {"locality": above.get("locality", ""), "country": above.get("country", "")}
    carried["country"] = carried["country"] or sheet.country
    return [TypedRow(carried | {"number": str(number + at)}) for at in range(ROWS)]


def _get_values_above(sheet: PaperSheet) -> dict[str, str]:
    rows = data_entry.list_rows(db.session(), sheet, most=1)
    return _values_of(data_entry.details_of(rows[0]) if rows else None)


def _values_of(details: Details | None) -> dict[str, str]:
    if details is None:
        return {}
    values = {name: str(getattr(details, name)) for name in FIELDS}
    return values | {name: "y" if getattr(details, name) else "" for name in TICKS}


def _list_black_out(sheet: PaperSheet) -> list[RowToBlackOut]:
    listed = []
    for row in sheets.list_black_out(db.session(), sheet):
        details = data_entry.details_of(row)
        next_to = [] if details else data_entry.list_next_to(db.session(), row)
        listed.append(RowToBlackOut(row.position, details, next_to))
    return listed


def _show_sheet(
    sheet: PaperSheet,
    typed: list[TypedRow],
    row: PaperRow | None = None,
    form: RowForm | None = None,
    *,
    nothing: bool = False,
) -> str:
    session = db.session()
    first = max(0, min(request.args.get("from", 0, type=int), _MOST))
    rows = data_entry.list_rows(session, sheet, first=first, most=SHOWN + 1)
    return KeyIn(
        sheet=sheet,
        sheet_locale=locale_of(sheet),
        typed=typed,
        row=row,
        form=form,
        nothing=nothing,
        rows=[(paper_row, data_entry.details_of(paper_row)) for paper_row in rows[:SHOWN]],
        to_complete=data_entry.find_rows_to_complete(session, rows[:SHOWN])
        if gives_letters(sheet.campaign.status)
        else {},
        first=first,
        more=first + SHOWN if len(rows) > SHOWN else None,
        scans=scans.list_scans_of_sheet(session, sheet),
        totals=sheets.count_rows(session, sheet),
        black_out=_list_black_out(sheet),
        countries=i18n.countries(),
    ).html()


scan_views.register(blueprint)
paper_import_views.register(blueprint)
