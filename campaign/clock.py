"""The clock: the one place that asks what time it is, and on which day something happens.

Moments are UTC. A day belongs to a place: the organisation's, the campaign's or the mission's zone.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utcnow() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime, zone: str) -> date:
    """Return the day of an aware `moment` in the time zone `zone` ("America/Toronto")."""
    return moment.astimezone(ZoneInfo(zone)).date()


def today(zone: str) -> date:
    """Return today's day in the time zone `zone`."""
    return day_of(utcnow(), zone)
