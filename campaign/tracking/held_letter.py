"""A letter that somebody looks at before it counts, as its writer sees it."""

from sqlalchemy.orm import Session

from campaign.models.review_hold import Decision, Hold
from campaign.models.signature import Signature, SignatureState


def note_for(unit: Session, signature: Signature) -> str:
    """What the writer of a held letter is asked to change; empty: it is only being looked at."""
    if signature.shown_state is not SignatureState.HELD:
        return ""
    hold = unit.get(Hold, signature.id)
    if hold is None or hold.decision is not Decision.RETURNED:
        return ""
    return hold.note or ""
