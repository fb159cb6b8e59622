"""What letters weigh that go to the post."""

import pytest

from campaign.bundles.postage import say_weight, weigh
from campaign.printing.geometry import A4, LETTER, Paper


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
