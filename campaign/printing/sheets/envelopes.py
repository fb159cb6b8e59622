"""Envelopes for who posts a letter: an addressed page of the envelope's own size, joined to it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf

from campaign.printing import renderer
from campaign.printing.check_letters import check_characters
from campaign.printing.geometry import EnvelopeSheet, Layout, envelope_for
from campaign.printing.html import PrintedPage
from campaign.printing.problems import LetterRefused


@dataclass(frozen=True, slots=True)
class EnvelopeContext:
    locale: str
    sender_lines: tuple[str, ...]
    """Who writes, above on the left; may be empty."""
    addressee_lines: tuple[str, ...]
    """From the name to the country."""
    mark: str = ""
    """A word such as "Rehearsal"; empty on a real one."""


class Envelopes(PrintedPage, template="envelope.html"):
    envelopes: Sequence[EnvelopeContext]


def render_envelopes(envelopes: Sequence[EnvelopeContext], sheet: EnvelopeSheet) -> bytes:
    """Return the envelopes as a PDF, one to a page.

    :raises LetterRefused: a character of an address is missing in our fonts.
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
    first = envelopes[0]
    page, title = Envelopes(envelopes=envelopes), first.addressee_lines[0]
    with renderer.lay_out_page(
        page, "envelope.css", sheet, locale=first.locale, title=title
    ) as document:
        return renderer.write_pdf(document)


def with_envelopes(letters: bytes, envelopes: Sequence[EnvelopeContext], layout: Layout) -> bytes:
    """Return a PDF of letters, with the pages of their envelopes behind it."""
    fronts = render_envelopes(envelopes, envelope_for(layout.paper))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letters)) as pdf, pikepdf.open(io.BytesIO(fronts)) as more:
        pdf.pages.extend(more.pages)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()
