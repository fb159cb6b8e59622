"""Who is told of what, and when. Pure."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.models.network import Frequency

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a member wants to hear of; an empty list asks for all."""

    countries: Sequence[str] = ()
    themes: Sequence[str] = ()
    languages: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a mailing is about, as far as wishes go by it."""

    country: str
    themes: Sequence[str]
    languages: Sequence[str]
    """Those in which letters can be written."""


def matches(wishes: Wishes, subject: Subject) -> bool:
    """Whether somebody with these wishes wants to hear of it."""
    return (
        (not wishes.countries or subject.country in wishes.countries)
        and _share(wishes.themes, subject.themes)
        and _share(_spoken(wishes.languages), _spoken(subject.languages))
    )


def due_before(frequency: Frequency, now: datetime) -> datetime:
    """Members of that frequency who were last told before this moment are due for a mail."""
    if frequency is Frequency.EACH:
        return now
    if frequency is Frequency.WEEKLY:
        return now - _WEEK
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    last = calendar.monthrange(year, month)[1]
    return now.replace(year=year, month=month, day=min(now.day, last))


def _share(wanted: Sequence[str], given: Sequence[str]) -> bool:
    return not wanted or not set(wanted).isdisjoint(given)


def _spoken(locales: Sequence[str]) -> list[str]:
    """Languages without their regions: who writes `pt` can write to an action in `pt-BR`."""
    return [code.partition("-")[0] for code in locales]
