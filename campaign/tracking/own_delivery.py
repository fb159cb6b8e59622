"""Letters that supporters say they also sent themselves: counted apart from those we carry."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature


def note(unit: Session, signature: Signature, now: datetime) -> bool:
    """Note that the supporter sent the letter; tells whether it was the first time."""
    done = unit.scalar(
        update(Signature)
        .where(
            Signature.id == signature.id,
            Signature.state == signature.state,  # also of one that was silently set aside
            Signature.sent_by_self_at.is_(None),
        )
        .values(sent_by_self_at=now)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    )
    return done is not None


def count(unit: Session, campaign: Campaign) -> int:
    """How many people sent theirs, counted now."""
    return (
        unit.scalar(
            select(func.count(Signature.id)).where(
                Signature.campaign_id == campaign.id,
                public_counts.counted_publicly(Signature.state, Signature.state_before),
                Signature.sent_by_self_at.is_not(None),
            )
        )
        or 0
    )
