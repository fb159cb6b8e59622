"""What each attempt of a bundle was for one of its letters. Pure."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.bundle_status import STILL_HERE
from campaign.core import clock
from campaign.deliveries.attempt_order import came_before
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import Envelope

_COLUMNS = (Envelope.sequence, Envelope.first_number, Envelope.last_number, Envelope.tracking)
TAKES_OUT = GONE_OUT - {DeliveryOutcome.PART}  # fates by which a letter is out of our hands


@dataclass(frozen=True, slots=True)
class PostedEnvelope:
    """An envelope that went with an attempt: its number, its letters, its number with the post."""

    number: int
    first: int
    last: int
    tracking: str


class Fate(NamedTuple):
    """How a letter fared in an attempt, and the envelope that it went in."""

    attempt: DeliveryAttempt
    outcome: DeliveryOutcome
    """Of a part: accepted, refused, or `part` as long as nobody has said which letters it was."""
    envelope: PostedEnvelope | None


def list_fates(
    number: int, attempts: Iterable[DeliveryAttempt], ranges: Mapping[int, Sequence[PostedEnvelope]]
) -> Iterator[Fate]:
    """List how the letter of this number fared in the attempts of its bundle, in their order.

    `ranges` holds the envelopes of each attempt that went in some, in order. What had gone out was
    not there; nor is it known what came back since a part went, before somebody names its letters.
    A letter that is named of a part, or in an envelope, went with that attempt and no other; what
    came after the posting of its envelope did not find it here.
    """
    attempts = list(attempts)
    own = _find_own_attempt(number, attempts, ranges)
    unnamed = [
        attempt
        for attempt in attempts
        if own is None and _get_outcome(attempt, number) is DeliveryOutcome.PART
    ]
    for attempt in attempts:
        envelopes = ranges.get(attempt.id)
        envelope = _find_envelope(envelopes or (), number)
        if envelopes is not None and envelope is None:
            continue
        outcome = _get_outcome(attempt, number)
        if own is not None and own is not attempt:
            if outcome in TAKES_OUT or not came_before(attempt, own):
                continue
            if outcome is DeliveryOutcome.PART:
                outcome = DeliveryOutcome.REFUSED
        if outcome in STILL_HERE and any(came_before(part, attempt) for part in unnamed):
            continue
        yield Fate(attempt, outcome, envelope)
        if outcome in TAKES_OUT:
            return


def was_before_move(attempt: DeliveryAttempt, moved_at: datetime) -> bool:
    """Whether an attempt may have been for a letter that went on elsewhere at `moved_at`. Pure.

    What has no time was the first thing of its day.
    """
    if attempt.outcome in TAKES_OUT:  # it took others
        return False
    day, at = attempt.happened_on, attempt.happened_time or time.min
    return clock.moment_of(day, at, attempt.zone) <= moved_at


def _find_own_attempt(
    number: int, attempts: Iterable[DeliveryAttempt], ranges: Mapping[int, Sequence[PostedEnvelope]]
) -> DeliveryAttempt | None:
    """Find the part of which a letter is named; if none, the posting of the envelope it lies in.

    What a part took had left the envelope that it was put into.
    """
    posting = None
    for attempt in attempts:
        if attempt.outcome is DeliveryOutcome.PART:
            if _get_outcome(attempt, number) is DeliveryOutcome.ACCEPTED:
                return attempt
        elif _find_envelope(ranges.get(attempt.id, ()), number):
            posting = attempt
    return posting


def _find_envelope(envelopes: Sequence[PostedEnvelope], number: int) -> PostedEnvelope | None:
    place = bisect_right(envelopes, number, key=lambda candidate: candidate.first)
    nearest = envelopes[place - 1] if place else None
    return nearest if nearest is not None and number <= nearest.last else None


def _get_outcome(attempt: DeliveryAttempt, number: int) -> DeliveryOutcome:
    if attempt.outcome is not DeliveryOutcome.PART:
        return attempt.outcome
    if not attempt.taken:
        return DeliveryOutcome.PART
    taken = any(span.first_number <= number <= span.last_number for span in attempt.taken)
    return DeliveryOutcome.ACCEPTED if taken else DeliveryOutcome.REFUSED


def find_envelopes_with(
    session: Session, attempt_ids: Sequence[int], numbers: Collection[int]
) -> dict[int, list[PostedEnvelope]]:
    """Return those that hold letters of these numbers, by each attempt that went in envelopes."""
    if not attempt_ids:
        return {}
    went = select(Envelope.attempt_id).where(Envelope.attempt_id.in_(attempt_ids)).distinct()
    envelopes: dict[int, list[PostedEnvelope]] = {
        attempt_id: [] for attempt_id in session.scalars(went) if attempt_id
    }
    for attempt_id, ranges in envelopes.items():
        in_order = sorted(set(numbers))
        nearest = (_find_envelope_with(session, attempt_id, number) for number in in_order)
        ranges.extend(dict.fromkeys(envelope for envelope in nearest if envelope is not None))
    return envelopes


def list_posted_envelopes(
    session: Session, attempt_ids: Sequence[int]
) -> dict[int, list[PostedEnvelope]]:
    """Return the envelopes of each attempt that went in some, by the numbers of their letters."""
    posted = select(Envelope.attempt_id, *_COLUMNS).where(Envelope.attempt_id.in_(attempt_ids))
    envelopes: dict[int, list[PostedEnvelope]] = {}
    rows = session.execute(posted.order_by(Envelope.first_number))
    for attempt_id, number, first, last, tracking in rows:
        if attempt_id is not None:
            envelope = PostedEnvelope(number, first, last, tracking)
            envelopes.setdefault(attempt_id, []).append(envelope)
    return envelopes


def _find_envelope_with(session: Session, attempt_id: int, number: int) -> PostedEnvelope | None:
    """Return the last envelope that begins before a letter, if it reaches it."""
    row = session.execute(
        select(*_COLUMNS)
        .where(Envelope.attempt_id == attempt_id, Envelope.first_number <= number)
        .order_by(Envelope.first_number.desc())
        .limit(1)
    ).first()
    return PostedEnvelope(*row) if row is not None and row.last_number >= number else None
