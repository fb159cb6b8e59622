"""Days for tests: those of the place where their organisation, campaigns and missions are."""

from datetime import date, timedelta

from campaign.core import clock

ZONE = "America/Toronto"


def today() -> date:
    """Return today there: never the day of UTC, nor that of the machine."""
    return clock.today(ZONE)


def days_ago(days: int) -> date:
    """Return the day that was so many days ago there."""
    return today() - timedelta(days=days)
