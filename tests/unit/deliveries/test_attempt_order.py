"""In which order attempts happened, whatever zones their missions lie in."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core import clock
from campaign.deliveries.attempt_order import estimate_moment, place_attempts
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission

ZONES = st.sampled_from(
    ["Pacific/Kiritimati", "Asia/Tokyo", "Asia/Kolkata", "Europe/London", "America/Toronto",
     "America/St_Johns", "Pacific/Pago_Pago", "Etc/GMT+12"]
)  # fmt: skip
NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)
WEST, EAST = "Pacific/Pago_Pago", "Pacific/Kiritimati"


def attempt(
    ident: int, outcome: str, day: date, zone: str, *, bundle: int = 1, **facts: Any
) -> DeliveryAttempt:
    return DeliveryAttempt(
        id=ident,
        bundle_id=bundle,
        outcome=DeliveryOutcome(outcome),
        happened_on=day,
        mission=Mission(timezone=zone),
        campaign=Campaign(timezone="America/Toronto", **facts),
    )


def order(
    attempts: Sequence[DeliveryAttempt], times: dict[int, time] | None = None, **bounds: Any
) -> list[int]:
    bounds = {"begun": {}, "ended": {}} | bounds
    set_times(attempts, times or {})
    return [placed.attempt.id for placed in place_attempts(attempts, **bounds)]


def set_times(attempts: Sequence[DeliveryAttempt], times: dict[int, time]) -> None:
    for tried in attempts:
        tried.happened_time = times.get(tried.id)


@given(
    zones=st.lists(ZONES, min_size=2, max_size=5),
    minutes=st.lists(st.integers(1, 3000), min_size=5, max_size=5),
    untimed=st.sets(st.integers(1, 5)),
    recorded=st.permutations([1, 2, 3, 4, 5]),
)
def test_refusals_of_one_mission_after_the_other_stand_as_they_happened(
    zones: list[str], minutes: list[int], untimed: set[int], recorded: list[int]
) -> None:
    """Refused, sent on to a mission of another zone a while later, refused there, and so on."""
    moment, attempts, times = NOON, [], {}
    begun: dict[int, datetime] = {}
    ended: dict[int, datetime] = {}
    way = recorded[: len(zones)]
    for place, (ident, zone) in enumerate(zip(way, zones, strict=True), start=1):
        begun[place] = moment
        moment += timedelta(minutes=minutes[place - 1])
        attempts.append(attempt(ident, "refused", clock.day_of(moment, zone), zone, bundle=place))
        if ident not in untimed:
            times[ident] = clock.time_of(moment, zone)
        moment += timedelta(minutes=1)
        ended[place] = moment
    del ended[len(zones)]
    set_times(attempts, times)
    placed = place_attempts(attempts, begun=begun, ended=ended)
    assert [placed_attempt.attempt.id for placed_attempt in placed] == way
    for placed_attempt in placed:
        bundle = placed_attempt.attempt.bundle_id or 0
        assert begun[bundle] <= placed_attempt.at <= ended.get(bundle, placed_attempt.at)


@given(zone=ZONES, minutes=st.integers(0, 365 * 24 * 60))
def test_a_day_without_a_time_ends_with_it_or_with_what_followed(zone: str, minutes: int) -> None:
    moment = NOON + timedelta(minutes=minutes)
    day = clock.day_of(moment, zone)
    end = estimate_moment(day, None, zone)
    assert clock.day_of(end, zone) == day
    assert clock.day_of(end + timedelta(seconds=1), zone) > day
    assert estimate_moment(day, None, zone, [moment]) == moment
    assert (
        estimate_moment(day, None, zone, [end - timedelta(days=2), end + timedelta(hours=1)]) == end
    )


@pytest.mark.parametrize("zone", [EAST, WEST])
def test_what_came_back_stands_before_what_went_out_on_its_day(zone: str) -> None:
    day = date(2026, 12, 4)
    tries = [attempt(1, "accepted", day, zone), attempt(2, "refused", day, zone)]
    assert order(tries) == [2, 1]
    assert order(tries, {1: time(10)}) == [2, 1]
    assert order(tries, {1: time(10), 2: time(15)}) == [1, 2]
    assert order(tries, {1: time(10), 2: time(10)}) == [1, 2], "in one minute, as recorded"
    tries = [attempt(2, "refused", day, zone), attempt(1, "refused", day, zone)]
    assert order(tries) == [1, 2], "then as they were recorded"


def test_what_happened_on_the_day_of_a_stop_was_before_it_where_nobody_knows() -> None:
    stop = datetime(2026, 12, 5, 4, tzinfo=UTC)  # the evening of the 4th in the west
    for outcome, before in (("left", True), ("refused", True), ("stopped", False)):
        delivery_attempt = attempt(1, outcome, date(2026, 12, 4), WEST, stopped_at=stop)
        [placed] = place_attempts([delivery_attempt], begun={}, ended={})
        assert (placed.at <= stop) is before


def test_a_time_before_the_freeze_changes_no_order() -> None:
    day, frozen = date(2026, 12, 4), datetime(2026, 12, 4, 20, tzinfo=UTC)
    tries = [attempt(ident, "refused", day, "Etc/UTC") for ident in (1, 2)]
    set_times(tries, {1: time(11), 2: time(10)})
    placed = place_attempts(tries, begun={1: frozen}, ended={})
    assert [(placed_attempt.attempt.id, placed_attempt.at) for placed_attempt in placed] == [
        (2, frozen),
        (1, frozen),
    ]


def test_what_went_out_in_the_minute_of_a_stop_stands_after_it() -> None:
    stopped_at = datetime(2026, 12, 4, 17, 41, 42, tzinfo=UTC)
    went = attempt(1, "accepted", date(2026, 12, 4), "America/Toronto", stopped_at=stopped_at)
    for minute, at in [(40, time(12, 40)), (41, None), (42, time(12, 42))]:
        set_times([went], {1: time(12, minute)})
        [placed] = place_attempts([went], begun={}, ended={})
        expected = clock.moment_of(went.happened_on, at, went.zone) if at else stopped_at
        assert placed.at == expected
