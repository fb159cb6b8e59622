"""The press: letters into PDF files. What the rest of the system calls.

`print_letters` and `print_cards` are for volumes, `render_few` for a preview and for one
supporter's letters: all in processes of their own, with limits. `render_one` is in this process.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from campaign.core.isolation.orders import Limits
from campaign.core.isolation.worker_pool import borrow_process
from campaign.printing.engine import render_job
from campaign.printing.engine.join_pdf import folder_beside
from campaign.printing.engine.run import Run
from campaign.printing.engine.types import (
    DEFAULT_LIMITS,
    PRESS,
    Printed,
    PrintedLetter,
    Progress,
    SetAside,
)
from campaign.printing.geometry import CARDS_A_SHEET, Layout
from campaign.printing.letter_content import LetterContext
from campaign.printing.problems import LetterRefused, Problem

__all__ = [
    "LetterRefused",
    "Limits",
    "Printed",
    "PrintedLetter",
    "Problem",
    "Progress",
    "SetAside",
    "print_cards",
    "print_letters",
    "print_whole_letters",
    "render_few",
    "render_one",
]

_TOGETHER = 500
"""Letters whose segments are laid out in one process: a volume, so that its fonts are one set."""
_FEW = 32
"""A chunk of so few that fails is laid out whole, which finds the letter at fault."""


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
    """Print the letters, in order, into the PDF `out`.

    What many letters share is laid out once. A letter of two pages, or a chunk that fails, is laid
    out whole, each letter in its place; both ways give the same picture.

    A letter that can't be printed is set aside with its reason; all others print. `out` appears
    whole or not at all; if every letter was set aside, not at all. The same letters give the
    same bytes.

    :param chunk: letters in one document, of those that are laid out whole.
    :param fresh_sheets: for printing on both sides: a blank page follows each letter that ends on
        the front of a sheet. It counts as one of the letter's pages.
    :raises ValueError: there are no letters.
    :raises campaign.core.isolation.worker.WorkProcessStopped: the machine failed, not a letter.
    """
    with _start_run(contexts, layout, out, limits, progress, fresh_sheets=fresh_sheets) as run:
        left = run.work("segments", range(len(contexts)), _TOGETHER, least=_FEW)
        run.work("letters", left, chunk)
        return run.finish(out)


def print_whole_letters(
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    chunk: int = 250,
    progress: Progress | None = None,
    fresh_sheets: bool = False,
) -> Printed:
    """Do the same with every letter laid out whole: slow, simple, what the fast way is held to."""
    with _start_run(contexts, layout, out, limits, progress, fresh_sheets=fresh_sheets) as run:
        run.work("letters", range(len(contexts)), chunk)
        return run.finish(out)


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
    """Print the letters as cards, four to a sheet of the layout's paper; else the same.

    They are cut and stacked: the piles that are cut lie in order on each other.
    """
    imposed = [contexts[i] for i in impose_cards(len(contexts))]
    with _start_run(imposed, layout, out, limits, progress, fresh_sheets=fresh_sheets) as run:
        run.work("cards", range(len(imposed)), max(chunk - chunk % CARDS_A_SHEET, 1))
        printed = run.finish(out)
    place = {context.key: index for index, context in enumerate(contexts)}
    return replace(
        printed,
        letters=tuple(sorted(printed.letters, key=lambda letter: place[letter.key])),
        set_aside=tuple(sorted(printed.set_aside, key=lambda letter: place[letter.key])),
    )


def impose_cards(count: int) -> list[int]:
    """Return which card stands at each place, sheet by sheet (cut and stack).

    The pile cut from each place holds cards that follow each other; laid on each other in the
    order of the places, the four piles are in order.
    """
    full, rest = divmod(count, CARDS_A_SHEET)
    starts = [slot * full + min(slot, rest) for slot in range(CARDS_A_SHEET)]
    order = [start + sheet for sheet in range(full) for start in starts]
    return order + [start + full for start in starts[:rest]]


@contextmanager
def _start_run(
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    limits: Limits,
    progress: Progress | None,
    *,
    fresh_sheets: bool,
) -> Iterator[Run]:
    if not contexts:
        raise ValueError("no letters to print")
    with folder_beside(out) as folder, borrow_process(PRESS) as process:
        yield Run(contexts, layout, limits, folder, process, progress, fresh_sheets=fresh_sheets)


def render_one(context: LetterContext, layout: Layout) -> bytes:
    """Return one letter as a PDF, for a preview.

    :raises LetterRefused: it fails a check.
    """
    return render_job.render_letters([context], layout)


def render_few(
    contexts: Sequence[LetterContext],
    layout: Layout,
    folder: Path,
    *,
    cards: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Return a supporter's few letters as one PDF, or their cards, four to a sheet.

    :param folder: where it may lie for that moment.
    :raises LetterRefused: a letter fails a check; the details say which by its "key", and which
        "line" of its address is the longest. Or all together take too much memory or time.
    :raises campaign.core.isolation.worker.WorkProcessStopped: the machine failed, not a letter.
    """
    out = folder / "few.pdf"
    job = {"layout": layout.slug, "items": render_job.encode(contexts), "out": str(out)}
    with borrow_process(PRESS) as process:
        work = "few-cards" if cards else "few-letters"
        outcome = process.run(work, job, limits, len(contexts))
    if outcome.report is None:
        raise LetterRefused([Problem(outcome.slug)])
    if outcome.report["refused"]:
        raise LetterRefused(Problem(*problem) for problem in outcome.report["refused"])
    return out.read_bytes()
