"""Cards: four to a sheet."""

from collections.abc import Sequence
from pathlib import Path

from campaign.letters import plain
from campaign.letters.context import LetterContext
from campaign.letters.layouts import Layout
from campaign.letters.printing import Limits, Printed, Progress

PER_SHEET = 4
"""Cards on one sheet."""


def print_cards(
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    *,
    limits: Limits,
    chunk: int,
    progress: Progress | None,
    fresh_sheets: bool = False,
) -> Printed:
    """Prints the letters as cards; see `press.print_cards`."""
    return plain.run(
        "cards", contexts, layout, out, limits=limits, chunk=chunk, progress=progress,
        fresh_sheets=fresh_sheets,
    )  # fmt: skip
