"""An export as bytes: CSV and JSON Lines as a stream, XLSX through a private folder.

CSV and XLSX are for people, in the export's language; JSON Lines are for programs, in none: they
say everything by the names that stand here as keys.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from campaign.core import i18n
from campaign.core.db.batches import batched
from campaign.core.i18n import force_locale
from campaign.exports.export_rules import Watermark
from campaign.exports.records import Record
from campaign.models.export import ExportFormat, ExportKind
from campaign.web.spreadsheets import csv_lines, inert_workbook

HEADS: Mapping[str, object] = {
    "number": _l("Number"),
    "target": _l("Official"),
    "outcome": _l("What happened"),
    "went_on": _l("Moved to bundle"),
    "signature": _l("Signature"),
    "state": _l("Status"),
    "origin": _l("How it came"),
    "name": _l("Name"),
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "email": _l("Email"),
    "locality": _l("Town"),
    "region": _l("Region"),
    "postal_code": _l("Postal code"),
    "country": _l("Country"),
    "disclosure": _l("Officials see"),
    "language": _l("Language"),
    "signed_on": _l("Signed on"),
    "signed_at": _l("Signed at (UTC; on paper: the day)"),
    "confirmed_at": _l("Confirmed at (UTC)"),
    "news": _l("Wants news of the case"),
    "network": _l("In the network"),
    "words": _l("Own words"),
}
_MEANINGS: Mapping[str, Mapping[str, object]] = {
    "state": {
        "confirmed": _l("Confirmed"),
        "held": _l("Under review"),
        "rejected": _l("Rejected"),
        "invalid": _l("Excluded"),
    },
    "origin": {"online": _l("Online"), "paper": _l("On paper"), "import": _l("Imported")},
    "disclosure": {
        "name": _l("Name only"),
        "town": _l("Name and town"),
        "full": _l("Name, town and postal code"),
    },
    "went_on": {"waiting": _l("Needs another bundle")},
    "outcome": {
        "accepted": _l("Accepted"),
        "part": _l("Accepted in part, not yet known which letters"),
        "refused": _l("Refused"),
        "unopened": _l("No one opened"),
        "left": _l("Left at the door"),
        "posted": _l("Posted"),
        "courier": _l("Sent by courier"),
        "stopped": _l("Not delivered: stopped"),
    },
}
_MARK: Mapping[str, object] = {
    "export": _l("Export"),
    "campaign": _l("Campaign"),
    "bundle": _l("Bundle"),
    "list": _l("List"),
    "asked by": _l("Requested by"),
    "approved by": _l("Approved by"),
    "asked at": _l("Requested on"),
    "reason": _l("Purpose"),
    "note": _l("Note"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Every word of a list's file that is not a supporter's, in one language."""

    heads: Mapping[str, str]
    meanings: Mapping[str, Mapping[str, str]]
    mark: Sequence[tuple[str, str]]  # name and value of each fact of the mark
    yes: str
    no: str
    sheets: tuple[str, str]  # names of a workbook's sheets: the mark, and the list
    page: str  # foot of a printed page, in the terms of a workbook
    locale: str

    def say_cell(self, column: str, cell: str | bool) -> str:
        if isinstance(cell, bool):
            return self.yes if cell else self.no
        if column == "country" and cell:
            return i18n.country_name(cell, self.locale)
        meanings = self.meanings.get(column, {})
        if column == "outcome":  # one after the other
            return " · ".join(meanings.get(slug, slug) for slug in cell.split())
        return meanings.get(cell, cell)


def wording_of(mark: Watermark, locale: str) -> Wording:
    with force_locale(locale):
        return Wording(
            heads={name: str(words) for name, words in HEADS.items()},
            meanings={
                column: {code: str(words) for code, words in known.items()}
                for column, known in _MEANINGS.items()
            },
            mark=_say_facts(mark),
            yes=_("yes"),
            no=_("no"),
            sheets=(str(_MARK["export"]), str(_MARK["list"])),
            page=_("Page %(page)s of %(pages)s", page="&P", pages="&N"),
            locale=locale,
        )


def _say_facts(mark: Watermark) -> list[tuple[str, str]]:
    words = {
        "bundle": "" if mark.bundle else _("Whole campaign"),
        "list": _("For vetting") if mark.kind is ExportKind.FULL else _("For officials"),
        "approved by": "" if mark.approved_by else _("no approval was needed"),
        "note": _("Personal data. Use it only for this purpose and destroy it afterwards."),
    }
    return [(str(_MARK[name]), words.get(name) or value) for name, value in mark.lines()]


_ROWS_AT_ONCE = 500
_PIECE = 256 * 1024
ROWS_OF_A_SHEET = 1_000_000  # A workbook's sheet has room for 1,048,576 rows
_LONGEST_CELL = 32_767  # characters that a cell of a workbook may hold


def write(
    chosen: ExportFormat,
    mark: Watermark,
    columns: Sequence[str],
    records: Iterable[Record],
    workshop: Path,
    *,
    locale: str,
) -> Iterator[bytes]:
    """Yield the file, piece by piece; a workbook is made in `workshop`, a private folder."""
    if chosen is ExportFormat.JSONL:
        return _json_lines(mark, columns, records)
    wording = wording_of(mark, locale)
    if chosen is ExportFormat.CSV:
        return _csv(wording, columns, records)
    return _workbook(mark, wording, columns, records, workshop)


def _csv(wording: Wording, columns: Sequence[str], records: Iterable[Record]) -> Iterator[bytes]:
    colon = i18n.colon(wording.locale)
    mark = " · ".join(f"{name}{colon}{value}" for name, value in wording.mark)
    heads = [[f"# {mark}"], [wording.heads[name] for name in columns]]
    for lines in csv_lines(chain(heads, (_texts(wording, columns, row) for row in records))):
        yield lines.encode()


def _json_lines(
    mark: Watermark, columns: Sequence[str], records: Iterable[Record]
) -> Iterator[bytes]:
    yield _line({"export": dict(mark.lines())})
    for rows in batched(records, _ROWS_AT_ONCE):
        yield b"".join(_line(dict(zip(columns, row, strict=True))) for row in rows)


def _line(facts: Mapping[str, object]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def _workbook(
    mark: Watermark,
    wording: Wording,
    columns: Sequence[str],
    records: Iterable[Record],
    workshop: Path,
) -> Iterator[bytes]:
    """Write every cell as text; the mark is the first sheet."""
    path = workshop / "export.xlsx"
    book = inert_workbook(path)
    of_mark, of_list = wording.sheets
    title = f"{of_mark} {mark.number}"
    book.set_properties({"title": title, "author": mark.asked_by})
    bold = book.add_format({"bold": True})
    _fill_mark(_sheet(book, of_mark, wording), wording, bold)
    rest = iter(records)
    for number in count(1):
        rows = islice(rest, ROWS_OF_A_SHEET)
        first = list(islice(rows, 1))
        if not first and number > 1:
            break
        sheet = _sheet(book, of_list if number == 1 else f"{of_list} {number}", wording)
        sheet.freeze_panes(1, 0)
        sheet.set_header(f"&L{title}&R{wording.page}")
        for at, name in enumerate(columns):
            sheet.write_string(0, at, wording.heads[name], bold)
            sheet.set_column(at, at, 18)
        for line, row in enumerate(chain(first, rows), start=1):
            for at, cell in enumerate(_texts(wording, columns, row)):
                if cell:
                    sheet.write_string(line, at, cell[:_LONGEST_CELL])
    book.close()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _sheet(book: Workbook, name: str, wording: Wording) -> Worksheet:
    sheet = book.add_worksheet(name)
    if i18n.direction(wording.locale) == "rtl":
        sheet.right_to_left()
    return sheet


def _fill_mark(sheet: Worksheet, wording: Wording, bold: Format) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 80)
    for line, (name, value) in enumerate(wording.mark):
        sheet.write_string(line, 0, name, bold)
        sheet.write_string(line, 1, value)


def _texts(wording: Wording, columns: Sequence[str], row: Record) -> list[str]:
    return [wording.say_cell(name, cell) for name, cell in zip(columns, row, strict=True)]
