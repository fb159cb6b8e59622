"""Envelopes for who posts a letter: an addressed page of the envelope's own size, joined to it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf

from campaign.printing import html, renderer
from campaign.printing.check_letters import check_characters
from campaign.printing.geometry import EnvelopeSheet, Layout, envelope_for
from campaign.printing.problems import LetterRefused


@dataclass(frozen=True, slots=True)
class EnvelopeContext:
    """One envelope."""

    locale: str
    """Language of the address."""
    sender_lines: tuple[str, ...]
    """Who writes, above on the left; may be empty."""
    addressee_lines: tuple[str, ...]
    """From the name to the country."""
    mark: str = ""
    """A word such as "Rehearsal"; empty on a real one."""


def render_envelopes(envelopes: Sequence[EnvelopeContext], sheet: EnvelopeSheet) -> bytes:
    """The envelopes as a PDF, one to a page.

    :raises LetterRefused: a character of an address is missing in our fonts.
    """
    problems = [
        problem
        for one in envelopes
        for problem in check_characters(
            {"sender": one.sender_lines, "address": one.addressee_lines}
        )
    ]
    if problems:
        raise LetterRefused(problems)
    body = html.render("envelope.html", envelopes=envelopes)
    whole = html.render(
        "document.html",
        locale=envelopes[0].locale,
        title=envelopes[0].addressee_lines[0],
        body=body,
    )
    with renderer.laid_out(str(whole), "envelope.css", sheet) as document:
        return renderer.write_pdf(document)


def with_envelopes(letters: bytes, envelopes: Sequence[EnvelopeContext], layout: Layout) -> bytes:
    """A PDF of letters, with the pages of their envelopes behind it."""
    made = render_envelopes(envelopes, envelope_for(layout.paper))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letters)) as pdf, pikepdf.open(io.BytesIO(made)) as more:
        pdf.pages.extend(more.pages)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()
