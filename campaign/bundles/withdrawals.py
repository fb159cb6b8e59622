"""Letters that were taken back, or erased, after their bundle was frozen.

Their numbers stay in the bundle. What was printed before holds them still: staff take the sheets
out, and the bundle is remade without them when it is printed again.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.loading import number_of
from campaign.bundles.models import Bundle, Volume
from campaign.signing.models import Letter, Signature, SignatureState

_GONE = (SignatureState.WITHDRAWN, SignatureState.ERASED, SignatureState.INVALID)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A letter that is to be taken out of what was printed."""

    number: str
    state: str
    """`withdrawn`, `erased` or `invalid`."""
    volume: int
    page: int
    """On which it begins, in the volume's PDF."""


def list_taken_back(unit: Session, bundle: Bundle, *, limit: int = 500) -> list[TakenBack]:
    """The printed letters of a bundle that must not be handed over, in order."""
    rows = unit.execute(
        select(Letter.sequence, Letter.first_page, Signature.state, Volume.sequence)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(
            Letter.bundle_id == bundle.id,
            Letter.first_page.is_not(None),
            Signature.state.in_(_GONE),
        )
        .order_by(Letter.sequence)
        .limit(limit)
    )
    return [
        TakenBack(number_of(sequence or 0), state.value, volume, page or 0)
        for sequence, page, state, volume in rows
    ]
