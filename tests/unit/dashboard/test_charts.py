"""Geometry of charts: nothing outside, nothing on top of another, the same turned round."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from campaign.dashboard.charts import (
    NARROW,
    WIDE,
    ColumnChart,
    DayMark,
    bar,
    column_chart,
    day_ticks,
    nice_levels,
    spark,
)

FIRST = date(2026, 3, 2)


def _chart(
    days: dict[int, int],
    *,
    length: int = 30,
    ahead: int = 0,
    marks: tuple[DayMark, ...] = (),
    size: object = WIDE,
    mirrored: bool = False,
) -> ColumnChart:
    last = FIRST + timedelta(days=length - 1)
    return column_chart(
        {FIRST + timedelta(days=day): n for day, n in days.items()},
        first=FIRST,
        last=last,
        until=last + timedelta(days=ahead),
        marks=marks,
        size=size,
        mirrored=mirrored,
        say_day=lambda day, is_month: day.strftime("%b" if is_month else "%d %b"),
        say_number=str,
    )


@given(st.integers(0, 10_000_000))
def test_levels_are_round_whole_and_reach_above(most: int) -> None:
    levels = nice_levels(most)
    assert levels[-1] >= most
    assert 1 <= len(levels) <= 5
    assert all(str(level).rstrip("0") in {*map(str, range(1, 100))} for level in levels)


@given(
    st.dictionaries(st.integers(0, 699), st.integers(0, 100_000), max_size=40),
    st.integers(1, 700),
    st.integers(0, 60),
    st.sampled_from([WIDE, NARROW]),
    st.booleans(),
)
def test_all_stands_inside_and_the_columns_hold_every_signature(
    days: dict[int, int], length: int, ahead: int, size: object, mirrored: bool
) -> None:
    days = {day: n for day, n in days.items() if day < length}
    chart = _chart(days, length=length, ahead=ahead, size=size, mirrored=mirrored)
    assert sum(column.value for column in chart.columns) == sum(days.values())
    for column in chart.columns:
        assert column.x >= -0.5
        assert column.x + column.width <= chart.size.width + 0.9
        assert chart.top - 0.01 <= column.y <= chart.base
    for line in chart.ticks:
        assert -0.01 <= line.at <= chart.size.width + 0.01
    spans = sorted((tick.label.left, len(tick.label.text) * 6.6) for tick in chart.ticks)
    assert all(a + wide < b for (a, wide), (b, _w) in pairwise(spans))


def test_turned_round_it_is_its_own_picture_in_the_mirror() -> None:
    plain, turned = (
        _chart({3: 5, 20: 9}, ahead=10, mirrored=mirrored) for mirrored in (False, True)
    )
    for column, other in zip(plain.columns, turned.columns, strict=True):
        assert abs(column.x - (WIDE.width - other.x - other.width)) < 0.02
    assert [label.text for label in plain.values] == [label.text for label in turned.values]


def test_the_highest_and_the_last_value_are_written_where_there_is_room() -> None:
    assert [label.text for label in _chart({3: 50, 29: 7}, ahead=5).values] == ["50", "7"]
    assert [label.text for label in _chart({28: 50, 29: 49}, ahead=5).values] == ["50", "49"]
    assert [label.text for label in _chart({88: 50, 89: 49}, length=90).values] == ["50"]
    assert _chart({}).values == []


def test_the_deadline_goes_before_updates_on_the_same_spot() -> None:
    day = FIRST + timedelta(days=29)
    chart = _chart({1: 1}, marks=(DayMark(day, "1"), DayMark(day, "Last day to write", "deadline")))
    assert [mark.label.text for mark in chart.marks] == ["Last day to write"]


def test_long_times_are_shown_by_weeks_and_named_by_months() -> None:
    chart = _chart({0: 2, 6: 3, 7: 4}, length=200)
    assert chart.weekly
    assert [column.value for column in chart.columns] == [5, 4]
    assert all(is_month for _day, is_month in day_ticks(FIRST, date(2027, 6, 1), 8))


def test_a_small_bar_can_be_seen_and_none_has_no_length() -> None:
    assert bar(0, 10, mirrored=False).width == 0
    assert bar(1, 1_000_000, mirrored=False).width > 0
    right = bar(5, 10, mirrored=True)
    assert (right.x, right.width) == (50.0, 50.0)
    assert spark([0, 0], mirrored=False) == []
    assert [column.height for column in spark([0, 5, 10], mirrored=False)] == [0.0, 10.0, 20.0]
