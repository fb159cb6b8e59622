"""What can be recorded after a stop, and what is a part."""

from datetime import UTC, date, datetime, time

import pytest

from campaign.bundles.models import DeliveryOutcome
from campaign.deliveries.rules import Stop, refuse_after_stop, refuse_wrong_part
from campaign.errors import Invalid

# 20:00 in Toronto.
STOP = Stop(datetime(2026, 12, 5, 1, 0, tzinfo=UTC), "America/Toronto")
DAY = date(2026, 12, 4)


@pytest.mark.parametrize(
    ("outcome", "day", "clock", "allowed"),
    [
        (DeliveryOutcome.ACCEPTED, DAY, time(14, 30), True),
        (DeliveryOutcome.ACCEPTED, DAY, time(20, 0), True),
        (DeliveryOutcome.ACCEPTED, DAY, time(20, 1), False),
        (DeliveryOutcome.ACCEPTED, DAY, None, True),
        (DeliveryOutcome.ACCEPTED, date(2026, 12, 5), None, False),
        (DeliveryOutcome.REFUSED, date(2026, 12, 5), time(9, 0), False),
        (DeliveryOutcome.STOPPED, date(2026, 12, 5), time(9, 0), True),
    ],
)
def test_what_was_before_a_stop_is_recorded_and_nothing_after(
    outcome: DeliveryOutcome, day: date, clock: time | None, allowed: bool
) -> None:
    if allowed:
        refuse_after_stop(outcome, day, clock, STOP)
        return
    with pytest.raises(Invalid) as refused:
        refuse_after_stop(outcome, day, clock, STOP)
    assert refused.value.fields == {"happened_on": "delivery-after-stop"}


def test_nothing_is_stopped_that_runs() -> None:
    with pytest.raises(Invalid):
        refuse_after_stop(DeliveryOutcome.STOPPED, DAY, None, None)
    refuse_after_stop(DeliveryOutcome.ACCEPTED, DAY, None, None)


@pytest.mark.parametrize("taken", [None, 0, -1, 7, 8])
def test_a_part_is_some_and_not_all(taken: int | None) -> None:
    with pytest.raises(Invalid):
        refuse_wrong_part(taken, 7)
    assert refuse_wrong_part(6, 7) == 6
