"""Numbers of letters as spans: which are gone, and which are in a file."""

from collections.abc import Sequence
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.deliveries.envelopes.split_bundle import pack_letters
from campaign.deliveries.recording_rules import Numbers, join_spans, list_inside, subtract_spans


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
    assert [tuple(span) for span in join_spans(spans)] == expected


_NUMBERS = st.integers(1, 60)
_SOME = st.sets(_NUMBERS).map(lambda numbers: join_spans((number, number) for number in numbers))


@given(_SOME, _SOME)
def test_what_is_in_no_other_span_is_left(spans: list[Numbers], others: list[Numbers]) -> None:
    left = list(subtract_spans(spans, others))
    assert set(list_inside(left)) == set(list_inside(spans)) - set(list_inside(others))
    assert join_spans(left) == left


@given(
    st.sets(_NUMBERS).map(sorted),
    st.integers(1, 5),
    st.lists(st.tuples(_NUMBERS, _NUMBERS).map(lambda pair: (min(pair), max(pair)))),
)
def test_envelopes_reach_over_nothing_taken_and_each_takes_all_that_it_can(
    numbers: list[int], each: int, taken: list[tuple[int, int]]
) -> None:
    spans = list(pack_letters(numbers, each, taken))
    inside = [[number for number in numbers if span.first <= number <= span.last] for span in spans]
    assert [number for packed in inside for number in packed] == numbers
    assert [len(packed) for packed in inside] == [span.letters for span in spans]
    for packed, after in zip_longest(inside, inside[1:], fillvalue=[]):
        assert len(packed) <= each
        assert not any(packed[0] < first <= packed[-1] for first, _last in taken)
        between = after and any(packed[-1] < first <= after[0] for first, _last in taken)
        assert not after or between or len(packed) == each
