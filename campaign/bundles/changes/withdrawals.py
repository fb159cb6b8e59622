"""Letters that were taken back, or erased, after their bundle was frozen.

Until the bundle is handed over, its volumes are made again without them (`remake_bundle`); until
that is done, and for good afterwards, no file that still holds them is given out. Their numbers
stay. A letter that went on through another mission, and was taken back there, still stands in the
files of the bundle that it left.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.letter_codes.stored_codes import unpack_codes
from campaign.core import clock
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, Volume
from campaign.models.delivery import LetterMove
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of

GONE = (SignatureState.WITHDRAWN, SignatureState.ERASED, SignatureState.INVALID)
"""States of a signature whose letter is not handed over."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    number: str
    state: str  # `withdrawn`, `erased` or `invalid`
    volume: int
    page: int  # on which it begins, in the volume's PDF; 0: it went on, and nobody knows any more


def note_taken_out(bundle: Bundle, letters: Iterable[TakenBack]) -> None:
    """Write down letters that leave the bundle's files, with the volume that still held each.

    Its code, which tells nobody whose it is, stays: who has the sheets can still prove the others.
    """
    letters = list(letters)
    digests = {volume.sequence: volume.sha256 or "" for volume in bundle.volumes}
    without = {letter.volume for letter in letters}
    codes = {
        number: code.hex()
        for volume in bundle.volumes
        if volume.sequence in without
        for number, code in unpack_codes(volume.letter_codes)
    }
    day = clock.today(bundle.campaign.timezone).isoformat()
    bundle.taken_out = [
        *bundle.taken_out,
        *(
            {
                "number": letter.number,
                "volume": letter.volume,
                "page": letter.page,
                "reason": letter.state,
                "on": day,
                "sha256": digests[letter.volume],
                "code": codes.get(letter.number, ""),
            }
            for letter in letters
        ),
    ]


def refuse_taken_back(session: Session, bundle: Bundle) -> None:
    if list_taken_back(session, bundle, limit=1):
        raise Refused("taken-back")


def list_taken_back(
    session: Session, bundle: Bundle, *, limit: int | None = 500
) -> list[TakenBack]:
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
            Letter.signature_id.in_(select_gone(bundle.campaign_id)),
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
        .where(
            LetterMove.bundle_id == bundle.id,
            Letter.signature_id.in_(select_gone(bundle.campaign_id)),
        )
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


def select_gone(campaign_id: int, states: Collection[SignatureState] = GONE) -> Select[int]:
    """Select the signatures of a campaign in these states."""
    # By an index of states: else the row of each of 35,000 people is read for its state.
    return select(Signature.id).where(
        Signature.campaign_id == campaign_id, Signature.state.in_(states)
    )
