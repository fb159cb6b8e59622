"""The order of talking points is the supporter's, and required ones never get lost."""

import pytest

from campaign.signing.letter.compose import arrange_points, move_point, order_points

OFFERED = (("a", True), ("b", False), ("c", True), ("d", False))


@pytest.mark.parametrize(
    ("chosen", "printed"),
    [
        (["b", "d"], "abcd"),
        ([], "ac"),
        (["d"], "acd"),
        (["d", "b"], "acdb"),
        (["d", "c", "b", "a"], "dcba"),
        (["c", "c", "x", "a"], "ca"),
    ],
)
def test_points_print_as_chosen_with_the_required_in_their_place(
    chosen: list[str], printed: str
) -> None:
    assert "".join(order_points(chosen, OFFERED)) == printed


def test_the_page_shows_every_point_in_the_order_that_came() -> None:
    assert "".join(arrange_points(["d", "a"], OFFERED)) == "bcda"
    assert "".join(arrange_points(["d", "c", "b", "a"], OFFERED)) == "dcba"
    assert "".join(arrange_points([], OFFERED)) == "abcd"


@pytest.mark.parametrize(
    ("move", "after"),
    [
        ("up:b", "ba"),
        ("down:a", "ba"),
        ("up:a", "ab"),
        ("down:b", "ab"),
        ("up:x", "ab"),
        ("sideways:a", "ab"),
        ("", "ab"),
    ],
)
def test_a_move_goes_one_place_or_nowhere(move: str, after: str) -> None:
    assert "".join(move_point(("a", "b"), move)) == after
