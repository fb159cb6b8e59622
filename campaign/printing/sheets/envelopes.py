"""Envelopes printed in their own size, and the address sheets that stand in envelopes' windows."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pikepdf
from weasyprint import Document

from campaign.printing import renderer
from campaign.printing.check_letters import (
    check_address,
    check_characters,
    check_rendered,
    stands_within,
)
from campaign.printing.engine.join_pdf import PdfFile, folder_beside, join
from campaign.printing.geometry import LAYOUTS, EnvelopeSheet, Layout, envelope_for
from campaign.printing.html import PrintedPage, language_tag
from campaign.printing.problems import ADDRESS_TOO_LONG, LetterRefused, Problem
from campaign.printing.text_widths import find_room, surely_fits


@dataclass(frozen=True, slots=True)
class EnvelopeContext:
    locale: str
    sender_lines: tuple[str, ...]  # who writes, above on the left; may be empty
    addressee_lines: tuple[str, ...]
    mark: str = ""  # a word such as "Rehearsal"; empty on a real one


class Envelopes(PrintedPage, template="envelope.html"):
    envelopes: Sequence[tuple[EnvelopeContext, int]]
    """Each with which of the sheet's sizes its address is set in."""


@dataclass(frozen=True, slots=True)
class AddressSheet:
    """What lies on top in a window envelope with several letters, and names its contents."""

    sender_lines: tuple[str, ...]
    addressee_lines: tuple[str, ...]
    subject: str
    paragraphs: tuple[str, ...]
    foot: str


class AddressSheets(PrintedPage, template="address-sheet.html"):
    sheets: Sequence[AddressSheet]
    locale: str
    layout: Layout


def render_envelopes(envelopes: Sequence[EnvelopeContext], sheet: EnvelopeSheet) -> bytes:
    """Return the envelopes as a PDF, one to a page.

    :raises LetterRefused: a character of an address is missing in our fonts, or it has no room.
    """
    problems = [
        problem
        for envelope in envelopes
        for problem in check_characters(
            {"sender": envelope.sender_lines, "address": envelope.addressee_lines}
        )
    ]
    if problems:
        raise LetterRefused(problems)
    first, rooms = envelopes[0], sheet.rooms()
    fits = [find_room(envelope.addressee_lines, rooms) for envelope in envelopes]
    sizes = [len(rooms) - 1 if room is None else room for room in fits]
    page = Envelopes(envelopes=list(zip(envelopes, sizes, strict=True)))
    title = first.addressee_lines[0]
    with renderer.lay_out_page(
        page, "envelope.css", sheet, locale=first.locale, title=title
    ) as document:
        for front, envelope in zip(document.pages, envelopes, strict=True):
            if not stands_within(front, "to", sheet.address):
                raise LetterRefused(
                    [Problem(ADDRESS_TOO_LONG, {"line": envelope.addressee_lines[0]})]
                )
        return renderer.write_pdf(document)


def with_envelopes(letters: bytes, envelopes: Sequence[EnvelopeContext], layout: Layout) -> bytes:
    """Return a PDF of letters, with the pages of their envelopes behind it."""
    fronts = render_envelopes(envelopes, envelope_for(layout.paper))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letters)) as pdf, pikepdf.open(io.BytesIO(fronts)) as more:
        pdf.pages.extend(more.pages)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def write_envelopes(
    context: EnvelopeContext, sheets: Sequence[EnvelopeSheet], out: Path, *, title: str
) -> PdfFile:
    """Write the same envelope in each of the sizes, a page of its own size each.

    :raises LetterRefused: a character of the address is missing.
    """
    with folder_beside(out) as folder:
        parts = [folder / f"{number}.pdf" for number in range(len(sheets))]
        for part, sheet in zip(parts, sheets, strict=True):
            part.write_bytes(render_envelopes([context], sheet))
        return join(parts, out, title=title, language=language_tag(context.locale))


def write_address_sheets(
    sheets: Sequence[AddressSheet], layout: Layout, out: Path, *, locale: str, title: str
) -> PdfFile:
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
    page = AddressSheets(sheets=sheets, locale=locale, layout=layout)

    def refuse_outside(laid_out: Document) -> None:
        if problems := check_rendered(laid_out.pages[0], layout):
            raise LetterRefused(problems)

    pdf = renderer.write_sheet(
        page,
        "print.css",
        layout,
        out,
        locale=locale,
        title=title,
        check=refuse_outside,
        tagged=False,
    )
    if pdf.pages != len(sheets):
        out.unlink()
        raise ValueError(f"{len(sheets)} address sheets took {pdf.pages} pages")
    return pdf


def fits_window(lines: tuple[str, ...], layout: Layout, locale: str) -> bool:
    """Whether the lines of an address stand within the window.

    Where the widths of our own fonts don't tell, they are laid out, and the answer is kept.
    """
    return surely_fits(lines, layout) or _laid_out_fits(lines, layout.slug, locale)


@lru_cache(maxsize=1024)
def _laid_out_fits(lines: tuple[str, ...], slug: str, locale: str) -> bool:
    layout = LAYOUTS[slug]
    sheet = AddressSheet((), lines, "", (), "")
    page = AddressSheets(sheets=[sheet], layout=layout, locale=locale)
    try:
        with renderer.lay_out_page(page, "print.css", layout, locale=locale) as document:
            return not check_rendered(document.pages[0], layout)
    except renderer.RendererWarning:
        return False
