"""Telling that a delivery was recorded: who wrote, and other programs."""

from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.announcements import announce
from campaign.models.bundle import DeliveryAttempt
from campaign.models.webhook import EventKind


def announce_delivery(session: Session, attempt: DeliveryAttempt) -> None:
    jobs.enqueue(session, "following.delivery-recorded", attempt.id)
    announce(
        session,
        EventKind.DELIVERY_RECORDED,
        now=db.utcnow(),
        deed=attempt.public_id,
        delivery=attempt.public_id,
        action=attempt.campaign.slug,
        outcome=attempt.outcome.value,
        letters=attempt.messages,
        happened_on=attempt.happened_on.isoformat(),
    )
