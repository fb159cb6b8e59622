"""Sheets and volumes as told before anything is frozen, and what they weigh at the post."""

import pytest

from campaign.bundles.freeze.paper_needs import (
    Need,
    need_of_cards,
    need_of_letters,
    say_weight,
    sheets_for,
    volume_sizes,
    weigh,
)
from campaign.printing.geometry import A4, LETTER, Paper


def test_each_group_has_volumes_of_its_own_and_none_is_larger_than_it_may_be() -> None:
    assert list(volume_sizes([1270], 500)) == [500, 500, 270]
    assert list(volume_sizes([7, 1, 12], 10)) == [7, 1, 10, 2]
    assert list(volume_sizes([0], 10)) == []


def test_letters_of_one_page_take_as_much_paper_either_way() -> None:
    assert need_of_letters(0, 1270, [1270], 500) == Need(1270, 1270, 0, (500, 500, 270))


def test_a_translation_takes_a_sheet_more_on_one_side_and_none_on_both() -> None:
    assert need_of_letters(30, 100, None, 500) == Need(130, 100, 0, None)


def test_cards_stand_four_to_a_sheet_and_each_volume_begins_a_sheet() -> None:
    assert need_of_cards(10, [10], 5) == Need(0, 0, 4, (5, 5))
    assert need_of_cards(10, None, 5) == Need(0, 0, 3, None)


def test_bundles_together_take_the_sum_and_are_counted_only_if_each_is() -> None:
    letters, cards = need_of_letters(1, 3, [3], 2), need_of_cards(5, [5], 5)
    assert letters + cards == Need(4, 3, 2, (2, 1, 5))
    assert (letters + need_of_cards(5, None, 5)).volumes is None


@pytest.mark.parametrize(
    ("pages", "duplex", "sheets"),
    [([500, 3], False, 503), ([1000, 6], True, 503), ([3, 3], True, 4), ([], True, 0)],
)
def test_paper_is_counted_in_sheets_volume_by_volume(
    pages: list[int], duplex: bool, sheets: int
) -> None:
    assert sum(sheets_for(count, duplex=duplex) for count in pages) == sheets


@pytest.mark.parametrize(
    ("sheets", "paper", "card", "grams"),
    [
        (0, A4, False, 0),
        (1, A4, False, 5),
        (25, A4, False, 125),
        (26, LETTER, False, 130),
        (10, LETTER, True, 155),
    ],
)
def test_sheets_are_weighed_and_rounded_up_to_five_grams(
    sheets: int, paper: Paper, grams: int, *, card: bool
) -> None:
    assert weigh(sheets, paper, card=card) == grams


def test_a_weight_is_said_in_grams_and_from_a_kilogram_on_in_kilograms() -> None:
    assert say_weight(125, "en") == "125 g"
    assert say_weight(1005, "en") == "1.1 kg"
    assert say_weight(1000, "fr").replace("\xa0", " ").replace("\u202f", " ") == "1 kg"
