"""Taking a letter back, as long as it is in our hands."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from campaign.models.review_hold import Hold
from campaign.models.signature import Signature, SignatureState
from campaign.signing.checks.similar import forget_words
from campaign.signing.states import LIVE, move_signature
from campaign.tracking.refusals import TooLate
from campaign.tracking.timeline import is_handed_over
from campaign.tracking.wait_for_letter import hold


def refuse_unwithdrawable(unit: Session, signature: Signature) -> None:
    """Raise TooLate where the letter was handed over, or is none any more."""
    if signature.shown_state not in LIVE:
        raise TooLate("letter-ended", cards=signature.campaign.cards)
    if is_handed_over(unit, signature):
        raise TooLate("letter-handed-over", cards=signature.campaign.cards)


def can_withdraw(unit: Session, signature: Signature) -> bool:
    """Whether the letter can still be taken back."""
    try:
        refuse_unwithdrawable(unit, signature)
    except TooLate:
        return False
    return True


def withdraw(unit: Session, signature: Signature, now: datetime) -> None:
    """Take the letter back. In a bundle its row stays, as the record of what is to be taken out.

    The name stays, so that the same person can sign again; their words do not.
    """
    hold(unit, signature)
    refuse_unwithdrawable(unit, signature)
    move_signature(signature, SignatureState.WITHDRAWN)
    signature.state_before = signature.invalidation_id = None
    signature.withdrawn_at = now
    signature.own_words = ""
    signature.full_text = None
    signature.consent_updates_at = None
    forget_words(unit, signature.id)
    unit.execute(delete(Hold).where(Hold.signature_id == signature.id))
    unit.flush()
