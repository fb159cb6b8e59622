"""Address sheets: what lies on top in a window envelope with several letters in it.

The mission's address stands in the window; below it, what is inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign.printing import html, renderer
from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.engine.join_pdf import Document, describe, in_place_of
from campaign.printing.geometry import Layout
from campaign.printing.problems import LetterRefused


@dataclass(frozen=True, slots=True)
class AddressSheet:
    """One sheet."""

    sender_lines: tuple[str, ...]
    addressee_lines: tuple[str, ...]
    subject: str
    paragraphs: tuple[str, ...]
    foot: str


def address_sheets(
    sheets: Sequence[AddressSheet], layout: Layout, out: Path, *, locale: str, title: str
) -> Document:
    """The sheets as a PDF, a page each.

    :raises LetterRefused: a character is missing, or the address doesn't fit the window.
    """
    for one in sheets[:1]:  # they differ in numbers alone
        texts = {
            "sender": one.sender_lines,
            "address": one.addressee_lines,
            "text": (one.subject, *one.paragraphs, one.foot),
        }
        problems = [*check_characters(texts), *check_address(one.addressee_lines, layout)]
        if problems:
            raise LetterRefused(problems)
    body = html.render(
        "address-sheet.html",
        sheets=sheets,
        direction=html.direction_of(locale),
        locale=locale,
        layout=layout,
    )
    whole = html.render("document.html", locale=locale, title=title, body=body)
    with renderer.laid_out(str(whole), "print.css", layout) as document:
        pages = len(document.pages)
        pdf = renderer.write_pdf(document)
    if pages != len(sheets):
        raise ValueError(f"{len(sheets)} address sheets took {pages} pages")
    with in_place_of(out) as path:
        path.write_bytes(pdf)
    return describe(out, pages)
