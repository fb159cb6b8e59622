"""The list of signatures as CSV, for programs, and as XLSX, for people: the same columns.

A row for each printed letter, then one for each person on the signed sheets that travel along.
"""

import csv
from collections.abc import Iterable
from datetime import datetime, time
from pathlib import Path

import xlsxwriter
from flask_babel import gettext as _

from campaign.bundles.documents.number_and_day_words import mark_of
from campaign.bundles.documents.signature_rows import Row, country_of
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.web.spreadsheets import inert

COLUMNS = (
    "number",
    "name",
    "locality",
    "region",
    "postal_code",
    "country",
    "signed_on",
    "target",
    "language",
    "volume",
    "first_page",
    "kind",
)
"""Heads of the CSV: names for programs, the same in every language."""

_NUMBERS = frozenset({"volume", "first_page"})
_WIDTHS = (9, 28, 20, 16, 12, 18, 12, 34, 10, 9, 11, 9)


def cells_of(row: Row, frozen: Frozen) -> tuple[str, ...]:
    """The row's cells, as texts, in the order of COLUMNS."""
    return (
        row.number,
        row.name,
        row.locality,
        row.region,
        row.postal_code,
        country_of(row, frozen.locale),
        row.signed_on.isoformat(),
        "" if row.target_id is None else frozen.targets[row.target_id].names[frozen.locale],
        row.letter_locale,
        "" if row.on_paper else str(row.volume),
        "" if row.on_paper else str(row.first_page),
        "paper" if row.on_paper else frozen.format,
    )


def write_csv(rows: Iterable[Row], frozen: Frozen, out: Path) -> int:
    """CSV as spreadsheets of every country open it: UTF-8 with mark, CRLF. How many rows."""
    count = 0
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([inert(cell) for cell in cells_of(row, frozen)])
            count += 1
    return count


def write_xlsx(rows: Iterable[Row], frozen: Frozen, created: datetime, out: Path) -> int:
    """The same as a workbook, with heads in the list's language, days and pages as such.

    What people typed is text in it, so that none is a formula or a link.
    """
    book = xlsxwriter.Workbook(
        str(out),
        {
            "constant_memory": True,
            "tmpdir": str(out.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"title": frozen.case.reference, "created": created.replace(tzinfo=None)})
    sheet = book.add_worksheet("signatures")
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    sheet.freeze_panes(1, 0)
    if mark := mark_of(frozen):
        sheet.set_header(f"&C{mark}")
    for column, (width, head) in enumerate(zip(_WIDTHS, _heads(), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        for column, (name, cell) in enumerate(zip(COLUMNS, cells_of(row, frozen), strict=True)):
            if name == "signed_on":
                sheet.write_datetime(count, column, datetime.combine(row.signed_on, time()), day)
            elif name in _NUMBERS and cell:
                sheet.write_number(count, column, int(cell))
            else:
                sheet.write_string(count, column, cell)
    book.close()
    return count


def _heads() -> tuple[str, ...]:
    """The heads of COLUMNS in the language of the list."""
    return (
        _("Number"),
        _("Name"),
        _("Town"),
        _("Province, state or region"),
        _("Postal code"),
        _("Country"),
        _("Signed on"),
        _("Letter to"),
        _("Language"),
        _("Volume"),
        _("Page"),
        _("Kind"),
    )
