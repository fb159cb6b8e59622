"""Entries of the audit, found by who, what, about what and when; the newest first, page by page.

A page begins below the id at which the one before it ended, and each filter has its index: with a
million entries the last page comes as fast as the first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    Text,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core.audit import AuditEntry
from campaign.core.text.desk_texts import read_number
from campaign.models.bundle import Bundle, DeliveryAttempt
from campaign.models.export import DataExport
from campaign.models.paper_signature import PaperImport, PaperSheet
from campaign.models.reply import Reply
from campaign.models.screening import Hold, Invalidation

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


CAMPAIGN_KINDS: Mapping[str, type[Any]] = {
    "bundle": Bundle,
    "reply": Reply,
    "paper-sheet": PaperSheet,
    "paper-import": PaperImport,
    "export": DataExport,
    "delivery": DeliveryAttempt,
    "invalidation": Invalidation,
}
"""Kinds of subjects that are of one campaign, and their models."""
_GONE = (
    "reply.delete",
    "paper.sheet-delete",
    "paper.import-upload",
    "letter.returned",
    "letter.decision-undone",
)
"""Deeds after which no table may say any more of which campaign their subject was."""
NAMING_GONE = ("officials.merge", "officials.delete", "missions.merge", "missions.delete")
"""Deeds after which an entry of the directory is gone: `gone_name` says what it was called.

A merge is about the entry that is kept, and names the other in `gone`.
"""
_NAMING_ANOTHER = ("campaign.clone", "campaign.continue")
"""Deeds on one campaign that name another."""


def select_ids_about(
    subjects: Collection[str], *where: ColumnElement[bool], limit: int
) -> CompoundSelect[int]:
    """Select the newest ids of entries about these subjects, and about what belongs to campaigns.

    Each part of the union goes by an index of its own and gives `limit` ids at most; an id may
    come twice.
    """
    kind = "campaign:"
    campaigns = [
        number_of(subject.removeprefix(kind)) for subject in subjects if subject.startswith(kind)
    ]
    matches: list[ColumnElement[bool]] = [AuditEntry.subject.in_(subjects)]
    directory_ids = [ident for subject in subjects if (ident := get_directory_id(subject))]
    if directory_ids:
        matches.append(AuditEntry.action.in_(NAMING_GONE) & detail_text("gone").in_(directory_ids))
    if campaigns:
        matches.append(AuditEntry.subject.in_(_select_subjects_of(campaigns)))
        names_another = _details_name(campaigns, "other", "earlier")
        matches.append(AuditEntry.action.in_(_NAMING_ANOTHER) & names_another)
    return union_all(*(_select_newest(match, *where, limit=limit) for match in matches))


def _select_newest(*where: ColumnElement[bool], limit: int) -> Select[int]:
    # A sum is in no index: by the id itself a database may walk all entries until it has enough.
    last_first = (AuditEntry.id + 0).desc()
    newest = select(AuditEntry.id).where(*where).order_by(last_first).limit(limit).subquery()
    return select(newest.c.id)


def get_directory_id(subject: str) -> str:
    """Return the id in the subject of an official or a mission; empty where it is none."""
    kind, _colon, ident = subject.partition(":")
    return ident if kind in {"official", "mission"} else ""


def detail_text(name: str) -> ColumnElement[str]:
    return cast(AuditEntry.detail[name].as_string(), Text)


def number_of(text: str) -> int:
    """Return the number in a subject; 0 where it is none."""
    return read_number(text) or 0


def _select_subjects_of(campaigns: Collection[int]) -> CompoundSelect[str]:
    parts = [
        _select_subjects(kind, model.id, model.campaign_id.in_(campaigns))
        for kind, model in CAMPAIGN_KINDS.items()
    ]
    parts.append(_select_subjects("journey", Bundle.journey_id, Bundle.campaign_id.in_(campaigns)))
    parts.append(
        _select_subjects("screening-act", Hold.act_id, Hold.campaign_id.in_(campaigns)).distinct()
    )
    gone = select(AuditEntry.subject).where(
        AuditEntry.action.in_(_GONE), _details_name(campaigns, "campaign", "campaigns")
    )
    return union_all(*parts, gone)


def _select_subjects(
    kind: str, ident: QueryableAttribute[Any], in_campaigns: ColumnElement[bool]
) -> Select[str]:
    subject = literal(f"{kind}:", String).concat(cast(ident, String))
    return select(subject).where(in_campaigns, ident.is_not(None))


def _details_name(campaigns: Collection[int], *details: str) -> ColumnElement[bool]:
    """Whether one of those details names one of them by number, alone or in a list."""
    return or_(
        *(_get_number_list(name).like(f"%,{number},%") for name in details for number in campaigns)
    )


def _get_number_list(name: str) -> ColumnElement[str]:
    """Return a detail as ",7,12,", whether it is kept as 7 or as [7, 12]."""
    text = detail_text(name)
    for mark, instead in ((" ", ""), ("[", ","), ("]", ",")):
        text = func.replace(text, mark, instead)
    return literal(",", String).concat(text).concat(",")
