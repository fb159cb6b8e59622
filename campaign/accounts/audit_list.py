"""Entries of the audit, found by who, what, about what and when; the newest first, page by page.

A page begins below the id at which the one before it ended, and each filter has its index: with a
million entries the last page comes as fast as the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, column, func, or_, select, table
from sqlalchemy.orm import Session

from campaign.accounts.models import StaffUser
from campaign.accounts.services import find_by_email
from campaign.audit import AuditEntry

PER_PAGE = 50
_BATCH = 1_000
_MOST_SUBJECTS = 20
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9999, 12, 30)
"""Days beyond these lie outside of what a moment can be in some time zone."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; what is empty or None filters nothing."""

    actor: str = ""
    action: str = ""
    subjects: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    """The last day that counts."""


def list_entries(
    unit: Session,
    chosen: Filter,
    *,
    zone: str,
    before: int | None = None,
    limit: int = PER_PAGE,
) -> Sequence[AuditEntry]:
    """The newest entries of the filter below the id `before`; days are those of `zone`."""
    wanted = select(AuditEntry)
    if chosen.actor:
        wanted = wanted.where(AuditEntry.actor == chosen.actor)
    if chosen.action:
        wanted = wanted.where(AuditEntry.action == chosen.action)
    if chosen.subjects is not None:
        wanted = wanted.where(AuditEntry.subject.in_(chosen.subjects))
    lowest, highest = _bounds(unit, chosen, ZoneInfo(zone))
    if lowest is not None:
        wanted = wanted.where(AuditEntry.id >= lowest)
    if highest is not None:
        wanted = wanted.where(AuditEntry.id <= highest)
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    return unit.scalars(wanted.order_by(AuditEntry.id.desc()).limit(limit)).all()


def walk(unit: Session, chosen: Filter, *, zone: str) -> Iterator[Sequence[AuditEntry]]:
    """All entries of the filter, the newest first, in parts."""
    before = None
    while part := list_entries(unit, chosen, zone=zone, before=before, limit=_BATCH):
        yield part
        before = part[-1].id
        unit.expunge_all()


def subjects_of(unit: Session, typed: str) -> tuple[str, ...] | None:
    """What somebody means who typed a reference, a slug, a name or an address; None for nothing.

    An empty tuple where there is no such thing. What it gives names things by their ids, never by
    what was typed: it may stand in addresses and in the audit itself.
    """
    typed = typed.strip()
    if not typed:
        return None
    if named := known_subjects(unit, typed.split()):
        return named
    found = [f"staff:{user.id}" for user in _staff_called(unit, typed)]
    said = typed.lower()
    campaign = table("campaign", column("id"), column("slug"), column("reference"))
    called_so = or_(campaign.c.slug == said, func.lower(campaign.c.reference) == said)
    ids = unit.scalars(select(campaign.c.id).where(called_so))
    found.extend(f"campaign:{one}" for one in ids)
    for name in ("official", "mission"):
        known = table(name, column("public_id"), column("slug"))
        ids = unit.scalars(select(known.c.public_id).where(known.c.slug == said))
        found.extend(f"{name}:{one}" for one in ids)
    return known_subjects(unit, found)


def known_subjects(unit: Session, named: Iterable[str]) -> tuple[str, ...]:
    """Those of `named` that an entry is about; the first twenty are looked at."""
    wanted = list(dict.fromkeys(named))[:_MOST_SUBJECTS]
    return tuple(one for one in wanted if unit.scalar(_first_about(one)) is not None)


def _first_about(subject: str) -> Select[int]:
    return select(AuditEntry.id).where(AuditEntry.subject == subject).limit(1)


def _staff_called(unit: Session, typed: str) -> list[StaffUser]:
    by_email = find_by_email(unit, typed) if "@" in typed else None
    if by_email is not None:
        return [by_email]
    # Names are sealed: only here can they be compared.
    users = unit.scalars(select(StaffUser)).all()
    return [user for user in users if user.name and user.name.casefold() == typed.casefold()]


def _bounds(unit: Session, chosen: Filter, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """Ids between which the days lie: in the chain, time runs with the ids."""
    lowest = highest = None
    if chosen.since is not None:
        start = datetime.combine(max(chosen.since, _FIRST_DAY), time(), zone)
        first = select(AuditEntry.id).where(AuditEntry.at >= start).order_by(AuditEntry.at)
        lowest = unit.scalar(first.order_by(AuditEntry.id).limit(1))
        lowest = _beyond(unit) if lowest is None else lowest
    if chosen.until is not None:
        last_day = min(chosen.until, _LAST_DAY)
        end = datetime.combine(last_day + timedelta(days=1), time(), zone)
        last = select(AuditEntry.id).where(AuditEntry.at < end).order_by(AuditEntry.at.desc())
        highest = unit.scalar(last.order_by(AuditEntry.id.desc()).limit(1)) or 0
    return lowest, highest


def _beyond(unit: Session) -> int:
    return (unit.scalar(select(func.max(AuditEntry.id))) or 0) + 1
