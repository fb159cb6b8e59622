"""Letters that were taken back, or erased, after their bundle was frozen.

Until the bundle is handed over, its volumes are made again without them (`remaking`); until that
is done, and for good afterwards, no file that still holds them is given out. Their numbers stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.loading import number_of
from campaign.bundles.models import Bundle, Volume
from campaign.errors import Refused
from campaign.signing.models import Letter, Signature, SignatureState

GONE = (SignatureState.WITHDRAWN, SignatureState.ERASED, SignatureState.INVALID)
"""States of a signature whose letter is not handed over."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A letter that is to be taken out of what was printed."""

    number: str
    state: str
    """`withdrawn`, `erased` or `invalid`."""
    volume: int
    page: int
    """On which it begins, in the volume's PDF."""


def taken_out(gone: Iterable[TakenBack], bundle: Bundle, on: date) -> list[dict[str, Any]]:
    """What `Bundle.taken_out` keeps of each letter that leaves the bundle's files."""
    digests = {one.sequence: one.sha256 or "" for one in bundle.volumes}
    return [
        {
            "number": one.number,
            "volume": one.volume,
            "page": one.page,
            "reason": one.state,
            "on": on.isoformat(),
            "sha256": digests[one.volume],
        }
        for one in gone
    ]


def refuse_taken_back(unit: Session, bundle: Bundle) -> None:
    """Raise Refused (`taken-back`) where a file of the bundle holds a letter that is gone."""
    if list_taken_back(unit, bundle, limit=1):
        raise Refused("taken-back")


def list_taken_back(unit: Session, bundle: Bundle, *, limit: int | None = 500) -> list[TakenBack]:
    """The letters that stand in a bundle's files and must not be handed out, in order."""
    gone = select(Signature.id).where(
        Signature.campaign_id == bundle.campaign_id, Signature.state.in_(GONE)
    )
    rows = unit.execute(
        select(Letter.sequence, Letter.first_page, Signature.state, Volume.sequence)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(
            Letter.bundle_id == bundle.id,
            Letter.first_page.is_not(None),
            # By an index of states: else the row of each of 35,000 people is read for its state.
            Letter.signature_id.in_(gone),
        )
        .order_by(Letter.sequence)
        .limit(limit)
    )
    return [
        TakenBack(number_of(sequence or 0), state.value, volume, page or 0)
        for sequence, page, state, volume in rows
    ]
