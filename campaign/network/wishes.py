"""What members want to hear of, and how often. Pure."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.models.campaign import Campaign
from campaign.models.network import Frequency, NetworkMember

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


def wishes_of(member: NetworkMember) -> Wishes:
    return Wishes(member.countries, member.themes, member.languages)


def subject_of(campaign: Campaign) -> Subject:
    return Subject(campaign.country, campaign.themes, campaign.letter_locales)


def matches(wishes: Wishes, subject: Subject) -> bool:
    """Return whether somebody with these wishes wants to hear of it."""
    return (
        (not wishes.countries or subject.country in wishes.countries)
        and _share(wishes.themes, subject.themes)
        and _share(_without_regions(wishes.languages), _without_regions(subject.languages))
    )


def due_before(frequency: Frequency, now: datetime) -> datetime:
    """Return the moment before which members of that frequency who are due were last told."""
    if frequency is Frequency.EACH:
        return now
    if frequency is Frequency.WEEKLY:
        return now - _WEEK
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    last = calendar.monthrange(year, month)[1]
    return now.replace(year=year, month=month, day=min(now.day, last))


def _share(wishes: Sequence[str], subjects: Sequence[str]) -> bool:
    return not wishes or not set(wishes).isdisjoint(subjects)


def _without_regions(locales: Sequence[str]) -> list[str]:
    """Who writes `pt` can write to an action in `pt-BR`."""
    return [code.partition("-")[0] for code in locales]
