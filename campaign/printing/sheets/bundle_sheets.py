"""The sheets that go with a bundle: contents of its packets, the sheet for the gate, envelopes."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from campaign.printing import html
from campaign.printing.check_letters import check_characters
from campaign.printing.engine.join_pdf import Document, folder_beside, join
from campaign.printing.geometry import EnvelopeSheet, Paper
from campaign.printing.html import language_tag
from campaign.printing.letter_content import CountRow
from campaign.printing.problems import LetterRefused
from campaign.printing.qr_codes import qr_svg
from campaign.printing.sheet_content import ContentsContext, ContentsPage, DeliverySheetContext
from campaign.printing.sheets.envelopes import EnvelopeContext, render_envelopes
from campaign.printing.sheets.write_sheet import write_sheet

_GROUP = 8
"""Characters of a checksum that are set together, so that eyes can compare them."""
_TOGETHER = 20
"""Contents sheets laid out at once: those of 700 volumes take no more memory than these."""
_MOST_COUNTS = 5
"""Officials whom the sheet for the gate has room for; of more, it gives the sum alone."""


class ContentsPages(html.PrintedPage, template="contents.html"):
    contents: ContentsContext
    pages: Sequence[ContentsPage]
    first: int
    """Index of the first of these pages."""
    direction: str
    grouped: Callable[[str], list[str]]


class DeliverySheet(html.PrintedPage, template="delivery.html"):
    delivery: DeliverySheetContext
    counts: tuple[CountRow, ...]
    direction: str
    code: str


def contents(context: ContentsContext, paper: Paper, out: Path) -> Document:
    """Write a page for each volume, to lie on its packet: numbers, letters, pages, checksum.

    :raises LetterRefused: a character is missing.
    """
    _refuse_missing(context)
    with folder_beside(out) as folder:
        parts = []
        for first in range(0, len(context.pages), _TOGETHER):
            if first:
                gc.collect()  # what the part before has left
            pages = ContentsPages(
                contents=context,
                pages=context.pages[first : first + _TOGETHER],
                first=first,
                direction=html.direction_of(context.locale),
                grouped=group_digits,
            )
            part = folder / f"{first:06d}.pdf"
            write_sheet(
                pages, "contents.css", paper, part, locale=context.locale, title=context.title
            )
            parts.append(part)
        return join(parts, out, title=context.title, language=language_tag(context.locale))


def delivery_sheet(context: DeliverySheetContext, paper: Paper, out: Path) -> Document:
    """Write the one page that is signed at the gate, in the mission's language and in ours.

    :raises LetterRefused: a character is missing.
    """
    _refuse_missing(context)
    sheet = DeliverySheet(
        delivery=context,
        counts=context.counts if len(context.counts) <= _MOST_COUNTS else context.counts[-1:],
        direction=html.direction_of(context.locale),
        code=qr_svg(context.code) if context.code else "",
    )
    title = f"{context.reference} · {context.title[0].text}"
    return write_sheet(sheet, "delivery.css", paper, out, locale=context.locale, title=title)


def envelopes(
    context: EnvelopeContext, sheets: Sequence[EnvelopeSheet], out: Path, *, title: str
) -> Document:
    """Write the same envelope in each of the sizes, a page of its own size each.

    :raises LetterRefused: a character of the address is missing.
    """
    with folder_beside(out) as folder:
        parts = []
        for number, sheet in enumerate(sheets):
            part = folder / f"{number}.pdf"
            part.write_bytes(render_envelopes([context], sheet))
            parts.append(part)
        return join(parts, out, title=title, language=language_tag(context.locale))


def group_digits(digest: str) -> list[str]:
    """Return a checksum in groups of eight characters."""
    return [digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP)]


def _refuse_missing(context: object) -> None:
    problems = check_characters({"sheet": tuple(_texts(context))})
    if problems:
        raise LetterRefused(problems)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
