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
from campaign.staff.audit_log.by_campaign import select_ids_about

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
    """List the newest entries of the filter below the id `before`; days are those of `zone`."""
    where: list[ColumnElement[bool]] = []
    if chosen.actor:
        where.append(AuditEntry.actor == chosen.actor)
    if chosen.action:
        where.append(AuditEntry.action == chosen.action)
    lowest, highest = _find_bounds(session, chosen, ZoneInfo(zone))
    if lowest is not None:
        where.append(AuditEntry.id >= lowest)
    if highest is not None:
        where.append(AuditEntry.id <= highest)
    if before is not None:
        where.append(AuditEntry.id < before)
    if chosen.subjects is not None:
        about = select_ids_about(chosen.subjects, *where, limit=limit).subquery()
        newest = select(about.c.id).distinct().order_by(about.c.id.desc()).limit(limit)
        where = [AuditEntry.id.in_(session.scalars(newest).all())]
    newest_first = select(AuditEntry).where(*where).order_by(AuditEntry.id.desc())
    return session.scalars(newest_first.limit(limit)).all()


def walk_entries(session: Session, chosen: Filter, *, zone: str) -> Iterator[Sequence[AuditEntry]]:
    """Walk all entries of the filter, the newest first, in parts."""
    before = None
    while part := list_entries(session, chosen, zone=zone, before=before, limit=_BATCH):
        yield part
        before = part[-1].id
        session.expunge_all()


def list_known_subjects(session: Session, named: Iterable[str]) -> tuple[str, ...]:
    """List those of `named` that an entry is about; the first twenty are looked at."""
    subjects = list(dict.fromkeys(named))[:_MOST_SUBJECTS]
    return tuple(subject for subject in subjects if _is_known(session, subject))


def _is_known(session: Session, subject: str) -> bool:
    own = select(AuditEntry.id).where(AuditEntry.subject == subject).limit(1)
    if session.scalar(own) is not None:
        return True
    return session.scalar(select_ids_about([subject], limit=1).limit(1)) is not None


def _find_bounds(session: Session, chosen: Filter, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """Find the ids between which the days lie: in the chain, time runs with the ids."""
    lowest = highest = None
    if chosen.since is not None:
        start = datetime.combine(max(chosen.since, _FIRST_DAY), time(), zone)
        first = select(AuditEntry.id).where(AuditEntry.at >= start).order_by(AuditEntry.at)
        lowest = session.scalar(first.order_by(AuditEntry.id).limit(1))
        if lowest is None:
            lowest = (session.scalar(select(func.max(AuditEntry.id))) or 0) + 1
    if chosen.until is not None:
        last_day = min(chosen.until, _LAST_DAY)
        end = datetime.combine(last_day + timedelta(days=1), time(), zone)
        last = select(AuditEntry.id).where(AuditEntry.at < end).order_by(AuditEntry.at.desc())
        highest = session.scalar(last.order_by(AuditEntry.id.desc()).limit(1)) or 0
    return lowest, highest
