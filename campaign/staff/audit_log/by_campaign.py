"""What belongs to a campaign in the audit: about its bundles, replies, exports and so on."""

from collections.abc import Collection, Mapping
from typing import Any

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
from sqlalchemy.orm import QueryableAttribute

from campaign.core.audit import AuditEntry
from campaign.models.bundle import Bundle, DeliveryAttempt
from campaign.models.export import DataExport
from campaign.models.paper_signature import PaperImport, PaperSheet
from campaign.models.reply import Reply
from campaign.models.review_hold import Hold
from campaign.models.screening import Invalidation
from campaign.staff.audit_log.audit_subjects import number_of

KINDS: Mapping[str, type[Any]] = {
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
_BESIDE = ("campaign.clone", "campaign.continue")
"""Deeds on one campaign that name another."""


def ids_about(
    subjects: Collection[str], *where: ColumnElement[bool], limit: int
) -> CompoundSelect[int]:
    """The newest ids of entries about these subjects; of a campaign about all that belongs to it.

    Each part of the union goes by an index of its own and gives `limit` ids at most; an id may
    come twice.
    """
    campaigns = campaigns_in(subjects)
    wanted: list[ColumnElement[bool]] = [AuditEntry.subject.in_(subjects)]
    if campaigns:
        wanted.append(AuditEntry.subject.in_(_belonging(campaigns)))
        beside = _names(campaigns, "other", "earlier")
        wanted.append(AuditEntry.action.in_(_BESIDE) & beside)
    return union_all(*(_newest(one, *where, limit=limit) for one in wanted))


def _newest(*where: ColumnElement[bool], limit: int) -> Select[int]:
    # A sum is in no index: by the id itself a database may walk all entries until it has enough.
    last_first = (AuditEntry.id + 0).desc()
    found = select(AuditEntry.id).where(*where).order_by(last_first).limit(limit).subquery()
    return select(found.c.id)


def campaigns_in(subjects: Collection[str]) -> list[int]:
    """Ids of the campaigns among the subjects."""
    split = [one.partition(":") for one in subjects]
    return [number_of(ident) for kind, _colon, ident in split if kind == "campaign"]


def _belonging(campaigns: Collection[int]) -> CompoundSelect[str]:
    parts = [_subjects(kind, of.id, of.campaign_id.in_(campaigns)) for kind, of in KINDS.items()]
    parts.append(_subjects("journey", Bundle.journey_id, Bundle.campaign_id.in_(campaigns)))
    parts.append(
        _subjects("screening-act", Hold.act_id, Hold.campaign_id.in_(campaigns)).distinct()
    )
    gone = select(AuditEntry.subject).where(
        AuditEntry.action.in_(_GONE), _names(campaigns, "campaign", "campaigns")
    )
    return union_all(*parts, gone)


def _subjects(
    kind: str, ident: QueryableAttribute[Any], in_campaigns: ColumnElement[bool]
) -> Select[str]:
    said = literal(f"{kind}:", String).concat(cast(ident, String))
    return select(said).where(in_campaigns, ident.is_not(None))


def _names(campaigns: Collection[int], *details: str) -> ColumnElement[bool]:
    """Whether one of those details names one of them by number, alone or in a list."""
    said = [
        func.replace(func.replace(func.replace(_text(name), " ", ""), "[", ","), "]", ",")
        for name in details
    ]
    return or_(
        *(
            literal(",", String).concat(one).concat(",").like(f"%,{number},%")
            for one in said
            for number in campaigns
        )
    )


def _text(name: str) -> ColumnElement[str]:
    return cast(AuditEntry.detail[name].as_string(), Text)
