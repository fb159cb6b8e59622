"""The sheets that go with a bundle: contents of its packets, the sheet for the gate, envelopes."""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from campaign.printing import html, renderer
from campaign.printing.check_letters import check_characters
from campaign.printing.engine.join_pdf import Document, describe, folder_beside, in_place_of, join
from campaign.printing.geometry import EnvelopeSheet, Paper
from campaign.printing.html import language_tag
from campaign.printing.problems import LetterRefused
from campaign.printing.qr_codes import qr_svg
from campaign.printing.sheet_content import ContentsContext, DeliverySheetContext
from campaign.printing.sheets.envelopes import EnvelopeContext, render_envelopes

_GROUP = 8
"""Characters of a checksum that are set together, so that eyes can compare them."""
_TOGETHER = 20
"""Contents sheets laid out at once: those of 700 volumes take no more memory than these."""
_MOST_COUNTS = 5
"""Officials whom the sheet for the gate has room for; of more, it gives the sum alone."""


def contents(context: ContentsContext, paper: Paper, out: Path) -> Document:
    """A page for each volume, to lie on its packet: numbers, letters, pages, checksum.

    :raises LetterRefused: a character is missing.
    """
    _refuse_missing(context)
    with folder_beside(out) as folder:
        parts = []
        for first in range(0, len(context.pages), _TOGETHER):
            some = context.pages[first : first + _TOGETHER]
            body = html.render(
                "contents.html",
                it=context,
                pages=some,
                first=first,
                direction=html.direction_of(context.locale),
                grouped=grouped,
            )
            part = folder / f"{first:06d}.pdf"
            _write(body, "contents.css", paper, part, context.locale, context.title)
            parts.append(part)
            gc.collect()
        return join(parts, out, title=context.title, language=language_tag(context.locale))


def delivery_sheet(context: DeliverySheetContext, paper: Paper, out: Path) -> Document:
    """The one page that is signed at the gate, in the mission's language and in ours.

    :raises LetterRefused: a character is missing.
    """
    _refuse_missing(context)
    body = html.render(
        "delivery.html",
        it=context,
        counts=context.counts if len(context.counts) <= _MOST_COUNTS else context.counts[-1:],
        direction=html.direction_of(context.locale),
        code=qr_svg(context.code) if context.code else "",
    )
    title = f"{context.reference} · {context.title[0].text}"
    return _write(body, "delivery.css", paper, out, context.locale, title)


def envelopes(
    context: EnvelopeContext, sheets: Sequence[EnvelopeSheet], out: Path, *, title: str
) -> Document:
    """The same envelope in each of the sizes, a page of its own size each.

    :raises LetterRefused: a character of the address is missing.
    """
    with folder_beside(out) as folder:
        parts = []
        for number, sheet in enumerate(sheets):
            part = folder / f"{number}.pdf"
            part.write_bytes(render_envelopes([context], sheet))
            parts.append(part)
        return join(parts, out, title=title, language=language_tag(context.locale))


def grouped(digest: str) -> list[str]:
    """A checksum in groups of eight characters."""
    return [digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP)]


def _refuse_missing(context: Any) -> None:
    problems = check_characters({"sheet": tuple(_texts(context))})
    if problems:
        raise LetterRefused(problems)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _write(
    body: str, stylesheet: str, paper: Paper, out: Path, locale: str, title: str
) -> Document:
    whole = html.render("document.html", locale=locale, title=title, body=body)
    with renderer.laid_out(str(whole), stylesheet, paper) as document:
        pages = len(document.pages)
        pdf = renderer.write_pdf(document, tagged=True)
    with in_place_of(out) as path:
        path.write_bytes(pdf)
    return describe(out, pages)
