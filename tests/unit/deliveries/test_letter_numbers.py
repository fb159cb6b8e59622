"""Numbers of letters as people write them down."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.deliveries.recording_rules import Fault, NumbersFault, read_numbers, say_numbers


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
        ("", Fault.NONE, ""),
        (" , ;", Fault.NONE, ""),
        ("1-2, three", Fault.UNREADABLE, "three"),
        ("1-2-3", Fault.UNREADABLE, "1-2-3"),
        ("1 200", Fault.UNREADABLE, "1 200"),
        ("-5", Fault.UNREADABLE, "-5"),
        ("12345678", Fault.UNREADABLE, "12345678"),
        ("²", Fault.UNREADABLE, "²"),
        ("1, 9-4", Fault.BACKWARDS, "9-4"),
        ("0-4", Fault.OUTSIDE, "0-4"),
        ("5-51", Fault.OUTSIDE, "5-51"),
        ("4-9, 1-5", Fault.TWICE, "1-5"),
        ("7, 7", Fault.TWICE, "7"),
        ("1," * 1001, Fault.TOO_LONG, ""),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(typed: str, fault: Fault, piece: str) -> None:
    with pytest.raises(NumbersFault) as refused:
        read_numbers(typed, highest=50)
    assert (refused.value.fault, refused.value.piece) == (fault, piece)


@given(st.sets(st.integers(1, 300), min_size=1, max_size=60))
def test_what_is_said_is_read_again_and_names_the_same_letters(numbers: set[int]) -> None:
    read = read_numbers(say_numbers((one, one) for one in numbers))
    assert {one for span in read for one in range(span.first, span.last + 1)} == numbers
    assert all(after.first > before.last + 1 for before, after in pairwise(read))
    assert read_numbers(say_numbers(read)) == read


@given(st.text())
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    with suppress(NumbersFault):
        assert read_numbers(typed)
