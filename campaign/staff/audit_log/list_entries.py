"""Entries of the audit, found by who, what, about what and when; the newest first, page by page.

A page begins below the id at which the one before it ended, and each filter has its index: with a
million entries the last page comes as fast as the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.staff.audit_log.by_campaign import ids_about

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
    """A campaign stands for all that belongs to it."""
    since: date | None = None
    until: date | None = None
    """The last day that counts."""


def list_entries(
    session: Session, chosen: Filter, *, zone: str, before: int | None = None, limit: int = PER_PAGE
) -> Sequence[AuditEntry]:
    """The newest entries of the filter below the id `before`; days are those of `zone`."""
    where: list[ColumnElement[bool]] = []
    if chosen.actor:
        where.append(AuditEntry.actor == chosen.actor)
    if chosen.action:
        where.append(AuditEntry.action == chosen.action)
    lowest, highest = _bounds(session, chosen, ZoneInfo(zone))
    if lowest is not None:
        where.append(AuditEntry.id >= lowest)
    if highest is not None:
        where.append(AuditEntry.id <= highest)
    if before is not None:
        where.append(AuditEntry.id < before)
    if chosen.subjects is not None:
        about = ids_about(chosen.subjects, *where, limit=limit).subquery()
        newest = select(about.c.id).distinct().order_by(about.c.id.desc()).limit(limit)
        where = [AuditEntry.id.in_(session.scalars(newest).all())]
    wanted = select(AuditEntry).where(*where).order_by(AuditEntry.id.desc()).limit(limit)
    return session.scalars(wanted).all()


def walk(session: Session, chosen: Filter, *, zone: str) -> Iterator[Sequence[AuditEntry]]:
    """All entries of the filter, the newest first, in parts."""
    before = None
    while part := list_entries(session, chosen, zone=zone, before=before, limit=_BATCH):
        yield part
        before = part[-1].id
        session.expunge_all()


def known_subjects(session: Session, named: Iterable[str]) -> tuple[str, ...]:
    """Those of `named` that an entry is about; the first twenty are looked at."""
    wanted = list(dict.fromkeys(named))[:_MOST_SUBJECTS]
    return tuple(one for one in wanted if _is_known(session, one))


def _is_known(session: Session, subject: str) -> bool:
    own = select(AuditEntry.id).where(AuditEntry.subject == subject).limit(1)
    if session.scalar(own) is not None:
        return True
    return session.scalar(ids_about([subject], limit=1).limit(1)) is not None


def _bounds(session: Session, chosen: Filter, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """Ids between which the days lie: in the chain, time runs with the ids."""
    lowest = highest = None
    if chosen.since is not None:
        start = datetime.combine(max(chosen.since, _FIRST_DAY), time(), zone)
        first = select(AuditEntry.id).where(AuditEntry.at >= start).order_by(AuditEntry.at)
        lowest = session.scalar(first.order_by(AuditEntry.id).limit(1))
        lowest = _beyond(session) if lowest is None else lowest
    if chosen.until is not None:
        last_day = min(chosen.until, _LAST_DAY)
        end = datetime.combine(last_day + timedelta(days=1), time(), zone)
        last = select(AuditEntry.id).where(AuditEntry.at < end).order_by(AuditEntry.at.desc())
        highest = session.scalar(last.order_by(AuditEntry.id.desc()).limit(1)) or 0
    return lowest, highest


def _beyond(session: Session) -> int:
    return (session.scalar(select(func.max(AuditEntry.id))) or 0) + 1
