"""Cells of CSV and XLSX files that people open in a spreadsheet. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from xlsxwriter import Workbook

from campaign.core.db.batches import batched
from campaign.core.text.inert_cells import inert

_ROWS_AT_ONCE = 500


def csv_lines(rows: Iterable[Iterable[object]], delimiter: str = ",") -> Iterator[str]:
    """Write UTF-8 with its mark, CRLF, no cell a formula: spreadsheets of every country open it."""
    yield "\ufeff"
    for some in batched(rows, _ROWS_AT_ONCE):
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
        writer.writerows([inert(str(cell)) for cell in row] for row in some)
        yield out.getvalue()


def inert_workbook(out: Path) -> Workbook:
    """Return a workbook that is written beside itself, with no text a formula, link or number."""
    inert_texts = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers")
    options = {"constant_memory": True, "tmpdir": str(out.parent)}
    return Workbook(str(out), options | dict.fromkeys(inert_texts, False))
