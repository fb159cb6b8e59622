"""Cells of CSV and XLSX files that people open in a spreadsheet. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from xlsxwriter import Workbook

from campaign.core.db.batches import batched

# At the start of a cell (OWASP, CSV injection), and where a cell begins for a program that takes
# semicolons, tabs or bars for what parts them. A sign in another width counts as well.
_SIGN = r"[=+\-@\t\r\n＝＋－＠]"
_SEPARATOR = r"[;\t|\r\n][ \"]*+"
_FORMULA = re.compile(rf"(\A(?= *{_SIGN})|{_SEPARATOR}(?={_SIGN}))")
_ROWS_AT_ONCE = 500
_MADE_INERT = re.compile(rf"(\A|{_SEPARATOR})'(?= *{_SIGN})")


def inert(cell: str) -> str:
    """Return the text so that a spreadsheet never takes it, or a part of it, for a formula."""
    return _FORMULA.sub(r"\1'", cell)


def plain(cell: str) -> str:
    """Return the text that `inert` made safe."""
    return _MADE_INERT.sub(r"\1", cell)


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Write UTF-8 with its mark, CRLF, no cell a formula: spreadsheets of every country open it."""
    yield "\ufeff"
    for some in batched(rows, _ROWS_AT_ONCE):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerows([inert(str(cell)) for cell in row] for row in some)
        yield out.getvalue()


def inert_workbook(out: Path) -> Workbook:
    """Return a workbook that is written beside itself, with no text a formula, link or number."""
    inert_texts = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers")
    options = {"constant_memory": True, "tmpdir": str(out.parent)}
    return Workbook(str(out), options | dict.fromkeys(inert_texts, False))
