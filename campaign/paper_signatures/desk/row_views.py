"""Keying in: the page of a sheet, row after row, and the correction of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.models.paper_signature import PaperRow, PaperSheet, Scan
from campaign.paper_signatures import data_entry, scans, sheets
from campaign.paper_signatures.check_row import (
    FIELDS,
    TICKS,
    Details,
    check_row,
    is_blank,
    replace_dittos,
)
from campaign.paper_signatures.row_sentences import say_problem
from campaign.staff.guards import actor, staff_user
from campaign.staff.note_view import ask_before_view
from campaign.web.desk import redirect_to
from campaign.web.page import Page

ROWS = 5  # rows of the form: without scripts as many are keyed in before they are sent
SHOWN = 25
_MOST = 1_000_000  # beyond which no sheet has a row


@dataclass(slots=True)
class TypedRow:
    """A row of the form as it was typed, and what is wrong with it."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    details: Details | None = None


class KeyIn(Page, template="paper_signatures/sheet.html"):
    sheet: PaperSheet
    typed: Sequence[TypedRow]
    row: PaperRow | None  # the one that is corrected
    nothing: bool  # whether no row was keyed in
    rows: Sequence[tuple[PaperRow, Details | None]]
    first: int
    more: int | None  # from where earlier rows begin; None: there are none
    scans: Sequence[Scan]
    totals: sheets.Totals
    countries: Sequence[tuple[str, str]]


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/<public_id>", "show", show)
    add("/<public_id>", "key_in", key_in, methods=["POST"])
    add("/<public_id>/rows/<row>", "correct", correct, methods=["GET", "POST"])
    add("/<public_id>/rows/<row>/<deed>", "decide", decide, methods=["POST"])


def show(public_id: str) -> ResponseReturnValue:
    session = db.session()
    sheet = sheets.get_sheet(session, public_id, by=staff_user())
    if asked := ask_before_view("paper.look", f"paper-sheet:{sheet.id}"):
        return asked
    return _show_sheet(sheet, _blank_rows(sheet, _get_values_above(sheet)))


def key_in(public_id: str) -> ResponseReturnValue:
    """Take the rows that were keyed in: all of them, or none and what is wrong."""
    session = db.session()
    sheet = sheets.get_sheet(session, public_id, by=staff_user())
    above = _get_values_above(sheet)
    typed = _list_typed(above)
    if not typed:
        return _show_sheet(sheet, _blank_rows(sheet, above), nothing=True), 422
    if any(typed_row.errors for typed_row in typed):
        return _show_sheet(sheet, (typed + _blank_rows(sheet, typed[-1].values))[:ROWS]), 422
    for typed_row in typed:
        assert typed_row.details is not None
        data_entry.add_row(
            session, sheet, typed_row.details, actor=actor(), staff_id=staff_user().id
        )
    return redirect_to("paper_signatures.show", public_id=public_id)


def correct(public_id: str, row: str) -> ResponseReturnValue:
    session = db.session()
    sheet = sheets.get_sheet(session, public_id, by=staff_user())
    paper_row = data_entry.get_row(session, sheet, row)
    details = data_entry.details_of(paper_row)
    if request.method == "POST":
        needed = TypedRow({}, {"given_name": _("Enter the name, or remove the row.")})
        typed = next(iter(_list_typed(_values_of(details))), needed)
        if typed.details is not None:
            data_entry.correct_row(session, paper_row, typed.details, actor=actor())
            message = _("Row %(number)s corrected.", number=paper_row.position)
            return redirect_to("paper_signatures.show", message, public_id=public_id)
        return _show_sheet(sheet, [typed], row=paper_row), 422
    if asked := ask_before_view("paper.look", f"paper-sheet:{sheet.id}"):
        return asked
    return _show_sheet(sheet, [TypedRow(_values_of(details))], row=paper_row)


def decide(public_id: str, row: str, deed: str) -> ResponseReturnValue:
    """Count a double after all, take a row out, or put it back."""
    session = db.session()
    sheet = sheets.get_sheet(session, public_id, by=staff_user())
    paper_row = data_entry.get_row(session, sheet, row)
    number = paper_row.position
    deeds = {
        "count": (data_entry.count_row, _("Row %(number)s is counted now.", number=number)),
        "remove": (data_entry.remove_row, _("Row %(number)s removed.", number=number)),
        "restore": (data_entry.restore_row, _("Row %(number)s restored.", number=number)),
    }
    if deed not in deeds:
        raise NotFound("row")
    action, message = deeds[deed]
    action(session, paper_row, actor=actor())
    return redirect_to("paper_signatures.show", message, public_id=public_id)


def _list_typed(above: Mapping[str, str]) -> list[TypedRow]:
    """List the rows that name somebody, each ditto mark replaced."""
    typed = []
    for at in range(ROWS):
        values = {name: request.form.get(f"{name}-{at}", "") for name in (*FIELDS, *TICKS)}
        if is_blank(values):
            continue
        values = replace_dittos(values, above)
        details, problems = check_row(values)
        errors = {name: say_problem(problem) for name, problem in problems.items()}
        typed.append(TypedRow(values, errors, details))
        above = values
    return typed


def _blank_rows(sheet: PaperSheet, above: Mapping[str, str]) -> list[TypedRow]:
    carried = {"locality": above.get("locality", ""), "country": above.get("country", "")}
    carried["country"] = carried["country"] or sheet.country
    return [TypedRow(dict(carried)) for _at in range(ROWS)]


def _get_values_above(sheet: PaperSheet) -> dict[str, str]:
    rows = data_entry.list_rows(db.session(), sheet, most=1)
    return _values_of(data_entry.details_of(rows[0]) if rows else None)


def _values_of(details: Details | None) -> dict[str, str]:
    if details is None:
        return {}
    values = {name: str(getattr(details, name)) for name in FIELDS}
    return values | {name: "y" if getattr(details, name) else "" for name in TICKS}


def _show_sheet(
    sheet: PaperSheet, typed: list[TypedRow], row: PaperRow | None = None, *, nothing: bool = False
) -> str:
    session = db.session()
    first = max(0, min(request.args.get("from", 0, type=int), _MOST))
    rows = data_entry.list_rows(session, sheet, first=first, most=SHOWN + 1)
    return KeyIn(
        sheet=sheet,
        typed=typed,
        row=row,
        nothing=nothing,
        rows=[(paper_row, data_entry.details_of(paper_row)) for paper_row in rows[:SHOWN]],
        first=first,
        more=first + SHOWN if len(rows) > SHOWN else None,
        scans=scans.list_scans_of_sheet(session, sheet),
        totals=sheets.count_rows(session, sheet),
        countries=i18n.countries(),
    ).html()
