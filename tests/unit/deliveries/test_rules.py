"""What can be recorded after a stop, and what is a part."""

from datetime import UTC, date, datetime, time

import pytest

from campaign.bundles.models import DeliveryOutcome
from campaign.deliveries.rules import (
    Stop,
    is_after_stop,
    refuse_no_stop,
    refuse_wrong_part,
    without,
)
from campaign.errors import Invalid

# 20:00 in Toronto.
STOP = Stop(datetime(2026, 12, 5, 1, 0, tzinfo=UTC), "America/Toronto")
DAY = date(2026, 12, 4)


@pytest.mark.parametrize(
    ("outcome", "day", "clock", "after"),
    [
        (DeliveryOutcome.ACCEPTED, DAY, time(14, 30), False),
        (DeliveryOutcome.ACCEPTED, DAY, time(20, 0), False),
        (DeliveryOutcome.ACCEPTED, DAY, time(20, 1), True),
        (DeliveryOutcome.ACCEPTED, DAY, None, False),
        (DeliveryOutcome.POSTED, date(2026, 12, 5), None, True),
        (DeliveryOutcome.REFUSED, date(2026, 12, 5), time(9, 0), False),
        (DeliveryOutcome.STOPPED, date(2026, 12, 5), time(9, 0), False),
    ],
)
def test_what_went_out_after_a_stop_is_known_by_day_and_time(
    outcome: DeliveryOutcome, day: date, clock: time | None, after: bool
) -> None:
    assert is_after_stop(outcome, day, clock, STOP) is after
    assert not is_after_stop(outcome, day, clock, None)


def test_nothing_is_stopped_that_runs() -> None:
    with pytest.raises(Invalid):
        refuse_no_stop(DeliveryOutcome.STOPPED, None)
    refuse_no_stop(DeliveryOutcome.STOPPED, STOP)
    refuse_no_stop(DeliveryOutcome.ACCEPTED, None)


@pytest.mark.parametrize(
    ("later", "taken", "counts"),
    [
        ([(True, 7)], 3, [4]),
        ([(False, 7), (True, 7)], 3, [4, 4]),
        ([(True, 2), (True, 5)], 3, [0, 4]),
        ([], 3, []),
    ],
)
def test_what_went_before_was_not_there_later(
    later: list[tuple[bool, int]], taken: int, counts: list[int]
) -> None:
    assert without(later, taken) == counts


@pytest.mark.parametrize("taken", [None, 0, -1, 7, 8])
def test_a_part_is_some_and_not_all(taken: int | None) -> None:
    with pytest.raises(Invalid):
        refuse_wrong_part(taken, 7)
    assert refuse_wrong_part(6, 7) == 6
