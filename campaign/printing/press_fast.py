"""The fast way of printing: what many letters share is laid out once; pages are put together.

What that way can't print (a letter of two pages, a chunk that fails) is printed the plain way,
each letter in its place. Both give the same picture.
"""

from collections.abc import Sequence
from pathlib import Path

from campaign.printing.engine.join_pdf import folder_beside
from campaign.printing.engine.run import Run
from campaign.printing.engine.types import DEFAULT_LIMITS, Limits, Printed, Progress
from campaign.printing.engine.worker_pool import borrowed
from campaign.printing.geometry import Layout
from campaign.printing.letter_content import LetterContext

_TOGETHER = 500
"""Letters whose segments are laid out in one process: a volume, so that its fonts are one set."""
_FEW = 32
"""A chunk of so few that fails goes the plain way, which finds the letter at fault."""


class FastPress:
    """Lays out what letters share once, and what is one letter's alone in sheets of many."""

    def print_letters(
        self,
        contexts: Sequence[LetterContext],
        layout: Layout,
        out: Path,
        *,
        limits: Limits = DEFAULT_LIMITS,
        chunk: int = 250,
        progress: Progress | None = None,
        fresh_sheets: bool = False,
    ) -> Printed:
        """Prints the letters, in order, into the PDF `out`; see `press.print_letters`.

        :param chunk: letters in one document of those that are laid out whole.
        """
        if not contexts:
            raise ValueError("no letters to print")
        with folder_beside(out) as folder, borrowed() as foundry:
            run = Run(
                contexts, layout, limits, folder, foundry, progress, fresh_sheets=fresh_sheets
            )
            left = run.work("segments", range(len(contexts)), _TOGETHER, least=_FEW)
            run.work("letters", left, chunk)
            return run.finish(out)
