"""Who counts as one person, and which seat of a mailbox a signature takes. Pure.

One mailbox holds the letters of two people of one household on a campaign; a third is one too
many. Which two is decided when letters are confirmed: until then each person's letter waits on a
seat of its own, so that nobody who signs with an address takes the place of somebody else. The
database's unique constraint (campaign, fingerprint of the address, seat) decides who was first.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.core.text.fold import fold_name
from campaign.models.signature import SEATS, WAITING_SEATS, SignatureState

WAITS_ALONE = timedelta(days=1)
"""How long a letter that waits keeps its place even where all places are taken."""


@dataclass(frozen=True, slots=True)
class Person:
    """What tells two people who share a mailbox apart, and what shows that they share a home."""

    given_name: str
    family_name: str
    country: str
    postal_code: str
    locality: str

    @property
    def name(self) -> str:
        """The name without case and accents: "José  Núñez" is "JOSE NUNEZ"."""
        return fold_name(f"{self.given_name} {self.family_name}")

    @property
    def code(self) -> str:
        """The postal code, however it is set apart; empty where none was given."""
        return "".join(filter(str.isalnum, fold_name(self.postal_code)))

    def shares_home(self, other: "Person") -> bool:
        """Whether both may live together: by the postal code, and without one by the town."""
        if self.country != other.country:
            return False
        if self.code and other.code:
            return self.code == other.code
        town = fold_name(self.locality)
        return bool(town) and town == fold_name(other.locality)


@dataclass(frozen=True, slots=True)
class Seat:
    """A signature that a mailbox already has on the campaign."""

    id: int
    number: int
    person: Person
    state: SignatureState
    expires_at: datetime | None
    is_record: bool = False
    """Taken back when it lay in a bundle already, whose record it stays."""
    is_forgotten: bool = False
    """Handed over so long ago that nothing but its mailbox's fingerprint is known."""
    since: datetime | None = None
    """When it was signed."""


class Ruling(enum.Enum):
    """What a new signature of a mailbox that has one comes to, or one that is confirmed."""

    RENEW = "renew"
    """It replaces one of the same person that was never confirmed, or one that is over."""
    SIT = "sit"
    """It waits on a seat of its own; confirmed, it counts."""
    ALREADY = "already"
    """The person has signed."""
    FULL = "full"
    """Two people have signed from here."""
    WAITING = "waiting"
    """So many letters wait here already that no more are taken."""
    ELSEWHERE = "elsewhere"
    """Somebody has signed from here who gave another home."""


def rule(newcomer: Person, taken: Sequence[Seat], now: datetime) -> tuple[Ruling, Seat | None]:
    """Decide what becomes of a signature from a mailbox whose seats `taken` are taken.

    A letter of another name that waits is replaced only where all places are taken, and after a
    day: whoever typed that address, only its owner can confirm one, and must be able to sign.
    """
    if any(seat.is_forgotten for seat in taken):
        return Ruling.ALREADY, None  # who it was nobody knows: nobody may count twice
    same = next((seat for seat in taken if seat.person.name == newcomer.name), None)
    if same is not None:
        return (Ruling.RENEW if renewable(same) else Ruling.ALREADY), same
    if len(counted(taken)) >= len(SEATS):
        return Ruling.FULL, None
    free = next((seat for seat in taken if is_free(seat, now)), None)
    if free is not None:
        return Ruling.RENEW, free
    if free_seat(taken):
        return Ruling.SIT, None
    oldest = min(
        (seat for seat in taken if gives_way(seat, now)),
        key=lambda seat: (seat.since or now, seat.id),
        default=None,
    )
    return (Ruling.RENEW if oldest else Ruling.WAITING), oldest


def rule_confirmed(person: Person, others: Sequence[Seat]) -> Ruling:
    """Decide what becomes of a letter that is confirmed now, beside the mailbox's `others`."""
    held = counted(others)
    if any(seat.person.name == person.name for seat in held):
        return Ruling.ALREADY
    if len(held) >= len(SEATS):
        return Ruling.FULL
    if all(person.shares_home(seat.person) for seat in held):
        return Ruling.SIT
    return Ruling.ELSEWHERE


def counted(taken: Sequence[Seat]) -> list[Seat]:
    """Return those that were confirmed, whatever became of them since: each is one of the two."""
    return [
        seat for seat in taken if seat.state is not SignatureState.PENDING and not renewable(seat)
    ]


def free_seat(taken: Sequence[Seat]) -> int | None:
    """Return the first seat on which a letter can wait; None where there are as many as may be."""
    places = (*SEATS, *WAITING_SEATS)
    numbers = {seat.number for seat in taken}
    if len(numbers) >= len(places):
        return None
    return next(place for place in places if place not in numbers)


def renewable(seat: Seat) -> bool:
    """Tell whether a new signature of the same person takes its place."""
    if seat.state is SignatureState.WITHDRAWN:
        return not seat.is_record
    return seat.state is SignatureState.PENDING


def is_free(seat: Seat, now: datetime) -> bool:
    """Tell whether anybody of the mailbox may take its place: it lapsed, or left no print."""
    return has_lapsed(seat, now) or (seat.state is SignatureState.WITHDRAWN and renewable(seat))


def gives_way(seat: Seat, now: datetime) -> bool:
    """Tell whether it has waited so long that a newer letter may take its place."""
    if seat.state is not SignatureState.PENDING or seat.since is None:
        return False
    return seat.since <= now - WAITS_ALONE


def has_lapsed(seat: Seat, now: datetime) -> bool:
    over = seat.expires_at is None or seat.expires_at <= now
    return seat.state is SignatureState.PENDING and over
