"""An export as bytes: CSV and JSON Lines as a stream, XLSX through a private folder.

CSV and XLSX are for people, in the export's language; JSON Lines for programs, in none.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from campaign.exports.export_rules import Watermark
from campaign.exports.list_words import Wording, wording_of
from campaign.exports.records import Record
from campaign.models.export import ExportFormat
from campaign.web.spreadsheets import inert

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
    """Write it as spreadsheets of every country open it: UTF-8 with mark, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([wording.say_mark()])
    writer.writerow([wording.heads[name] for name in columns])
    yield b"\xef\xbb\xbf"
    rest = iter(records)
    while True:
        rows = list(islice(rest, _ROWS_AT_ONCE))
        writer.writerows([inert(cell) for cell in _texts(wording, columns, row)] for row in rows)
        yield out.getvalue().encode()
        if len(rows) < _ROWS_AT_ONCE:
            return
        out.seek(0)
        out.truncate()


def _json_lines(
    mark: Watermark, columns: Sequence[str], records: Iterable[Record]
) -> Iterator[bytes]:
    """Write one object a line; the first one is the mark."""
    yield _line({"export": dict(mark.lines())})
    rest = iter(records)
    while rows := list(islice(rest, _ROWS_AT_ONCE)):
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
    """Write every cell as text, so that none is a formula; the mark is the first sheet."""
    path = workshop / "export.xlsx"
    book = Workbook(
        str(path),
        {
            "constant_memory": True,
            "tmpdir": str(workshop),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
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
        _fill(sheet, wording, columns, chain(first, rows), bold)
    book.close()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _sheet(book: Workbook, name: str, wording: Wording) -> Worksheet:
    sheet = book.add_worksheet(name)
    if wording.rtl:
        sheet.right_to_left()
    return sheet


def _fill_mark(sheet: Worksheet, wording: Wording, bold: Format) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 80)
    for line, (name, value) in enumerate(wording.mark):
        sheet.write_string(line, 0, name, bold)
        sheet.write_string(line, 1, value)


def _fill(
    sheet: Worksheet, wording: Wording, columns: Sequence[str], rows: Iterable[Record], bold: Format
) -> None:
    for at, name in enumerate(columns):
        sheet.write_string(0, at, wording.heads[name], bold)
        sheet.set_column(at, at, 18)
    for line, row in enumerate(rows, start=1):
        for at, cell in enumerate(_texts(wording, columns, row)):
            if cell:
                sheet.write_string(line, at, cell[:_LONGEST_CELL])


def _texts(wording: Wording, columns: Sequence[str], row: Record) -> list[str]:
    return [wording.say_cell(name, cell) for name, cell in zip(columns, row, strict=True)]
