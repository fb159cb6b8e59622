"""What other programs are told of a signature: its id, its campaign and what was agreed to."""

from datetime import datetime

from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.public_counts import is_counted_publicly
from campaign.core.announcements import announce
from campaign.models.signature import Signature
from campaign.models.webhook import EventKind


def announce_confirmed(session: Session, signature: Signature, now: datetime) -> None:
    """Tell of a letter that is in the public number, once for each time it is confirmed."""
    if is_counted_publicly(signature):
        consents = {
            "delivery": True,
            "news": signature.consent_updates_at is not None,
            "network": signature.consent_network_at is not None,
        }
        _announce(session, EventKind.SIGNATURE_CONFIRMED, signature, now, consents=consents)


def announce_withdrawn(session: Session, signature: Signature, now: datetime) -> None:
    _announce(session, EventKind.SIGNATURE_WITHDRAWN, signature, now)


def announce_erased(session: Session, signature: Signature, now: datetime) -> None:
    """Tell that its writer has it erased; to be called while it is there."""
    _announce(session, EventKind.SIGNATURE_ERASED, signature, now)


def _announce(
    session: Session, kind: EventKind, signature: Signature, now: datetime, **data: object
) -> None:
    confirmed_at = signature.times.confirmed_at
    is_known = confirmed_at is not None or signature.forgotten_at is not None
    if not is_known or lifecycle.is_rehearsal(signature.campaign.status):
        return
    deed = f"{signature.public_id} {confirmed_at}"
    campaign = signature.campaign.slug
    announce(
        session, kind, now=now, deed=deed, signature=signature.public_id, action=campaign, **data
    )
