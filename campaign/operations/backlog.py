"""What waits, and for how long, as an operator's programs ask."""

from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.mail.messages import CANCELLED, LEFT, MailState, OutboxMail
from campaign.models.bundle import Volume, VolumeState
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.statistics import CampaignTally


def oldest_due_mail(session: Session) -> timedelta:
    """Return for how long the email that is due first has waited; nothing where none is due."""
    now = db.utcnow()
    due_at = session.scalar(select(func.min(OutboxMail.due_at)).where(*_is_due()))
    return now - due_at if due_at else timedelta()


def count_backlog(session: Session) -> dict[str, float]:
    """Return amounts by the name of their figure."""
    unprinted = Volume.state.in_((VolumeState.WAITING, VolumeState.PRINTING))
    return {
        "signatures_confirmed": session.scalar(select(func.sum(CampaignTally.confirmed))) or 0,
        "open_campaigns": _count(session, Campaign.status == CampaignStatus.OPEN),
        "volumes_unprinted": _count(session, unprinted),
        "mails_due": _count(session, *_is_due()),
        "mails_failed": _count(session, *_has_failed()),
        "oldest_due_mail_seconds": oldest_due_mail(session).total_seconds(),
    }


def _is_due() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return OutboxMail.state == MailState.WAITING, OutboxMail.due_at <= db.utcnow()


def _has_failed() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether a mail did not go out for a fault: when an action stops, many are held back."""
    held_back = OutboxMail.failure.in_((*CANCELLED, LEFT))
    return OutboxMail.state == MailState.FAILED, func.coalesce(held_back, False).is_(False)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0
