"""What a stop means. Whether a campaign is stopped is asked here, and nowhere else (tested).

Each rule of a status has a twin for queries on campaigns. What prints, hands over, mails or exports
asks `may_go_out`; it looks again once it holds the campaign's row, as a stop may come meanwhile.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, func, literal, select
from sqlalchemy.orm.util import AliasedClass

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.models.campaign import ENDED, Campaign, CampaignStatus, StopKind

_GIVE_LETTERS = (CampaignStatus.OPEN, CampaignStatus.CLOSED)


def may_go_out(status: CampaignStatus) -> bool:
    """Whether anything of a campaign may be printed, handed over, mailed or exported.

    Of one that has not opened, those are rehearsals: see `gives_letters`.
    """
    return status is not CampaignStatus.STOPPED


def may_go_out_sql() -> ColumnElement[bool]:
    return Campaign.status != CampaignStatus.STOPPED


def refuse_stopped(campaign: Campaign) -> None:
    """Raise Refused (`stopped`) where nothing of the campaign may go out any more."""
    if not may_go_out(campaign.status):
        raise Refused("stopped", campaign=campaign.slug)


def is_stopped(status: CampaignStatus) -> bool:
    """Whether pages and mails have to say that the campaign is stopped."""
    return status is CampaignStatus.STOPPED


def is_stopped_sql() -> ColumnElement[bool]:
    return Campaign.status == CampaignStatus.STOPPED


def warns_of_harm_sql() -> ColumnElement[bool]:
    """Whether pages ask that nobody writes for the person, as another letter could do harm."""
    return is_stopped_sql() & (Campaign.stop_kind == StopKind.HARM)


def warns_since_sql(campaign: type[Campaign] | AliasedClass[Campaign]) -> ColumnElement[datetime]:
    """When a stop became one that warns of harm: as it came, or when it was called so later."""
    called_so = select(func.max(AuditEntry.at)).where(
        AuditEntry.subject == literal("campaign:") + cast(campaign.id, String),
        db.unindexed(AuditEntry.action) == "campaign.reason",
        AuditEntry.detail["kind"].as_string() == StopKind.HARM.value,
    )
    return func.coalesce(called_so.correlate(campaign).scalar_subquery(), campaign.stopped_at)


def gives_letters(status: CampaignStatus) -> bool:
    """Whether real letters or signed sheets may be on their way, also after the last day."""
    return status in _GIVE_LETTERS


def gives_letters_sql() -> ColumnElement[bool]:
    return Campaign.status.in_(_GIVE_LETTERS)


def has_ended(status: CampaignStatus) -> bool:
    return status in ENDED


def has_ended_sql() -> ColumnElement[bool]:
    return Campaign.status.in_(ENDED)
