"""Who counts as one person, and which seat of a mailbox a signature takes. Pure.

One mailbox holds one signature of a campaign; a second person of the same household may share it,
a third may not. The database's unique constraint (campaign, fingerprint of the address, seat)
decides who was first.
"""

import enum
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.officials.postal import address_form
from campaign.signing.models import SignatureState

SEATS = (1, 2)


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
        return folded(f"{self.given_name} {self.family_name}")

    @property
    def home(self) -> tuple[str, ...] | None:
        """The postal code, however it is set apart; where a country has none, the town.

        None where the code was not given: then nothing shows whose home it is.
        """
        if code := "".join(filter(str.isalnum, folded(self.postal_code))):
            return (self.country, code)
        form = address_form(self.country)
        if form is not None and "postal_code" in form.order:
            return None
        return (self.country, "", folded(self.locality))


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


class Ruling(enum.Enum):
    """What a new signature of a mailbox that has one comes to."""

    RENEW = "renew"
    """It replaces one that was never confirmed."""
    SIT = "sit"
    """It takes the second seat."""
    ALREADY = "already"
    """The person has signed."""
    FULL = "full"
    """Two people have signed from here, or this one is not of the household."""


def rule(newcomer: Person, taken: Sequence[Seat], now: datetime) -> tuple[Ruling, Seat | None]:
    """What becomes of a signature from a mailbox whose seats `taken` are taken.

    One of the same household takes the second seat; a third is one too many. Where nobody has
    confirmed anything, nobody is kept out: somebody who mistypes an address, or means harm, must
    not keep its owner from signing, who takes the place. Nor does one that was taken back. Beside
    a letter that was confirmed, one that waits is its household's, and stays.
    """
    if any(seat.is_forgotten for seat in taken):
        return Ruling.ALREADY, None  # who it was nobody knows: nobody may count twice
    same = next((seat for seat in taken if seat.person.name == newcomer.name), None)
    if same is not None:
        return (Ruling.RENEW if renewable(same) else Ruling.ALREADY), same
    free = next((seat for seat in taken if is_free(seat, now)), None)
    held = [seat for seat in taken if not is_free(seat, now)]
    home = newcomer.home
    shares_home = home is not None and any(seat.person.home == home for seat in held)
    if free is not None and (shares_home or not held):
        return Ruling.RENEW, free
    if shares_home:
        return (Ruling.SIT if len(taken) < len(SEATS) else Ruling.FULL), None
    if all(seat.state is SignatureState.PENDING for seat in held):
        return Ruling.RENEW, held[0]
    return Ruling.FULL, None


def renewable(seat: Seat) -> bool:
    """Whether a new signature of the same person takes its place."""
    if seat.state is SignatureState.WITHDRAWN:
        return not seat.is_record
    return seat.state is SignatureState.PENDING


def is_free(seat: Seat, now: datetime) -> bool:
    """Whether anybody of the mailbox may take its place: it lapsed, or was taken back unprinted."""
    return has_lapsed(seat, now) or (seat.state is SignatureState.WITHDRAWN and renewable(seat))


def has_lapsed(seat: Seat, now: datetime) -> bool:
    """Whether it waited for its confirmation in vain."""
    over = seat.expires_at is None or seat.expires_at <= now
    return seat.state is SignatureState.PENDING and over


def folded(text: str) -> str:
    """Letters without case, accents and doubled spaces."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return " ".join(bare.split())
