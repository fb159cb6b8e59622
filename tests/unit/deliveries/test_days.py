"""On which days something can have happened to a bundle."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from campaign.core import clock
from campaign.core.errors import Invalid
from campaign.deliveries.recording_rules import refuse_impossible_day, refuse_impossible_time

FROZEN, TODAY = date(2026, 11, 20), date(2026, 11, 27)
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("day", [FROZEN, date(2026, 11, 24), TODAY])
def test_from_the_freeze_until_today_a_day_is_taken(day: date) -> None:
    refuse_impossible_day(day, frozen_on=FROZEN, today=TODAY)


@pytest.mark.parametrize(
    ("day", "slug"),
    [
        (date(2026, 11, 28), "day-to-come"),
        (date(2026, 11, 19), "day-before-bundle"),
        (date(2019, 1, 1), "day-before-bundle"),
    ],
)
def test_a_day_before_the_freeze_or_to_come_is_refused_by_its_field(day: date, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        refuse_impossible_day(day, frozen_on=FROZEN, today=TODAY, field="posted_on")
    assert refused.value.fields == {"posted_on": slug}


def test_a_time_of_today_that_is_still_to_come_is_refused() -> None:
    # Of two zones twelve hours apart, it is morning in one.
    zone = min("Etc/UTC", "Etc/GMT-12", key=lambda name: clock.time_of(clock.utcnow(), name))
    day = clock.today(zone)
    with pytest.raises(Invalid) as refused:
        refuse_impossible_time(day, time(23, 59), zone, frozen_at=LONG_AGO)
    assert refused.value.fields == {"happened_time": "time-to-come"}
    refuse_impossible_time(day, time(0, 0), zone, frozen_at=LONG_AGO)
    refuse_impossible_time(day - timedelta(days=1), time(23, 59), zone, frozen_at=LONG_AGO)


def test_a_time_before_the_freeze_of_its_day_is_refused_by_the_clocks_there() -> None:
    frozen_at = datetime(2026, 11, 20, 5, 54, 30, tzinfo=UTC)
    day, zone = FROZEN, "America/Toronto"
    with pytest.raises(Invalid) as refused:
        refuse_impossible_time(day, time(0, 53), zone, frozen_at=frozen_at)
    assert refused.value.fields == {"happened_time": "time-before-bundle"}
    refuse_impossible_time(day, time(0, 54), zone, frozen_at=frozen_at)
