"""What can be recorded of a bundle at the gate. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time

from campaign import clock
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
    day = clock.day_of(stop.stopped_at, stop.timezone)
    minute = clock.time_of(stop.stopped_at, stop.timezone)
    late = happened_time is not None and happened_time > minute
    if happened_on > day or (happened_on == day and late):
        raise Invalid(fields={"happened_on": "delivery-after-stop"})


def refuse_impossible_day(
    day: date, *, frozen_on: date, today: date, field: str = "happened_on"
) -> None:
    """Refuse a day before the bundle was frozen, or after today. Raises Invalid (`field`).

    All three are days at the mission.
    """
    if day > today:
        raise Invalid(fields={field: "day-to-come"})
    if day < frozen_on:
        raise Invalid(fields={field: "day-before-bundle"})


def refuse_wrong_part(taken: int | None, here: int, *, field: str = "taken") -> int:
    """How many letters of a part were taken: at least one, not all. Raises Invalid (`field`)."""
    if taken is None:
        raise Invalid(fields={field: "taken-missing"})
    if not 1 <= taken < here:
        raise Invalid(fields={field: "taken-not-a-part"})
    return taken
