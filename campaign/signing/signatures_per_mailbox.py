"""Who counts as one person, and which seat of a mailbox a signature takes.

One mailbox holds the letters of two people of one household on a campaign (`SEATS`); a
third is one too many. Which two is decided when letters are confirmed: until then each person's
letter waits on a seat of its own, so that nobody who signs with an address takes the place of
somebody else. The database's unique constraint (campaign, fingerprint of the address, seat) decides
who was first.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, selectinload

from campaign.core import i18n
from campaign.core.errors import Refused
from campaign.core.text.fold import western_digits
from campaign.directory.postal_addresses import formatted_code
from campaign.models.signature import Signature, SignatureState
from campaign.signing.person_fingerprint import Person, person_of
from campaign.signing.validate import POSTAL_CODE_LIMIT

SEATS = (1, 2)
"""Of a mailbox: those of two letters that count. The database checks them (`signature.seat`)."""
WAITING_SEATS = (4, 5, 6, 7)
"""Where more letters wait until they are confirmed."""
SPARE_SEAT = 8
WAITS_ALONE = timedelta(days=1)
"""How long a letter that waits keeps its place even where all places are taken."""
_OVER = frozenset({SignatureState.PENDING, SignatureState.WITHDRAWN})
"""States in which a letter is none of the two that a mailbox may have."""
_ONLINE = (*SEATS, *WAITING_SEATS, SPARE_SEAT)  # Who signed on paper keeps nobody out


class Ruling(enum.Enum):
    RENEW = "renew"
    """It replaces one of the same person, unconfirmed or withdrawn, or one that has lapsed."""
    SIT = "sit"  # It waits on a seat of its own; confirmed, it counts
    ALREADY = "already"
    REJECTED = "rejected"  # The same person's letter was read, and cannot be printed
    FULL = "full"
    WAITING = "waiting"  # So many letters wait here already that no more are taken
    ELSEWHERE = "elsewhere"  # Somebody has signed from here who gave another home


# The rules down to `has_lapsed` are pure: they take rows whose letters are loaded, as
# `lock_seats` and `list_seats` return them.


def decide_newcomer(
    newcomer: Person, taken: Sequence[Signature], now: datetime
) -> tuple[Ruling, Signature | None]:
    """Decide what becomes of a signature from a mailbox whose seats `taken` are taken.

    A letter of another name that waits is replaced only where all places are taken, and after a
    day: whoever typed that address, only its owner can confirm one, and must be able to sign. One
    that was withdrawn stays: its link goes on saying so.
    """
    if any(row.forgotten_at for row in taken):
        return Ruling.ALREADY, None  # who it was nobody knows: nobody may count twice
    here = [row for row in taken if not is_record(row)]
    same = next((row for row in here if person_of(row).name == newcomer.name), None)
    if same is not None and not is_renewable(same):
        rejected = same.shown_state is SignatureState.REJECTED
        return (Ruling.REJECTED if rejected else Ruling.ALREADY), same
    if len(list_confirmed(taken)) >= len(SEATS):
        return Ruling.FULL, None  # also who waits: that letter cannot be confirmed any more
    if same is not None:
        return Ruling.RENEW, same
    lapsed = next((row for row in taken if has_lapsed(row, now)), None)
    if lapsed is not None:
        return Ruling.RENEW, lapsed
    if free_seat(taken):
        return Ruling.SIT, None
    oldest = min(
        (row for row in taken if may_be_replaced(row, now)),
        key=lambda row: (row.signed_at, row.id),
        default=None,
    )
    withdrawn = SignatureState.WITHDRAWN
    oldest = oldest or next((row for row in here if row.shown_state is withdrawn), None)
    return (Ruling.RENEW if oldest else Ruling.WAITING), oldest


def decide_confirmed(person: Person, others: Sequence[Signature]) -> Ruling:
    """Decide what becomes of a letter that is confirmed now, beside the mailbox's `others`."""
    held = list_confirmed(others)
    if any(person_of(row).name == person.name for row in held):
        return Ruling.ALREADY
    if len(held) >= len(SEATS):
        return Ruling.FULL
    if all(person.shares_home(person_of(row)) for row in held):
        return Ruling.SIT
    return Ruling.ELSEWHERE


def list_confirmed(taken: Sequence[Signature]) -> list[Signature]:
    """Return those that were confirmed and not withdrawn: each is one of the two."""
    return [row for row in taken if row.shown_state not in _OVER]


def free_seat(taken: Sequence[Signature]) -> int | None:
    numbers = {row.seat for row in taken}
    return next((place for place in (*SEATS, *WAITING_SEATS) if place not in numbers), None)


def is_record(row: Signature) -> bool:
    """Tell whether it was withdrawn after it was printed.

    Its row stays as the record of the bundle, on a seat. It keeps nobody from signing again.
    """
    withdrawn = row.shown_state is SignatureState.WITHDRAWN
    return withdrawn and any(letter.bundle_id for letter in row.letters)


def is_renewable(row: Signature) -> bool:
    """Tell whether the same person may sign anew in its place."""
    return row.shown_state in _OVER and not is_record(row)


def may_be_replaced(row: Signature, now: datetime) -> bool:
    return row.shown_state is SignatureState.PENDING and row.signed_at <= now - WAITS_ALONE


def has_lapsed(row: Signature, now: datetime) -> bool:
    over = row.token_expires_at is None or row.token_expires_at <= now
    return row.shown_state is SignatureState.PENDING and over


@dataclass(frozen=True, slots=True)
class SharedMailbox:
    slug: str
    cards: bool
    person_name: str
    person_died: bool
    own_words: str
    version: str
    tried: bool  # Whether a postal code was given that was no help
    same_country: bool
    have_codes: bool
    can_add_code: bool  # Whether a letter without a code can still be changed


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
        .options(selectinload(Signature.letters))
        .order_by(Signature.id)
    )


def may_write_again(session: Session, signature: Signature, now: datetime) -> bool:
    """Tell whether a letter of the same person would be taken from this mailbox now."""
    ruling, _ = decide_newcomer(person_of(signature), list_seats(session, signature), now)
    return ruling in {Ruling.RENEW, Ruling.SIT}


def is_full(session: Session, signature: Signature) -> bool:
    """Tell whether two people have confirmed a letter from this mailbox."""
    return len(list_confirmed(list_seats(session, signature))) >= len(SEATS)


def is_name_taken(session: Session, signature: Signature, person: Person) -> bool:
    """Tell whether another letter from its mailbox counts under the name of that person."""
    return decide_confirmed(person, _list_others(session, signature)) is Ruling.ALREADY


def _list_others(session: Session, signature: Signature) -> list[Signature]:
    return [row for row in list_seats(session, signature) if row.id != signature.id]


def refuse_shared(session: Session, signature: Signature) -> None:
    others = _list_others(session, signature)
    ruling = decide_confirmed(person_of(signature), others)
    if ruling is not Ruling.SIT:
        raise _shared(signature, ruling, others, tried=False)


def take_seat(session: Session, signature: Signature, postal_code: str = "") -> int:
    """Return the seat on which a letter counts once confirmed, made free where one waits on it.

    `postal_code` is what was typed as that of the other person, where their homes differ: it shows
    that the two share a home, and changes nothing in the letter. Raises MailboxShared: two people
    have a seat, or one of another home, or the same person.
    """
    rows = lock_seats(session, signature.campaign_id, signature.email_hmac)
    others = [row for row in rows if row.id != signature.id]
    person = person_of(signature)
    ruling = decide_confirmed(person, others)
    if ruling is Ruling.ELSEWHERE and (code := _tidy_code(person.country, postal_code)):
        ruling = decide_confirmed(replace(person, postal_code=code), others)
    if ruling is not Ruling.SIT:
        raise _shared(signature, ruling, others, tried=bool(postal_code.strip()))
    return signature.seat if signature.seat in SEATS else _make_room(session, signature, others)


def _make_room(session: Session, signature: Signature, others: Sequence[Signature]) -> int:
    """Return a seat on which nobody counts; who waits on it moves to a place where letters wait."""
    held = {row.seat for row in list_confirmed(others)}
    number = next((number for number in SEATS if number not in held), None)
    if number is None:
        raise _shared(signature, Ruling.FULL, others, tried=False)
    waits = next((row for row in others if row.seat == number), None)
    if waits is not None:
        numbers = {signature.seat, *(row.seat for row in others)}
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
    signature: Signature, ruling: Ruling, others: Sequence[Signature], *, tried: bool
) -> MailboxShared:
    confirmed = list_confirmed(others)
    people = [person_of(row) for row in confirmed]
    letters = [letter for row in confirmed if not person_of(row).code for letter in row.letters]
    shared = SharedMailbox(
        slug=signature.campaign.slug,
        cards=signature.campaign.cards,
        person_name=signature.campaign.name_in(i18n.locale()),
        person_died=signature.campaign.person_died,
        own_words=signature.full_text or signature.own_words,
        version=signature.version,
        tried=tried,
        same_country=all(person.country == signature.country for person in people),
        have_codes=all(person.code for person in people),
        can_add_code=all(letter.bundle_id is None for letter in letters),
    )
    return MailboxShared(f"mailbox-{ruling.value}", shared)
