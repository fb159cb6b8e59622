"""The last day to write, as people say it: "nine days left", "until Friday 4 December". Pure."""

from dataclasses import dataclass
from datetime import date, datetime

from babel import Locale as BabelLocale
from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.core import clock, i18n
from campaign.core.i18n import say_number
from campaign.core.language_facts import facts_of

_POST_DAYS = 7
NEAR_DAYS = 3
"""From so many days before the last one on, the deadline stands out."""


@dataclass(frozen=True, slots=True)
class Deadline:
    when: str
    """As people say it: "Friday 4 December"."""
    iso: str
    near: bool
    leaves_time_for_post: bool
    past: bool
    left: str = ""
    late: str = ""
    """That it is over there, and letters are taken until it has ended everywhere; else empty."""


def deadline_of(act_by: date | None, locale: str, now: datetime, zone: str) -> Deadline | None:
    """The last day, in words; days are those of `zone`, which is the campaign's."""
    if act_by is None:
        return None
    left, past = i18n.days_left(act_by, now, zone), i18n.day_is_over(act_by, now)
    return Deadline(
        when=say_day(act_by, locale, now),
        iso=act_by.isoformat(),
        near=left <= NEAR_DAYS and not past,
        leaves_time_for_post=left > _POST_DAYS,
        past=past,
        left=say_days_left(left, locale) if left >= 0 else "",
        late=_say_late(act_by, locale) if left < 0 and not past else "",
    )


def _say_late(act_by: date, locale: str) -> str:
    day = format_date(act_by, "EEEE", locale=BabelLocale.parse(locale, sep="-"))
    return str(_("The deadline was %(day)s. You can still write for a few hours.", day=day))


def say_day(day: date, locale: str, now: datetime) -> str:
    """A day as people say it; the year only where it is not this one."""
    this_year = clock.day_of(now, clock.LATEST_ZONE).year
    return i18n.say_day(day, locale, weekday=True, year=day.year != this_year)


def say_days_left(days: int, locale: str) -> str:
    """How long one can still write: "Nine days left"; on the last day itself it says that."""
    if days == 0:
        return str(_("Today is the last day"))
    numbers = facts_of(locale).numbers
    number = numbers[days - 1] if days <= len(numbers) else say_number(days, locale)
    words = str(ngettext("%(days)s day left", "%(days)s days left", days, days=number))
    return i18n.capitalize_first(words)
