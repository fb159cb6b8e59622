"""Envelopes that went with an attempt, by the numbers of their letters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.models.bundle import DeliveryAttempt
from campaign.models.delivery import Envelope


@dataclass(frozen=True, slots=True)
class PostedEnvelope:
    """An envelope that went with an attempt: its number, its letters, its number with the post."""

    number: int
    first: int
    last: int
    tracking: str


def find_envelopes_with(
    session: Session, attempt_ids: Sequence[int], numbers: Collection[int]
) -> dict[int, list[PostedEnvelope]]:
    """Return, by attempt in envelopes, those that hold letters of these numbers, in order.

    An attempt with an empty list went in envelopes, and none of these letters with it.
    """
    if not attempt_ids:
        return {}
    in_some = exists().where(Envelope.attempt_id == DeliveryAttempt.id)
    went = select(DeliveryAttempt.id).where(DeliveryAttempt.id.in_(attempt_ids), in_some)
    envelopes: dict[int, list[PostedEnvelope]] = {
        attempt_id: [] for attempt_id in session.scalars(went)
    }
    for attempt_id, ranges in envelopes.items():
        nearest = (
            _find_envelope_with(session, attempt_id, number) for number in sorted(set(numbers))
        )
        ranges.extend(dict.fromkeys(envelope for envelope in nearest if envelope is not None))
    return envelopes


def list_posted_envelopes(
    session: Session, attempt_ids: Sequence[int]
) -> dict[int, list[PostedEnvelope]]:
    """Return the envelopes of each attempt that went in some, by the numbers of their letters."""
    rows = session.execute(
        select(
            Envelope.attempt_id,
            Envelope.sequence,
            Envelope.first_number,
            Envelope.last_number,
            Envelope.tracking,
        )
        .where(Envelope.attempt_id.in_(attempt_ids))
        .order_by(Envelope.first_number)
    )
    envelopes: dict[int, list[PostedEnvelope]] = {}
    for attempt_id, sequence, first, last, tracking in rows:
        if attempt_id is not None:
            envelopes.setdefault(attempt_id, []).append(
                PostedEnvelope(sequence, first, last, tracking)
            )
    return envelopes


def _find_envelope_with(session: Session, attempt_id: int, number: int) -> PostedEnvelope | None:
    """Return the last envelope that begins before a letter, if it reaches it."""
    row = session.execute(
        select(Envelope.sequence, Envelope.first_number, Envelope.last_number, Envelope.tracking)
        .where(Envelope.attempt_id == attempt_id, Envelope.first_number <= number)
        .order_by(Envelope.first_number.desc())
        .limit(1)
    ).first()
    return PostedEnvelope(*row) if row is not None and row.last_number >= number else None
