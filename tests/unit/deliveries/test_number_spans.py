"""Numbers of letters as spans: which are gone, and which are in a file."""

from collections.abc import Sequence

import pytest

from campaign.deliveries.envelopes.make_envelopes import group_numbers
from campaign.deliveries.envelopes.mark_posted import join_spans


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(5, 5), (1, 2)], [(1, 2), (5, 5)]),
        ([(1, 2), (3, 3)], [(1, 3)]),
        ([(1, 9), (4, 5), (7, 12)], [(1, 12)]),
        ([(4, 4), (4, 4)], [(4, 4)]),
    ],
)
def test_spans_that_meet_are_one(
    spans: Sequence[tuple[int, int]], expected: Sequence[tuple[int, int]]
) -> None:
    assert [tuple(one) for one in join_spans(spans)] == expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([], []), ([3], [[3, 3]]), ([1, 2, 3, 5, 7, 8], [[1, 3], [5, 5], [7, 8]])],
)
def test_what_is_in_a_file_is_written_down_in_few_numbers(
    numbers: Sequence[int], expected: Sequence[Sequence[int]]
) -> None:
    assert group_numbers(numbers) == expected
