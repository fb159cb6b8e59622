"""For printing on both sides each letter begins on a fresh sheet."""

from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from campaign.printing import print_letters
from campaign.printing.geometry import DIN_5008_B, US_10, Layout
from tests.unit.printing.letter_samples import letter

LONG = tuple("A word and another, and then one more. " * 30 for _ in range(5))


def is_blank(path: Path, page: int) -> bool:
    with pypdfium2.PdfDocument(path) as pdf:
        low, high = pdf[page - 1].render(scale=1, grayscale=True).to_pil().getextrema()
    return bool(low == high == 255)


@pytest.mark.parametrize("layout", [US_10, DIN_5008_B], ids=lambda layout: layout.slug)
def test_a_blank_page_follows_a_letter_of_one_page_and_none_one_of_two(
    layout: Layout, tmp_path: Path
) -> None:
    letters = [letter(1), letter(2, own_words=LONG[:3]), letter(3)]
    printed = print_letters.print_letters(letters, layout, tmp_path / "v.pdf", fresh_sheets=True)
    places = [(place.first_page, place.pages) for place in printed.letters]
    assert places == [(1, 2), (3, 2), (5, 2)]
    assert printed.pages == 6
    assert [is_blank(printed.path, page) for page in range(1, 7)] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]
    with pikepdf.open(printed.path) as pdf:
        assert len({tuple(map(float, page.mediabox)) for page in pdf.pages}) == 1


def test_cards_share_a_sheet_whose_back_is_blank(tmp_path: Path) -> None:
    cards = [letter(n, points=()) for n in range(1, 7)]
    printed = print_letters.print_letters(
        cards, US_10, tmp_path / "c.pdf", cards=True, fresh_sheets=True
    )
    places = [(place.first_page, place.pages) for place in printed.letters]
    assert places == [(1, 2), (3, 2), (1, 0), (3, 0), (1, 0), (1, 0)]
    assert [is_blank(printed.path, page) for page in range(1, 5)] == [False, True, False, True]


def test_the_same_letters_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        print_letters.print_letters(
            [letter(1), letter(2)], US_10, tmp_path / name, fresh_sheets=True
        )
        for name in ("a.pdf", "b.pdf")
    )
    assert first.sha256 == second.sha256
