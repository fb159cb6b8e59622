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
from campaign.models.screening import Hold, Invalidation
from campaign.staff.audit_log.audit_subjects import number_of

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
_NAMING_ANOTHER = ("campaign.clone", "campaign.continue")
"""Deeds on one campaign that name another."""


def select_ids_about(
    subjects: Collection[str], *where: ColumnElement[bool], limit: int
) -> CompoundSelect[int]:
    """Select the newest ids of entries about these subjects, and about what belongs to campaigns.

    Each part of the union goes by an index of its own and gives `limit` ids at most; an id may
    come twice.
    """
    campaigns = list_campaign_ids(subjects)
    matches: list[ColumnElement[bool]] = [AuditEntry.subject.in_(subjects)]
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


def list_campaign_ids(subjects: Collection[str]) -> list[int]:
    kind = "campaign:"
    return [
        number_of(subject.removeprefix(kind)) for subject in subjects if subject.startswith(kind)
    ]


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
    text: ColumnElement[str] = cast(AuditEntry.detail[name].as_string(), Text)
    for mark, instead in ((" ", ""), ("[", ","), ("]", ",")):
        text = func.replace(text, mark, instead)
    return literal(",", String).concat(text).concat(",")
