"""The press: letters into PDF files. What the rest of the system calls.

`print_letters` and `print_cards` are for volumes: in processes of their own, with limits.
`render_one` and `render_many` are for a preview and for one supporter's letters: in this process.
"""

from collections.abc import Sequence
from pathlib import Path

from campaign.printing import press_cards
from campaign.printing.engine import cards_job, render_job
from campaign.printing.engine.types import (
    DEFAULT_LIMITS,
    Limits,
    Press,
    Printed,
    PrintedLetter,
    Progress,
    SetAside,
)
from campaign.printing.geometry import Layout
from campaign.printing.letter_content import LetterContext
from campaign.printing.press_fast import FastPress
from campaign.printing.press_plain import PlainPress
from campaign.printing.problems import LetterRefused, Problem

__all__ = [
    "FAST",
    "PLAIN",
    "LetterRefused",
    "Limits",
    "Press",
    "Printed",
    "PrintedLetter",
    "Problem",
    "Progress",
    "SetAside",
    "print_cards",
    "print_letters",
    "render_cards",
    "render_many",
    "render_one",
]

PLAIN: Press = PlainPress()
"""Every letter laid out whole: what the fast way is compared with, and falls back to."""
FAST: Press = FastPress()
"""The way of printing in use: shared parts laid out once."""


def print_letters(
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    chunk: int = 250,
    progress: Progress | None = None,
    fresh_sheets: bool = False,
) -> Printed:
    """Prints the letters, in order, into the PDF `out`.

    A letter that can't be printed is set aside with its reason; all others print. `out` appears
    whole or not at all; if every letter was set aside, not at all. The same letters give the
    same bytes.

    :param chunk: letters in one document, of those that the fast way leaves to the plain one.
    :param fresh_sheets: for printing on both sides: a blank page follows each letter that ends on
        the front of a sheet. It counts as one of the letter's pages.
    :raises ValueError: there are no letters.
    :raises campaign.printing.engine.worker.RenderProcessStopped: the machine failed, not a letter.
    """
    return FAST.print_letters(
        contexts,
        layout,
        out,
        limits=limits,
        chunk=chunk,
        progress=progress,
        fresh_sheets=fresh_sheets,
    )


def print_cards(
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    chunk: int = 240,
    progress: Progress | None = None,
    fresh_sheets: bool = False,
) -> Printed:
    """Prints the letters as cards, four to a sheet of the layout's paper; else the same."""
    return press_cards.print_cards(
        contexts,
        layout,
        out,
        limits=limits,
        chunk=chunk,
        progress=progress,
        fresh_sheets=fresh_sheets,
    )


def render_one(context: LetterContext, layout: Layout) -> bytes:
    """One letter as a PDF, for a preview.

    :raises LetterRefused: it fails a check.
    """
    return render_job.render_letters([context], layout)


def render_many(contexts: Sequence[LetterContext], layout: Layout) -> bytes:
    """A supporter's few letters as one PDF.

    :raises LetterRefused: one of them fails a check; the details name it by "key".
    """
    return render_job.render_letters(contexts, layout)


def render_cards(contexts: Sequence[LetterContext], layout: Layout) -> bytes:
    """A supporter's few cards as one PDF, four to a sheet.

    :raises LetterRefused: one of them fails a check; the details name it by "key".
    """
    return cards_job.render_cards(contexts, layout)
