"""When the time is over for which contact data is kept. Pure."""

import calendar
from datetime import date, datetime

from campaign.campaigns.stop_rule import has_ended, is_stopped
from campaign.core import clock
from campaign.models.campaign import CampaignStatus


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last one of a shorter month."""
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def ended_at(
    status: CampaignStatus, closed_at: datetime | None, stopped_at: datetime | None
) -> datetime | None:
    """When a campaign ended; None as long as it goes on."""
    if is_stopped(status):
        return max(filter(None, (closed_at, stopped_at)), default=None)
    return closed_at if has_ended(status) else None


def all_is_over(ended: datetime | None, delivered_on: date | None, over: date) -> bool:
    """Whether a campaign ended on the day `over` or before, and its last delivery was by then.

    What is handed over after the end has its own time to be answered.
    """
    if ended is None:
        return False
    return max(clock.day_of(ended, "UTC"), delivered_on or date.min) <= over
