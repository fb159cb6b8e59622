"""Letters that were taken back, or erased, after their bundle was frozen.

Until the bundle is handed over, its volumes are made again without them (`remake_bundle`); until
that is done, and for good afterwards, no file that still holds them is given out. Their numbers
stay. A letter that went on through another mission, and was taken back there, still stands in the
files of the bundle that it left.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, Volume
from campaign.models.delivery import LetterMove
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of

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
    """On which it begins, in the volume's PDF; 0: it went on, and nobody knows any more."""


def describe_taken_out(
    letters: Iterable[TakenBack], bundle: Bundle, on: date
) -> list[dict[str, str | int]]:
    """Return what `Bundle.taken_out` keeps of each letter that leaves the bundle's files."""
    digests = {volume.sequence: volume.sha256 or "" for volume in bundle.volumes}
    return [
        {
            "number": letter.number,
            "volume": letter.volume,
            "page": letter.page,
            "reason": letter.state,
            "on": on.isoformat(),
            "sha256": digests[letter.volume],
        }
        for letter in letters
    ]


def refuse_taken_back(session: Session, bundle: Bundle) -> None:
    """Raise Refused (`taken-back`) where a file of the bundle holds a letter that is gone."""
    if list_taken_back(session, bundle, limit=1):
        raise Refused("taken-back")


def list_taken_back(
    session: Session, bundle: Bundle, *, limit: int | None = 500
) -> list[TakenBack]:
    """List the letters in a bundle's files that must not be given out, in order."""
    letters = [*list_in_it(session, bundle, limit=limit), *_list_moved_on(session, bundle, limit)]
    return sorted(letters, key=lambda letter: int(letter.number))[:limit]


def list_in_it(
    session: Session, bundle: Bundle, *only: ColumnElement[bool], limit: int | None = 500
) -> list[TakenBack]:
    """Those that are still the bundle's, in order; `only` such letters."""
    rows = session.execute(
        select(Letter.sequence, Letter.first_page, Signature.state, Volume.sequence)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(
            Letter.bundle_id == bundle.id,
            Letter.first_page.is_not(None),
            Letter.signature_id.in_(_gone_in(bundle)),
            *only,
        )
        .order_by(Letter.sequence)
        .limit(limit)
    )
    return [
        TakenBack(number_of(sequence or 0), state.value, volume, page or 0)
        for sequence, page, state, volume in rows
    ]


def _list_moved_on(session: Session, bundle: Bundle, limit: int | None) -> list[TakenBack]:
    rows = session.execute(
        select(LetterMove.sequence, Signature.state)
        .join(Letter, Letter.id == LetterMove.letter_id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(LetterMove.bundle_id == bundle.id, Letter.signature_id.in_(_gone_in(bundle)))
        .order_by(LetterMove.sequence)
        .limit(limit)
    ).all()
    if not rows:
        return []
    # A volume holds numbers that follow on one another: here, those before which each ends.
    first = Frozen.from_json(bundle.frozen).first_number
    ends = list(accumulate((volume.letter_count for volume in bundle.volumes), initial=first))[1:]
    return [
        TakenBack(number_of(number), state.value, bisect_right(ends, number) + 1, 0)
        for number, state in rows
    ]


def _gone_in(bundle: Bundle) -> Select[int]:
    # By an index of states: else the row of each of 35,000 people is read for its state.
    return select(Signature.id).where(
        Signature.campaign_id == bundle.campaign_id, Signature.state.in_(GONE)
    )
