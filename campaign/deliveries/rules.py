"""What can be recorded of a bundle at the gate. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from campaign.bundles.models import DeliveryOutcome
from campaign.errors import Invalid

GONE_OUT = frozenset(
    {
        DeliveryOutcome.ACCEPTED,
        DeliveryOutcome.PART,
        DeliveryOutcome.LEFT,
        DeliveryOutcome.POSTED,
        DeliveryOutcome.COURIER,
    }
)
"""How an attempt can end so that letters are out of our hands."""
SENT = frozenset({DeliveryOutcome.POSTED, DeliveryOutcome.COURIER})
"""Ends that somebody else carries on, under a number of theirs."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A campaign's stop, as its rules see it."""

    stopped_at: datetime
    timezone: str


def refuse_after_stop(
    outcome: DeliveryOutcome, happened_on: date, happened_time: time | None, stop: Stop | None
) -> None:
    """Nothing is handed over after a stop; that it was not, and what was before, is recorded.

    The time of day decides on the day of the stop, where it is known. Raises Invalid.
    """
    if outcome is DeliveryOutcome.STOPPED:
        if stop is None:
            raise Invalid(fields={"outcome": "delivery-not-stopped"})
        return
    if stop is None:
        return
    local = stop.stopped_at.astimezone(ZoneInfo(stop.timezone))
    clock = local.time().replace(second=0, microsecond=0)
    late = happened_time is not None and happened_time > clock
    if happened_on > local.date() or (happened_on == local.date() and late):
        raise Invalid(fields={"happened_on": "delivery-after-stop"})


def refuse_wrong_part(taken: int | None, here: int, *, field: str = "taken") -> int:
    """How many letters of a part were taken: at least one, not all. Raises Invalid (`field`)."""
    if taken is None:
        raise Invalid(fields={field: "taken-missing"})
    if not 1 <= taken < here:
        raise Invalid(fields={field: "taken-not-a-part"})
    return taken
