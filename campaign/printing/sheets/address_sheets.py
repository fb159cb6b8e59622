"""Address sheets: what lies on top in a window envelope with several letters in it.

The mission's address stands in the window; below it, what is inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.engine.join_pdf import Document
from campaign.printing.geometry import Layout
from campaign.printing.html import PrintedPage, direction_of
from campaign.printing.problems import LetterRefused
from campaign.printing.sheets.write_sheet import write_sheet


@dataclass(frozen=True, slots=True)
class AddressSheet:
    sender_lines: tuple[str, ...]
    addressee_lines: tuple[str, ...]
    subject: str
    paragraphs: tuple[str, ...]
    foot: str


class AddressSheets(PrintedPage, template="address-sheet.html"):
    sheets: Sequence[AddressSheet]
    direction: str
    locale: str
    layout: Layout


def address_sheets(
    sheets: Sequence[AddressSheet], layout: Layout, out: Path, *, locale: str, title: str
) -> Document:
    """Write the sheets as a PDF, a page each.

    :raises LetterRefused: a character is missing, or the address doesn't fit the window.
    """
    for sheet in sheets[:1]:  # they differ in numbers alone
        texts = {
            "sender": sheet.sender_lines,
            "address": sheet.addressee_lines,
            "text": (sheet.subject, *sheet.paragraphs, sheet.foot),
        }
        problems = [*check_characters(texts), *check_address(sheet.addressee_lines, layout)]
        if problems:
            raise LetterRefused(problems)
    page = AddressSheets(
        sheets=sheets, direction=direction_of(locale), locale=locale, layout=layout
    )
    pdf = write_sheet(page, "print.css", layout, out, locale=locale, title=title, tagged=False)
    if pdf.pages != len(sheets):
        out.unlink()
        raise ValueError(f"{len(sheets)} address sheets took {pdf.pages} pages")
    return pdf
