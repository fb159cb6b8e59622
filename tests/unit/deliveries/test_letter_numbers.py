"""Numbers of letters as people write them down."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.deliveries.recording_rules import (
    NumbersFault,
    NumbersProblem,
    read_numbers,
    say_numbers,
)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1-200, 350, 400-412", [(1, 200), (350, 350), (400, 412)]),
        (" 00400 – 00412;7\n", [(7, 7), (400, 412)]),
        ("1-3,4,5-6", [(1, 6)]),
        ("٣-٥، ٩", [(3, 5), (9, 9)]),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str, read: list[tuple[int, int]]) -> None:
    assert read_numbers(typed, highest=412) == read


@pytest.mark.parametrize(
    ("typed", "fault", "piece"),
    [
        ("", NumbersProblem.NONE, ""),
        (" , ;", NumbersProblem.NONE, ""),
        ("1-2, three", NumbersProblem.UNREADABLE, "three"),
        ("1-2-3", NumbersProblem.UNREADABLE, "1-2-3"),
        ("1 200", NumbersProblem.UNREADABLE, "1 200"),
        ("-5", NumbersProblem.UNREADABLE, "-5"),
        ("12345678", NumbersProblem.UNREADABLE, "12345678"),
        ("²", NumbersProblem.UNREADABLE, "²"),
        ("1, 9-4", NumbersProblem.BACKWARDS, "9-4"),
        ("0-4", NumbersProblem.OUTSIDE, "0-4"),
        ("5-51", NumbersProblem.OUTSIDE, "5-51"),
        ("4-9, 1-5", NumbersProblem.TWICE, "1-5"),
        ("7, 7", NumbersProblem.TWICE, "7"),
        ("1," * 1001, NumbersProblem.TOO_LONG, ""),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(
    typed: str, fault: NumbersProblem, piece: str
) -> None:
    with pytest.raises(NumbersFault) as refused:
        read_numbers(typed, highest=50)
    assert (refused.value.fault, refused.value.piece) == (fault, piece)


@given(st.sets(st.integers(1, 300), min_size=1, max_size=60))
def test_what_is_said_is_read_again_and_names_the_same_letters(numbers: set[int]) -> None:
    read = read_numbers(say_numbers((number, number) for number in numbers))
    assert {number for span in read for number in range(span.first, span.last + 1)} == numbers
    assert all(after.first > before.last + 1 for before, after in pairwise(read))
    assert read_numbers(say_numbers(read)) == read


@given(st.text())
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    with suppress(NumbersFault):
        assert read_numbers(typed)
