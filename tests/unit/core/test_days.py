"""A day, cut: nothing but its beginning in its place is left."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core import clock

ZONES = (
    "UTC",
    "America/Toronto",
    "Asia/Kolkata",
    "America/St_Johns",
    "America/Havana",
    "Asia/Tokyo",
    clock.EARLIEST_ZONE,
    clock.LATEST_ZONE,
)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(ZONES),
)
def test_what_is_cut_is_of_the_same_day(moment: datetime, zone: str) -> None:
    cut = clock.cut_to_day(moment, zone)
    assert clock.day_of(cut, zone) == clock.day_of(moment, zone)
    assert clock.cut_to_day(cut, zone) == cut <= moment
    assert moment - cut < clock.LONGEST_DAY
    kept = clock.keep_day(moment, zone)
    assert clock.day_of(kept, "UTC") == clock.day_of(moment, zone)
    assert clock.keep_day(moment, clock.LATEST_ZONE) <= kept <= moment + clock.MOST_AHEAD


@pytest.mark.parametrize(
    ("zone", "day", "hour", "minute"),
    [("UTC", 4, 0, 0), ("America/Toronto", 4, 4, 0), ("Asia/Kolkata", 4, 18, 30)],
)
def test_a_day_begins_at_midnight_of_its_place(zone: str, day: int, hour: int, minute: int) -> None:
    moment = datetime(2026, 5, 4, 18, 47, 33, 5, UTC)
    assert clock.cut_to_day(moment, zone) == datetime(2026, 5, day, hour, minute, tzinfo=UTC)
    assert clock.cut_to_hour(moment) == datetime(2026, 5, 4, 18, tzinfo=UTC)
