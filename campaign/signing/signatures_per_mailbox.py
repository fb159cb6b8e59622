"""Who counts as one person, and which seat of a mailbox a signature takes. Pure.

One mailbox holds the letters of two people of one household on a campaign; a third is one too
many. Which two is decided when letters are confirmed: until then each person's letter waits on a
seat of its own, so that nobody who signs with an address takes the place of somebody else. The
database's unique constraint (campaign, fingerprint of the address, seat) decides who was first.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from campaign.core.errors import Refused
from campaign.directory.postal_addresses import formatted_code
from campaign.models.signature import (
    SEATS,
    SPARE_SEAT,
    WAITING_SEATS,
    Letter,
    Signature,
    SignatureState,
)
from campaign.signing.clean_text import western_digits
from campaign.signing.person_fingerprint import Person, person_of, person_print
from campaign.signing.validate import POSTAL_CODE_LIMIT

WAITS_ALONE = timedelta(days=1)
"""How long a letter that waits keeps its place even where all places are taken."""


@dataclass(frozen=True, slots=True)
class Seat:
    id: int
    number: int
    person: Person
    state: SignatureState
    expires_at: datetime | None
    is_record: bool = False  # Taken back when it lay in a bundle already, whose record it stays
    is_forgotten: bool = False
    """Handed over so long ago that nothing but its mailbox's fingerprint is known."""
    since: datetime | None = None


class Ruling(enum.Enum):
    RENEW = "renew"
    """It replaces one of the same person that was never confirmed, or one that is over."""
    SIT = "sit"  # It waits on a seat of its own; confirmed, it counts
    ALREADY = "already"
    FULL = "full"
    WAITING = "waiting"  # So many letters wait here already that no more are taken
    ELSEWHERE = "elsewhere"  # Somebody has signed from here who gave another home


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
    places = (*SEATS, *WAITING_SEATS)
    numbers = {seat.number for seat in taken}
    if len(numbers) >= len(places):
        return None
    return next(place for place in places if place not in numbers)


def renewable(seat: Seat) -> bool:
    if seat.state is SignatureState.WITHDRAWN:
        return not seat.is_record
    return seat.state is SignatureState.PENDING


def is_free(seat: Seat, now: datetime) -> bool:
    return has_lapsed(seat, now) or (seat.state is SignatureState.WITHDRAWN and renewable(seat))


def gives_way(seat: Seat, now: datetime) -> bool:
    if seat.state is not SignatureState.PENDING or seat.since is None:
        return False
    return seat.since <= now - WAITS_ALONE


def has_lapsed(seat: Seat, now: datetime) -> bool:
    over = seat.expires_at is None or seat.expires_at <= now
    return seat.state is SignatureState.PENDING and over


_ONLINE = (*SEATS, *WAITING_SEATS, SPARE_SEAT)  # Who signed on paper keeps nobody out


@dataclass(frozen=True, slots=True)
class SharedMailbox:
    slug: str
    cards: bool
    person_name: str
    person_died: bool
    own_words: str
    tried: bool  # Whether a postal code was given that was no help
    same_country: bool
    have_codes: bool


class MailboxShared(Refused):
    """A letter cannot be confirmed beside those of its mailbox. Slug: the ruling's."""

    def __init__(self, slug: str, shared: SharedMailbox) -> None:
        super().__init__(slug)
        self.shared = shared


def lock_seats(session: Session, campaign_id: int, email_hmac: bytes) -> list[Signature]:
    """Lock the mailbox's signatures: of two at once one waits, then sees the other's."""
    query = _of_mailbox(campaign_id, email_hmac).with_for_update()
    return list(session.scalars(query.execution_options(populate_existing=True)))


def list_seats(session: Session, signature: Signature) -> list[Signature]:
    return list(session.scalars(_of_mailbox(signature.campaign_id, signature.email_hmac)))


def _of_mailbox(campaign_id: int, email_hmac: bytes) -> Select[Signature]:
    # By id, which no one changes: two who lock several never wait for each other.
    return (
        select(Signature)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.email_hmac == email_hmac,
            Signature.seat.in_(_ONLINE),
        )
        .order_by(Signature.id)
    )


def seats_of(session: Session, rows: Sequence[Signature]) -> list[Seat]:
    return [
        Seat(
            id=row.id,
            number=row.seat,
            person=person_of(row),
            state=row.shown_state,
            expires_at=row.token_expires_at,
            is_record=_is_record(session, row),
            is_forgotten=row.forgotten_at is not None,
            since=row.signed_at,
        )
        for row in rows
    ]


def _is_record(session: Session, row: Signature) -> bool:
    if row.shown_state is not SignatureState.WITHDRAWN:
        return False
    bundled = select(func.count(Letter.id)).where(
        Letter.signature_id == row.id, Letter.bundle_id.is_not(None)
    )
    return bool(session.scalar(bundled))


def refuse_shared(session: Session, signature: Signature) -> None:
    rows = list_seats(session, signature)
    others = seats_of(session, [row for row in rows if row.id != signature.id])
    ruling = rule_confirmed(person_of(signature), others)
    if ruling is not Ruling.SIT:
        raise _shared(signature, ruling, others, tried=False)


def take_seat(session: Session, signature: Signature, postal_code: str = "") -> int:
    """Return the seat on which a letter counts once confirmed, made free where one waits on it.

    `postal_code` is that of the household, where another was given when signing. Raises
    MailboxShared: two people have a seat, or one of another home, or the same person.
    """
    rows = lock_seats(session, signature.campaign_id, signature.email_hmac)
    others = seats_of(session, [row for row in rows if row.id != signature.id])
    person = person_of(signature)
    ruling = rule_confirmed(person, others)
    if ruling is Ruling.ELSEWHERE and (code := _tidy_code(person.country, postal_code)):
        person = replace(person, postal_code=code)
        ruling = rule_confirmed(person, others)
        if ruling is Ruling.SIT:
            signature.postal_code = person.postal_code
            signature.person_hmac = person_print(person)
    if ruling is not Ruling.SIT:
        raise _shared(signature, ruling, others, tried=bool(postal_code.strip()))
    return signature.seat if signature.seat in SEATS else _make_room(session, signature, others)


def _make_room(session: Session, signature: Signature, others: Sequence[Seat]) -> int:
    """Return a seat on which nobody counts; who waits on it moves to a place where letters wait."""
    held = {seat.number for seat in counted(others)}
    number = next((number for number in SEATS if number not in held), None)
    if number is None:
        raise _shared(signature, Ruling.FULL, others, tried=False)
    waits = next((seat for seat in others if seat.number == number), None)
    if waits is not None:
        numbers = {signature.seat, *(seat.number for seat in others)}
        aside = next(
            (number for number in (SPARE_SEAT, *WAITING_SEATS) if number not in numbers), None
        )
        if aside is None:
            raise _shared(signature, Ruling.FULL, others, tried=False)
        session.execute(update(Signature).where(Signature.id == waits.id).values(seat=aside))
    return number


def _tidy_code(country: str, typed: str) -> str:
    return formatted_code(country, western_digits(typed.strip()[:POSTAL_CODE_LIMIT]))


def _shared(
    signature: Signature, ruling: Ruling, others: Sequence[Seat], *, tried: bool
) -> MailboxShared:
    people = [seat.person for seat in counted(others)]
    shared = SharedMailbox(
        slug=signature.campaign.slug,
        cards=signature.campaign.cards,
        person_name=signature.campaign.name_in(signature.locale),
        person_died=signature.campaign.person_died,
        own_words=signature.full_text or signature.own_words,
        tried=tried,
        same_country=all(person.country == signature.country for person in people),
        have_codes=all(person.code for person in people),
    )
    return MailboxShared(f"mailbox-{ruling.value}", shared)
