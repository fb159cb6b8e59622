"""Which letters an attempt is about: all that were here, a part, or those in some envelopes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import AliasedClass

from campaign.bundles.models import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.deliveries.models import Envelope
from campaign.deliveries.rules import GONE_OUT
from campaign.signing.models import Letter, Signature, SignatureState

_WHOLE = GONE_OUT - {DeliveryOutcome.PART}


def gone(
    letter: type[Letter] | AliasedClass[Letter] = Letter, *, until: date | None = None
) -> ColumnElement[bool]:
    """Whether a letter is out of our hands, by any attempt of its bundle (`until` that day)."""
    attempt = DeliveryAttempt
    by_envelope = exists().where(Envelope.attempt_id == attempt.id).correlate(attempt)
    in_envelope = (
        exists()
        .where(
            Envelope.attempt_id == attempt.id,
            letter.sequence.between(Envelope.first_number, Envelope.last_number),
        )
        .correlate(attempt, letter)
    )
    part = and_(
        attempt.outcome == DeliveryOutcome.PART,
        letter.sequence.between(attempt.taken_from, attempt.taken_to),
    )
    whole = and_(attempt.outcome.in_(_WHOLE), or_(~by_envelope, in_envelope))
    in_time = true() if until is None else attempt.happened_on <= until
    return (
        exists()
        .where(attempt.bundle_id == letter.bundle_id, or_(part, whole), in_time)
        .correlate(letter)
    )


def covered_by(unit: Session, attempt: DeliveryAttempt) -> ColumnElement[bool]:
    """Whether a letter of the attempt's bundle went out with it."""
    if attempt.outcome is DeliveryOutcome.PART:
        return Letter.sequence.between(attempt.taken_from or 0, attempt.taken_to or 0)
    ranges = ranges_of(unit, [attempt.id]).get(attempt.id)
    if not ranges:
        return true()
    return (
        exists()
        .where(
            Envelope.attempt_id == attempt.id,
            Letter.sequence.between(Envelope.first_number, Envelope.last_number),
        )
        .correlate(Letter)
    )


@dataclass(frozen=True, slots=True)
class Range:
    """An envelope that went with an attempt: its number, its letters, its number with the post."""

    envelope: int
    first: int
    last: int
    tracking: str


def ranges_of(unit: Session, attempt_ids: Sequence[int]) -> dict[int, list[Range]]:
    """The envelopes that went with each attempt, in order."""
    found: dict[int, list[Range]] = {}
    rows = unit.execute(
        select(
            Envelope.attempt_id,
            Envelope.sequence,
            Envelope.first_number,
            Envelope.last_number,
            Envelope.tracking,
        )
        .where(Envelope.attempt_id.in_(attempt_ids))
        .order_by(Envelope.sequence)
    )
    for attempt_id, number, first, last, tracking in rows:
        found.setdefault(attempt_id or 0, []).append(Range(number, first, last, tracking))
    return found


def here(bundle: Bundle) -> Select[Any]:
    """The letters of a bundle that could be handed over now: printed, wanted, not gone."""
    return (
        select(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Letter.bundle_id == bundle.id,
            Letter.set_aside.is_(None),
            Signature.state == SignatureState.CONFIRMED,
            ~gone(),
        )
    )


def count_here(unit: Session, bundle: Bundle) -> int:
    """How many letters of a bundle are still in our hands."""
    query = here(bundle).with_only_columns(func.count(Letter.id), maintain_column_froms=True)
    return unit.scalar(query) or 0


def unnamed_part(unit: Session, bundle: Bundle) -> DeliveryAttempt | None:
    """An attempt of which a part was taken, and nobody has said yet which letters."""
    return unit.scalar(
        select(DeliveryAttempt)
        .where(
            DeliveryAttempt.bundle_id == bundle.id,
            DeliveryAttempt.outcome == DeliveryOutcome.PART,
            DeliveryAttempt.taken_from.is_(None),
        )
        .order_by(DeliveryAttempt.id)
        .limit(1)
    )
