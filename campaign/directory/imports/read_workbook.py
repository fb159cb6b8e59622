"""A sheet of a stranger's workbook (XLSX, XLS, ODS). Pure; run by `run_apart`, within its limits.

A workbook may unpack without end, or claim a cell in the last row of the last column.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from campaign.core.unreadable_file import N_, UnreadableFile

_MOST_UNPACKED = 200_000_000
_MOST_ROWS = 31_000
_MOST_CELLS = 150
"""Cells of a row: more than a table may have columns, so that it is told."""
_MOST_SHEETS = 60
_LONGEST = 20_001
"""Characters of a cell: one more than a table takes, so that it is told."""


@dataclass(frozen=True, slots=True)
class Book:
    sheets: tuple[str, ...]
    """Names of those that have rows."""
    sheet: str
    rows: tuple[tuple[int, list[str]], ...]


def read_book(data: bytes, sheet: str = "") -> Book:
    """The sheet of that name, else the first that holds a list. Raises UnreadableFile."""
    _refuse_bombs(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            found
            for name in book.sheet_names[:_MOST_SHEETS]
            if (found := book.get_sheet_by_name(name)).height
        ]
    except (CalamineError, OSError, ValueError) as problem:
        raise UnreadableFile(
            N_(
                "We cannot read this workbook. It is locked, damaged or too big. Open it in "
                "your spreadsheet app and save the list as CSV (UTF-8)."
            )
        ) from problem
    if not sheets:
        raise UnreadableFile(N_("The file is empty."))
    # One row alone is a note; a list has heads and rows.
    lists = [found for found in sheets if found.height >= 2] or sheets
    chosen = next((found for found in sheets if found.name == sheet), lists[0])
    return Book(tuple(found.name for found in sheets), chosen.name, tuple(_rows_of(chosen)))


def _rows_of(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    """Give rows with their number as a person counts; empty ones are left out."""
    first = (sheet.start or (0, 0))[0] + 1
    count = 0
    for number, cells in enumerate(sheet.iter_rows(), first):
        texts = [_text(cell) for cell in cells[:_MOST_CELLS]]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            count += 1
            yield number, texts
        if count > _MOST_ROWS:
            return


def _refuse_bombs(data: bytes) -> None:
    """Raise UnreadableFile for an archive that is no workbook, or unpacks to far more."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise UnreadableFile(N_("This file is damaged. Download or save it again.")) from problem
    names = {entry.filename for entry in entries}
    if not names & {"[Content_Types].xml", "content.xml"}:
        raise UnreadableFile(N_("This file is compressed. Unpack it first."))
    if sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        raise UnreadableFile(
            N_("This workbook has much more than a list. Copy the list into a new workbook.")
        )


def _text(cell: object) -> str:
    """A cell as a person reads it: whole numbers without a point, days as 2026-11-24."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)[:_LONGEST]
