"""What happened to letters at a gate or in the post, letter by letter.

A letter that was moved to another bundle keeps what happened to it in the one before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.bundles.models import DeliveryAttempt, DeliveryOutcome
from campaign.bundles.standing import STILL_HERE
from campaign.deliveries.covering import Range, ranges_of
from campaign.deliveries.models import LetterMove
from campaign.deliveries.order import in_order
from campaign.deliveries.rules import GONE_OUT
from campaign.signing.models import Letter


class Stay(NamedTuple):
    """A letter in a bundle, now or before, and the number that it has there."""

    letter: Letter
    bundle_id: int
    number: int
    now: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """An attempt, as some letters of one supporter fared in it."""

    attempt: DeliveryAttempt
    fate: DeliveryOutcome
    """Of a part: accepted, refused, or `part` as long as nobody has said which letters it was."""
    letters: tuple[Letter, ...]
    envelope: Range | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the letters are out of our hands by it."""
        return self.fate in GONE_OUT - {DeliveryOutcome.PART}


def stays_of(unit: Session, letters: Sequence[Letter]) -> list[Stay]:
    """Every bundle that these letters were printed in, and are, the earlier ones first."""
    by_id = {one.id: one for one in letters}
    moved = unit.scalars(
        select(LetterMove).where(LetterMove.letter_id.in_(by_id)).order_by(LetterMove.bundle_id)
    )
    before = [Stay(by_id[one.letter_id], one.bundle_id, one.sequence, now=False) for one in moved]
    present = [
        Stay(one, one.bundle_id, one.sequence or 0, now=True)
        for one in letters
        if one.bundle_id is not None
    ]
    return before + present


def trips_of(unit: Session, letters: Sequence[Letter]) -> list[Trip]:
    """What happened to these letters, the earliest first."""
    stays = [one for one in stays_of(unit, letters) if not (one.now and one.letter.set_aside)]
    if not stays:
        return []
    attempts = unit.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.bundle_id.in_({one.bundle_id for one in stays}))
        .options(selectinload(DeliveryAttempt.taken))
        .order_by(*in_order())
    ).all()
    return list(fates(attempts, stays, _ranges(unit, attempts, stays)))


def _ranges(
    unit: Session, attempts: Sequence[DeliveryAttempt], stays: Sequence[Stay]
) -> dict[int, list[Range]]:
    return ranges_of(unit, [one.id for one in attempts], {one.number for one in stays})


def fates(
    attempts: Sequence[DeliveryAttempt],
    stays: Sequence[Stay],
    ranges: dict[int, list[Range]],
) -> Iterator[Trip]:
    """What each attempt was for the letters, in their order; what had gone out was not there. Pure.

    What came back was there, whatever day somebody gave to what was recorded after it.
    """
    gone: dict[tuple[int, int], int] = {}
    for attempt in attempts:
        grouped: dict[tuple[DeliveryOutcome, Range | None], list[Letter]] = {}
        for stay in stays:
            place = (stay.letter.id, stay.bundle_id)
            if stay.bundle_id != attempt.bundle_id:
                continue
            envelopes = ranges.get(attempt.id)
            envelope = _envelope(envelopes, stay.number)
            if envelopes is not None and envelope is None:
                continue
            fate = _fate(attempt, stay.number)
            if place in gone and (fate not in STILL_HERE or gone[place] < attempt.id):
                continue
            grouped.setdefault((fate, envelope), []).append(stay.letter)
            if fate in GONE_OUT - {DeliveryOutcome.PART}:
                gone.setdefault(place, attempt.id)
        for (fate, envelope), letters in grouped.items():
            yield Trip(attempt, fate, tuple(letters), envelope)


def _envelope(envelopes: Sequence[Range] | None, number: int) -> Range | None:
    return next((one for one in envelopes or () if one.first <= number <= one.last), None)


def _fate(attempt: DeliveryAttempt, number: int) -> DeliveryOutcome:
    if attempt.outcome is not DeliveryOutcome.PART:
        return attempt.outcome
    if not attempt.taken:
        return DeliveryOutcome.PART
    taken = any(one.first_number <= number <= one.last_number for one in attempt.taken)
    return DeliveryOutcome.ACCEPTED if taken else DeliveryOutcome.REFUSED
