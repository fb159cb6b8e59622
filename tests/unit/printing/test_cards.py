"""Cards on their sheets: cut into four piles and stacked, they lie in order."""

from pathlib import Path

import pytest

from campaign.printing.geometry import CARDS_A_SHEET, US_10
from campaign.printing.print_letters import impose_cards, print_letters
from tests.unit.printing.letter_samples import letter
from tests.unit.printing.pdf_pages import pages_of


@pytest.mark.parametrize("count", [*range(10), 500])
def test_four_piles_laid_on_each_other_are_in_order(count: int) -> None:
    order = impose_cards(count)
    piles = [order[slot::CARDS_A_SHEET] for slot in range(CARDS_A_SHEET)]
    assert [card for pile in piles for card in pile] == list(range(count))


def test_the_sheets_hold_the_cards_as_they_are_cut(tmp_path: Path) -> None:
    cards = [letter(n, opening=("Hello.",), points=(), closing=()) for n in range(1, 11)]
    # Chunks of less than a sheet would tear the order: they are made whole.
    printed = print_letters(cards, US_10, tmp_path / "c.pdf", cards=True, chunk=6)
    pages = pages_of(printed.path)
    assert len(pages) == 3
    assert [placed.key for placed in printed.letters] == [f"key-{n}" for n in range(1, 11)]
    for card, place in zip(cards, printed.letters, strict=True):
        assert f"\N{MIDDLE DOT} {card.number}" in pages[place.first_page - 1]
    assert [placed.first_page for placed in printed.letters] == [1, 2, 3, 1, 2, 3, 1, 2, 1, 2]
