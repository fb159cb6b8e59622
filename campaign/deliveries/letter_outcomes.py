"""What each attempt of a bundle was for one of its letters. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from campaign.bundles.bundle_status import STILL_HERE
from campaign.deliveries.posted_envelopes import PostedEnvelope
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome

TAKES_OUT = GONE_OUT - {DeliveryOutcome.PART}
"""Fates by which a letter is out of our hands."""


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
    not there; what came back was, whatever day somebody gave to what was recorded after it.
    """
    gone_with: int | None = None
    for attempt in attempts:
        envelopes = ranges.get(attempt.id)
        envelope = _find_envelope(envelopes or (), number)
        if envelopes is not None and envelope is None:
            continue
        outcome = _get_outcome(attempt, number)
        if gone_with is not None and (outcome not in STILL_HERE or gone_with < attempt.id):
            continue
        yield Fate(attempt, outcome, envelope)
        if outcome in TAKES_OUT and gone_with is None:
            gone_with = attempt.id


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
