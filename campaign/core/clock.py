"""The one place that asks what time it is. Moments are UTC; a day belongs to a place's zone."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

_Day = TypeVar("_Day", date, datetime)

EARLIEST_ZONE = "Etc/GMT-14"
"""Where each day begins first: a later day than there is still to come everywhere."""
MOST_AHEAD = timedelta(hours=14)  # so much sooner than in UTC a day begins there
LATEST_ZONE = "Etc/GMT+12"  # where each day ends last: a day that is over there is over everywhere
LONGEST_DAY = timedelta(hours=25)


def utcnow() -> datetime:
    return datetime.now(UTC)


def day_of(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def time_of(moment: datetime, zone: str) -> time:
    """Return the time of day, to the minute, of an aware `moment` in the time zone `zone`."""
    return moment.astimezone(ZoneInfo(zone)).time().replace(second=0, microsecond=0)


def cut_to_hour(moment: datetime) -> datetime:
    """Return when the moment's hour of UTC began."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def end_of_hour(moment: datetime) -> datetime:
    """Return the last instant of the moment's hour of UTC."""
    return cut_to_hour(moment) + timedelta(hours=1, microseconds=-1)


def cut_to_day(moment: datetime, zone: str) -> datetime:
    """Return, in UTC, when the moment's day began in the zone."""
    return moment_of(day_of(moment, zone), time.min, zone)


def keep_day(moment: datetime, zone: str) -> datetime:
    """Return the midnight of UTC that stands for the moment's day in the zone.

    Whatever zone is set later, it is read as that day. It can be `MOST_AHEAD` of the moment itself.
    """
    return moment_of(day_of(moment, zone), time.min, "UTC")


def moment_of(day: date, at: time, zone: str) -> datetime:
    """Return the moment, in UTC, of a day and time in the time zone `zone`."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def today(zone: str) -> date:
    return day_of(utcnow(), zone)


def months_before(day: _Day, months: int) -> _Day:
    """Return the same day so many months earlier, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))
