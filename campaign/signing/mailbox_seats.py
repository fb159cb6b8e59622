"""The seats of a mailbox on a campaign: who has one, and who takes one when confirming."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from campaign.signing import signatures_per_mailbox
from campaign.signing.clean_text import western_digits
from campaign.signing.person_fingerprint import person_print
from campaign.signing.signatures_per_mailbox import Person, Ruling, Seat
from campaign.signing.validate import POSTAL_CODE_LIMIT

_ONLINE = (*SEATS, *WAITING_SEATS, SPARE_SEAT)
"""Who signed on paper keeps nobody out."""


@dataclass(frozen=True, slots=True)
class SharedMailbox:
    """What a page says of a letter that cannot be confirmed beside those of its mailbox."""

    slug: str
    """Of the campaign."""
    cards: bool
    person_name: str
    person_died: bool
    own_words: str
    tried: bool
    """Whether a postal code was given that was no help."""
    same_country: bool
    """Whether the others live in the same country."""
    have_codes: bool
    """Whether all the others gave a postal code."""


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
    """Return the signatures of a signature's mailbox on its campaign."""
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


def person_of(row: Signature) -> Person:
    return Person(row.given_name, row.family_name, row.country, row.postal_code, row.locality)


def _is_record(session: Session, row: Signature) -> bool:
    """Tell whether a withdrawn letter is in a bundle, whose record its row is."""
    if row.shown_state is not SignatureState.WITHDRAWN:
        return False
    bundled = select(func.count(Letter.id)).where(
        Letter.signature_id == row.id, Letter.bundle_id.is_not(None)
    )
    return bool(session.scalar(bundled))


def refuse_shared(session: Session, signature: Signature) -> None:
    """Raise MailboxShared where the letter could not be confirmed now."""
    rows = list_seats(session, signature)
    others = seats_of(session, [row for row in rows if row.id != signature.id])
    ruling = signatures_per_mailbox.rule_confirmed(person_of(signature), others)
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
    ruling = signatures_per_mailbox.rule_confirmed(person, others)
    if ruling is Ruling.ELSEWHERE and (code := _tidy_code(person.country, postal_code)):
        person = replace(person, postal_code=code)
        ruling = signatures_per_mailbox.rule_confirmed(person, others)
        if ruling is Ruling.SIT:
            _move_home(signature, person)
    if ruling is not Ruling.SIT:
        raise _shared(signature, ruling, others, tried=bool(postal_code.strip()))
    return signature.seat if signature.seat in SEATS else _make_room(session, signature, others)


def _make_room(session: Session, signature: Signature, others: Sequence[Seat]) -> int:
    """Return a seat on which nobody counts; who waits on it moves to a place where letters wait."""
    held = {seat.number for seat in signatures_per_mailbox.counted(others)}
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


def _move_home(signature: Signature, person: Person) -> None:
    signature.postal_code = person.postal_code
    signature.person_hmac = person_print(
        person.given_name,
        person.family_name,
        country=person.country,
        postal_code=person.postal_code,
        locality=person.locality,
    )


def _shared(
    signature: Signature, ruling: Ruling, others: Sequence[Seat], *, tried: bool
) -> MailboxShared:
    people = [seat.person for seat in signatures_per_mailbox.counted(others)]
    shared = SharedMailbox(
        slug=signature.campaign.slug,
        cards=signature.campaign.cards,
        person_name=signature.campaign.person_name,
        person_died=signature.campaign.person_died,
        own_words=signature.full_text or signature.own_words,
        tried=tried,
        same_country=all(person.country == signature.country for person in people),
        have_codes=all(person.code for person in people),
    )
    return MailboxShared(f"mailbox-{ruling.value}", shared)
