"""What can be recorded after a stop, and what is a part."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from campaign.bundles.bundle_status import STILL_HERE
from campaign.core.errors import Invalid
from campaign.deliveries.recording_rules import (
    GONE_OUT,
    CountedAttempt,
    is_after_stop,
    recount,
    refuse_no_stop,
    refuse_wrong_part,
)
from campaign.models.bundle import CAME_BACK, DeliveryOutcome

# 20:00:42 in Toronto.
STOP, ZONE = datetime(2026, 12, 5, 1, 0, 42, tzinfo=UTC), "America/Toronto"
DAY = date(2026, 12, 4)


def test_every_outcome_takes_letters_out_or_leaves_them_all_here() -> None:
    assert set(DeliveryOutcome) == STILL_HERE ^ GONE_OUT
    assert CAME_BACK < STILL_HERE


@pytest.mark.parametrize(
    ("outcome", "day", "clock", "after"),
    [
        (DeliveryOutcome.ACCEPTED, DAY, time(14, 30), False),
        (DeliveryOutcome.ACCEPTED, DAY, time(19, 59), False),
        # Nobody knows the second: what went out in the minute of the stop is looked at.
        (DeliveryOutcome.ACCEPTED, DAY, time(20, 0), True),
        (DeliveryOutcome.ACCEPTED, DAY, time(20, 1), True),
        # Nobody said the time, and it was recorded after the stop.
        (DeliveryOutcome.ACCEPTED, DAY, None, True),
        (DeliveryOutcome.POSTED, DAY, None, True),
        (DeliveryOutcome.POSTED, date(2026, 12, 3), None, False),
        (DeliveryOutcome.REFUSED, DAY, None, False),
        (DeliveryOutcome.POSTED, date(2026, 12, 5), None, True),
        (DeliveryOutcome.REFUSED, date(2026, 12, 5), time(9, 0), False),
        (DeliveryOutcome.STOPPED, date(2026, 12, 5), time(9, 0), False),
    ],
)
def test_what_went_out_after_a_stop_is_known_by_day_and_time(
    outcome: DeliveryOutcome, day: date, clock: time | None, after: bool
) -> None:
    later = STOP + timedelta(hours=1)
    assert is_after_stop(outcome, day, clock, STOP, zone=ZONE, recorded_at=later) is after
    assert not is_after_stop(outcome, day, clock, None, zone=ZONE, recorded_at=later)


@pytest.mark.parametrize("clock", [None, time(20, 0)])
def test_what_was_recorded_before_a_stop_was_before_it(clock: time | None) -> None:
    before = STOP - timedelta(seconds=1)
    assert not is_after_stop(DeliveryOutcome.LEFT, DAY, clock, STOP, zone=ZONE, recorded_at=before)
    assert is_after_stop(
        DeliveryOutcome.LEFT, DAY, time(20, 1), STOP, zone=ZONE, recorded_at=before
    )


@pytest.mark.parametrize("ahead", [1, 2])
def test_a_day_of_a_zone_further_east_is_no_later_one_and_a_corrected_day_is(ahead: int) -> None:
    before, day = STOP - timedelta(hours=4), DAY + timedelta(days=ahead)
    late = is_after_stop(DeliveryOutcome.POSTED, day, None, STOP, zone=ZONE, recorded_at=before)
    assert late == (ahead == 2)


def test_nothing_is_stopped_that_runs() -> None:
    with pytest.raises(Invalid):
        refuse_no_stop(DeliveryOutcome.STOPPED, None)
    refuse_no_stop(DeliveryOutcome.STOPPED, STOP)
    refuse_no_stop(DeliveryOutcome.ACCEPTED, None)


def attempt(ident: int, messages: int, hour: int | None, kind: str = "whole") -> CountedAttempt:
    at = time(hour) if hour is not None else None
    return CountedAttempt(ident, DAY, at, kind != "refused", kind in {"part", "posted"}, messages)


ALL, REST, PART = attempt(1, 7, 15), attempt(2, 4, 15), attempt(3, 3, 10, "part")
POSTED = attempt(2, 2, None, "posted")
LATE, NONE = attempt(8, 7, 9), attempt(2, 0, 15)


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ([ALL], [PART, ALL], [3, 4]),
        ([attempt(4, 7, 12, "refused"), ALL], [PART, attempt(4, 7, 12, "refused"), ALL], [3, 4, 4]),
        ([PART, REST], [attempt(5, 2, 9, "part"), PART, REST], [2, 3, 2]),
        ([PART, REST], [REST], [7]),
        ([LATE, NONE], [NONE], [7]),
        ([PART, REST], [PART, REST], [3, 4]),
        ([PART, REST], [PART], [3]),
        # Where a time is not known, the one recorded first came first.
        ([attempt(1, 3, None, "part")], [REST, attempt(1, 3, None, "part")], [4, 3]),
        ([REST, attempt(1, 3, None, "part")], [REST], [7]),
        # A refusal came before what went out that day at a time that nobody knows.
        ([attempt(1, 7, None)], [attempt(4, 7, 12, "refused"), attempt(1, 7, None)], [7, 7]),
        ([attempt(4, 7, 12, "refused"), attempt(1, 7, None)], [attempt(4, 7, 12, "refused")], [7]),
        # Or before envelopes that were posted, if it was recorded before.
        ([POSTED], [POSTED, attempt(3, 5, 12, "refused")], [2, 5]),
        ([POSTED, attempt(3, 5, 12, "refused")], [attempt(3, 5, 12, "refused")], [7]),
        ([attempt(1, 7, 12, "refused")], [attempt(1, 7, 12, "refused"), POSTED], [7, 2]),
    ],
)
def test_what_went_before_was_not_there_later_and_what_was_counted_stays(
    before: list[CountedAttempt], after: list[CountedAttempt], counts: list[int]
) -> None:
    assert list(recount(before, after).values()) == counts


def test_no_more_letters_go_out_than_were_there() -> None:
    with pytest.raises(Invalid) as refused:
        recount([PART, REST], [REST._replace(at=time(9)), PART])
    assert refused.value.fields == {"happened_on": "more-than-were-there"}


@pytest.mark.parametrize("taken", [None, 0, -1, 7, 8])
def test_a_part_is_some_and_not_all(taken: int | None) -> None:
    with pytest.raises(Invalid):
        refuse_wrong_part(taken, 7)
    assert refuse_wrong_part(6, 7) == 6
