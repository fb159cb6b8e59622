"""What can be recorded of a bundle at the gate. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from campaign.bundles.models import DeliveryAttempt, DeliveryOutcome
from campaign.campaigns.models import Campaign, CampaignStatus
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


def stop_of(campaign: Campaign) -> Stop | None:
    """A campaign's stop, where it is stopped."""
    if campaign.status is not CampaignStatus.STOPPED or campaign.stopped_at is None:
        return None
    return Stop(campaign.stopped_at, campaign.timezone)


def went_after_stop(attempt: DeliveryAttempt, at: time | None) -> bool:
    """Whether letters went out with an attempt after their campaign was stopped."""
    return is_after_stop(attempt.outcome, attempt.happened_on, at, stop_of(attempt.campaign))


def refuse_no_stop(outcome: DeliveryOutcome, stop: Stop | None) -> None:
    """“Not delivered: stopped” is said of a campaign that is. Raises Invalid."""
    if outcome is DeliveryOutcome.STOPPED and stop is None:
        raise Invalid(fields={"outcome": "delivery-not-stopped"})


def is_after_stop(
    outcome: DeliveryOutcome, happened_on: date, happened_time: time | None, stop: Stop | None
) -> bool:
    """Whether letters went out after a stop, by somebody who did not know of it yet.

    The time of day decides on the day of the stop, where it is known.
    """
    if stop is None or outcome not in GONE_OUT:
        return False
    local = stop.stopped_at.astimezone(ZoneInfo(stop.timezone))
    clock = local.time().replace(second=0, microsecond=0)
    late = happened_time is not None and happened_time > clock
    return happened_on > local.date() or (happened_on == local.date() and late)


def without(counts: Sequence[tuple[bool, int]], taken: int) -> list[int]:
    """What later attempts were about, once `taken` letters are known to have gone before them.

    `counts`: of each, in order, whether letters went out with it, and how many were thought to.
    """
    left, found = taken, []
    for went_out, letters in counts:
        fewer = min(letters, left)
        found.append(letters - fewer)
        left -= fewer if went_out else 0
    return found


def refuse_wrong_part(taken: int | None, here: int, *, field: str = "taken") -> int:
    """How many letters of a part were taken: at least one, not all. Raises Invalid (`field`)."""
    if taken is None:
        raise Invalid(fields={field: "taken-missing"})
    if not 1 <= taken < here:
        raise Invalid(fields={field: "taken-not-a-part"})
    return taken
