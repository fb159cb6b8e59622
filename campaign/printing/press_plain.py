"""The plain way of printing: every letter laid out whole, some hundred in a document."""

from collections.abc import Sequence
from pathlib import Path

from campaign.printing.engine.join_pdf import folder_beside
from campaign.printing.engine.run import Run
from campaign.printing.engine.types import DEFAULT_LIMITS, Limits, Printed, Progress
from campaign.printing.engine.worker_pool import borrowed
from campaign.printing.geometry import Layout
from campaign.printing.letter_content import LetterContext


class PlainPress:
    """Lays every letter out whole. Slow, simple, and what a faster press is measured by."""

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
        """Prints the letters, in order, into the PDF `out`; see `press.print_letters`."""
        return run(
            "letters",
            contexts,
            layout,
            out,
            limits=limits,
            chunk=chunk,
            progress=progress,
            fresh_sheets=fresh_sheets,
        )


def run(
    work: str,
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    *,
    limits: Limits,
    chunk: int,
    progress: Progress | None,
    fresh_sheets: bool = False,
) -> Printed:
    """Prints `contexts` by the foundry's work of that name and joins the chunks into `out`.

    :raises ValueError: there are no letters.
    :raises FoundryStopped: the machine failed, not a letter.
    """
    if not contexts:
        raise ValueError("no letters to print")
    with folder_beside(out) as folder, borrowed() as foundry:
        made = Run(contexts, layout, limits, folder, foundry, progress, fresh_sheets=fresh_sheets)
        made.work(work, range(len(contexts)), chunk)
        return made.finish(out)
