"""What happened to letters at a gate or in the post, letter by letter.

A letter that was moved to another bundle keeps what happened to it in the one before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION
from campaign.deliveries.attempt_order import Placed, place_attempts
from campaign.deliveries.letter_outcomes import TAKES_OUT, list_fates
from campaign.deliveries.posted_envelopes import PostedEnvelope, find_envelopes_with
from campaign.deliveries.visits import find_times
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import LetterMove
from campaign.models.signature import Letter, Signature


class Stay(NamedTuple):
    """A letter in a bundle, now or before, and the number that it has there."""

    letter: Letter
    bundle_id: int
    number: int
    now: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """A delivery attempt, as some letters of one supporter fared in it."""

    attempt: DeliveryAttempt
    fate: DeliveryOutcome
    """Of a part: accepted, refused, or `part` as long as nobody has said which letters it was."""
    letters: tuple[Letter, ...]
    at: datetime
    """When it happened, as far as it is known: see `deliveries/attempt_order.py`."""
    envelope: PostedEnvelope | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the letters are out of our hands by it."""
        return self.fate in TAKES_OUT


def stays_of(session: Session, letters: Sequence[Letter]) -> list[Stay]:
    """Return every bundle that these letters were or are in, the earlier ones first."""
    by_id = {letter.id: letter for letter in letters}
    moved = session.scalars(
        select(LetterMove).where(LetterMove.letter_id.in_(by_id)).order_by(LetterMove.bundle_id)
    )
    before = [
        Stay(by_id[move.letter_id], move.bundle_id, move.sequence, now=False) for move in moved
    ]
    present = [
        Stay(letter, letter.bundle_id, letter.sequence or 0, now=True)
        for letter in letters
        if letter.bundle_id is not None
    ]
    return before + present


def trips_of(session: Session, letters: Sequence[Letter]) -> list[Trip]:
    """Return what happened to these letters, the earliest first."""
    stays = [
        stay for stay in stays_of(session, letters) if not (stay.now and stay.letter.set_aside)
    ]
    if not stays:
        return []
    attempts = session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.bundle_id.in_({stay.bundle_id for stay in stays}))
        .options(selectinload(DeliveryAttempt.taken), *ATTEMPT_WITH_DESTINATION)
    ).all()
    if not attempts:
        return []
    return list(fates(_placed(session, attempts, stays), stays, _ranges(session, attempts, stays)))


def _placed(
    session: Session, attempts: Sequence[DeliveryAttempt], stays: Sequence[Stay]
) -> list[Placed]:
    ids = {stay.bundle_id for stay in stays}
    rows = session.execute(select(Bundle.id, Bundle.created_at).where(Bundle.id.in_(ids)))
    begun = {row.id: row.created_at for row in rows}
    ended: dict[int, datetime] = {}
    for letter_id in {stay.letter.id for stay in stays}:
        bundles = [stay.bundle_id for stay in stays if stay.letter.id == letter_id]
        for before, after in pairwise(bundles):
            ended[before] = min(begun[after], ended.get(before, begun[after]))
    return place_attempts(attempts, find_times(session, attempts), begun=begun, ended=ended)


def _ranges(
    session: Session, attempts: Sequence[DeliveryAttempt], stays: Sequence[Stay]
) -> dict[int, list[PostedEnvelope]]:
    attempt_ids = [attempt.id for attempt in attempts]
    return find_envelopes_with(session, attempt_ids, {stay.number for stay in stays})


def fates(
    placed: Sequence[Placed], stays: Sequence[Stay], ranges: dict[int, list[PostedEnvelope]]
) -> Iterator[Trip]:
    """Yield what each attempt was for the letters, in their order. Pure."""
    grouped: dict[tuple[int, DeliveryOutcome, PostedEnvelope | None], list[Letter]] = {}
    for stay in stays:
        tried = [place.attempt for place in placed if place.attempt.bundle_id == stay.bundle_id]
        for attempt, fate, envelope in list_fates(stay.number, tried, ranges):
            grouped.setdefault((attempt.id, fate, envelope), []).append(stay.letter)
    for attempt, at in placed:
        for (attempt_id, fate, envelope), letters in grouped.items():
            if attempt_id == attempt.id:
                yield Trip(attempt, fate, tuple(letters), at, envelope)


def lock_letters(session: Session, *signatures: Signature) -> None:
    """Lock these signatures, read them and their letters anew, and keep bundles from freezing.

    A freeze holds its campaign in the same way, so each sees what the other did. In the order of
    ids, so that two who hold several never wait for each other.
    """
    ids = [signature.id for signature in signatures]
    campaigns = (
        select(Campaign)
        .where(Campaign.id.in_({signature.campaign_id for signature in signatures}))
        .order_by(Campaign.id)
    )
    mine = select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id)
    letters = select(Letter).where(Letter.signature_id.in_(ids))
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait. Objects are
    # seen anew only as their rows are read, hence `all`.
    for query in (campaigns.with_for_update(key_share=True), mine.with_for_update(), letters):
        session.scalars(query.execution_options(populate_existing=True)).all()
