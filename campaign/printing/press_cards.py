"""Cards: four to a sheet, so that the piles that are cut lie in order on each other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from campaign.printing import press_plain
from campaign.printing.engine.types import Limits, Printed, Progress
from campaign.printing.geometry import CARDS_A_SHEET, Layout
from campaign.printing.letter_content import LetterContext


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
    imposed = [contexts[i] for i in imposed_order(len(contexts))]
    printed = press_plain.run(
        "cards",
        imposed,
        layout,
        out,
        limits=limits,
        chunk=max(chunk - chunk % CARDS_A_SHEET, 1),
        progress=progress,
        fresh_sheets=fresh_sheets,
    )
    place = {one.key: n for n, one in enumerate(contexts)}
    return replace(
        printed,
        letters=tuple(sorted(printed.letters, key=lambda one: place[one.key])),
        set_aside=tuple(sorted(printed.set_aside, key=lambda one: place[one.key])),
    )


def imposed_order(count: int) -> list[int]:
    """Return which card stands at each place, sheet by sheet (cut and stack).

    The pile cut from each place holds cards that follow each other; laid on each other in the
    order of the places, the four piles are in order.
    """
    full, rest = divmod(count, CARDS_A_SHEET)
    starts = [slot * full + min(slot, rest) for slot in range(CARDS_A_SHEET)]
    order = [start + sheet for sheet in range(full) for start in starts]
    return order + [start + full for start in starts[:rest]]
