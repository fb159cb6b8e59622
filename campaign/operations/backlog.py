"""What waits, and for how long, as an operator's programs ask."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.mail.messages import MailState, OutboxMail


def oldest_due_mail(session: Session) -> timedelta:
    """Return for how long the email that is due first has waited; nothing where none is due."""
    now = db.utcnow()
    due_at = session.scalar(
        select(func.min(OutboxMail.due_at)).where(
            OutboxMail.state == MailState.WAITING, OutboxMail.due_at <= now
        )
    )
    return now - due_at if due_at else timedelta()
