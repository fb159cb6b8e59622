"""Numbers of letters as spans: which are gone, and which are in a file."""

from collections.abc import Sequence

import pytest

from campaign.deliveries.recording_rules import join_spans


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(5, 5), (1, 2)], [(1, 2), (5, 5)]),
        ([(1, 2), (3, 3)], [(1, 3)]),
        ([(1, 9), (4, 5), (7, 12)], [(1, 12)]),
        ([(4, 4), (4, 4)], [(4, 4)]),
        ([(1, 1), (2, 2), (3, 3), (5, 5), (7, 7), (8, 8)], [(1, 3), (5, 5), (7, 8)]),
    ],
)
def test_spans_that_meet_are_one(
    spans: Sequence[tuple[int, int]], expected: Sequence[tuple[int, int]]
) -> None:
    assert [tuple(one) for one in join_spans(spans)] == expected
