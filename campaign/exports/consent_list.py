"""Members of the network with their consents, one row a person, as another program reads them.

A file has one row of headings and nothing above it. Who left or was erased is told by the name
that earlier lists gave them: the address is no longer known.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import counted_publicly
from campaign.core import clock, db
from campaign.core.db.batches import AnyRow, batched, read_by_key, read_each
from campaign.core.i18n import language_with_country
from campaign.core.settings import current_settings
from campaign.exports.people_in_file import NotePerson, member_of, note_nobody, person_of
from campaign.mail.messages import BadAddress
from campaign.models.export import ConsentColumns, DataExport, ExportKind
from campaign.models.network import UNCONFIRMED, ErasedMember, MemberState, NetworkMember
from campaign.models.signature import Origin, Signature
from campaign.web.spreadsheets import csv_lines

_BATCH = 500
NAMES = ("given_name", "family_name", "locality", "region", "postal_code", "country")


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A person, in words for programs; the order of the fields is that of the plain list."""

    person: str
    """The same in every list (`name_outside`)."""
    status: str  # subscribed, bounced, left, erased
    status_on: str = ""
    email: str = ""
    given_name: str = ""
    family_name: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    language: str = ""
    consent: str = ""  # The words to which they agreed
    wording_version: str = ""  # A code made from the words
    privacy_notice: str = ""  # Number of the version that was beside them
    consented_on: str = ""
    confirmed_on: str = ""
    source: str = ""  # form, letter, import
    proof: str = ""  # Of one from a file: where the proof is

    @property
    def opt_in(self) -> str:
        return "Y" if self.status == "subscribed" else "N"

    @property
    def locale_name(self) -> str:
        """As CiviCRM names languages: it refuses one without a country."""
        return language_with_country(self.language)

    @property
    def opt_out(self) -> str:
        """Empty for who is subscribed: a 0 would undo an opt-out that the other program has."""
        return "1" if self.status in {"left", "erased"} else ""


_PLAIN = {field.name: field.name for field in fields(ConsentRow)}
_PROOF = {
    name: name
    for name in (
        *("status", "status_on", "consent", "wording_version", "privacy_notice"),
        *("consented_on", "confirmed_on", "source", "proof"),
    )
}
COLUMNS: Mapping[ConsentColumns, Mapping[str, str]] = {
    ConsentColumns.PLAIN: _PLAIN,
    ConsentColumns.ACTION_NETWORK: {
        "email": "email", "first_name": "given_name", "last_name": "family_name",
        "city": "locality", "state": "region", "zip_code": "postal_code", "country": "country",
        "language": "language", "campaign_person": "person", **_PROOF,
    },
    ConsentColumns.CIVICRM: {
        "external_identifier": "person", "first_name": "given_name", "last_name": "family_name",
        "email": "email", "city": "locality", "state_province": "region",
        "postal_code": "postal_code", "country": "country", "preferred_language": "locale_name",
        "is_opt_out": "opt_out", **_PROOF,
    },
    ConsentColumns.ENGAGING_NETWORKS: {
        "Email Address": "email", "First Name": "given_name", "Last Name": "family_name",
        "City": "locality", "Region": "region", "Postcode": "postal_code", "Country": "country",
        "Language": "language", "Urgent actions by email": "opt_in",
        "Campaign person": "person", **_PROOF,
    },
    ConsentColumns.MAILCHIMP: {
        "Email Address": "email", "First Name": "given_name", "Last Name": "family_name",
        "City": "locality", "Region": "region", "Postal Code": "postal_code",
        "Country": "country", "Language": "language", "Campaign person": "person", **_PROOF,
    },
    ConsentColumns.NATIONBUILDER: {
        "external_id": "person", "email": "email", "email_opt_in": "opt_in",
        "first_name": "given_name", "last_name": "family_name", "address_city": "locality",
        "address_state": "region", "address_zip": "postal_code",
        "address_country_code": "country", "language": "language", **_PROOF,
    },
    ConsentColumns.NPSP: {
        "Contact1 First Name": "given_name", "Contact1 Last Name": "family_name",
        "Contact1 Personal Email": "email", "Home City": "locality",
        "Home State/Province": "region", "Home Zip/Postal Code": "postal_code",
        "Home Country": "country", "Campaign person": "person", "Language": "language", **_PROOF,
    },
}  # fmt: skip
"""Headings by what they are given; docs/crm.md names the page of each maker that has them."""


def name_outside(public_id: str) -> str:
    """Return the name of a member in other programs, as OSDI writes one; no formula begins so."""
    return f"campaign:{public_id}"


def last_told(session: Session, columns: ConsentColumns) -> datetime | None:
    """Return when the last such list that somebody downloaded was asked for."""
    return session.scalar(
        select(func.max(DataExport.requested_at)).where(
            DataExport.kind == ExportKind.CONSENTS,
            DataExport.columns == columns,
            DataExport.downloads > 0,
        )
    )


def count(session: Session, since: datetime | None) -> int:
    people = [select(NetworkMember.id).where(NetworkMember.state == MemberState.ACTIVE)]
    if since is not None:
        people.append(select(NetworkMember.id).where(*_has_left(since)))
    return sum(db.count_rows(session, rows) for rows in people)


def write(columns: ConsentColumns, rows: Iterator[ConsentRow]) -> Iterator[bytes]:
    headings = COLUMNS[columns]

    def lines() -> Iterator[Sequence[str]]:
        yield tuple(headings)
        for row in rows:
            yield [getattr(row, name) for name in headings.values()]

    for text in csv_lines(lines()):
        yield text.encode()


def iter_rows(
    since: datetime | None, unreadable: Callable[[], None], note: NotePerson = note_nobody
) -> Iterator[ConsentRow]:
    """Yield every member, then who left and who was erased since that moment."""
    members = read_by_key(
        select(
            NetworkMember.id,
            NetworkMember.seal_id,
            NetworkMember.public_id,
            NetworkMember.email,
            NetworkMember.email_hmac,
            NetworkMember.locale,
            NetworkMember.consent_wording,
            NetworkMember.consent_source,
            NetworkMember.privacy_notice_id,
            NetworkMember.origin,
            NetworkMember.joined_at,
            NetworkMember.confirmed_at,
        ).where(NetworkMember.state == MemberState.ACTIVE),
        NetworkMember.id,
        size=_BATCH,
        unreadable=unreadable,
    )
    for some in batched(members, _BATCH):
        yield from _describe(some, note)
    if since is not None:
        yield from _iter_gone(since)


def _describe(members: Sequence[AnyRow], note: NotePerson) -> Iterator[ConsentRow]:
    with db.reading() as session:
        fingerprints = [member.email_hmac for member in members]
        people = find_names(session, fingerprints, note)
        bad = select(BadAddress.email_hmac, BadAddress.marked_at)
        bad = bad.where(BadAddress.email_hmac.in_(fingerprints))
        bounced = {row.email_hmac: row.marked_at for row in session.execute(bad)}
    for member in members:
        note(member_of(member))
        marked_at = bounced.get(member.email_hmac)
        yield ConsentRow(
            person=name_outside(member.public_id),
            status="bounced" if marked_at else "subscribed",
            status_on=_day_of(marked_at) if marked_at else _day(member.confirmed_at),
            email=member.email or "",
            language=member.locale,
            consent=member.consent_wording,
            wording_version=_version_of(member.consent_wording),
            privacy_notice=str(member.privacy_notice_id or ""),
            consented_on=_day(member.joined_at),
            # Who came from a file was not asked to confirm; since when they are in: `status_on`.
            confirmed_on="" if member.origin in UNCONFIRMED else _day(member.confirmed_at),
            source=member.origin.value,
            proof=member.consent_source or "",
            **people.get(member.email_hmac, {}),
        )


def _version_of(wording: str) -> str:
    return hashlib.sha256(wording.encode()).hexdigest()[:12] if wording else ""


def find_names(
    session: Session, fingerprints: Sequence[bytes], note: NotePerson = note_nobody
) -> dict[bytes, dict[str, str]]:
    """Return name and place by address, of the last letter at which they asked for our emails.

    Whoever joined by the form gave none, and those on other letters were given to deliver these.
    Those in a file we do not pass on: what its people were asked, we do not know.
    """
    query = select(
        Signature.id,
        Signature.id.label("signature_id"),
        Signature.seal_id,
        Signature.email_hmac,
        *(getattr(Signature, name) for name in NAMES),
    ).where(
        Signature.email_hmac.in_(fingerprints),
        counted_publicly(),
        Signature.consent_network_at.is_not(None),
        Signature.forgotten_at.is_(None),
        Signature.origin != Origin.IMPORT,
    )
    ids = session.scalars(query.with_only_columns(Signature.id).order_by(Signature.id)).all()
    last = {row.email_hmac: row for _id, row in read_each(session, query, Signature.id, ids) if row}
    for row in last.values():
        note(person_of(row, ExportKind.CONSENTS))
    return {address: {name: getattr(row, name) for name in NAMES} for address, row in last.items()}


def _iter_gone(since: datetime) -> Iterator[ConsentRow]:
    left = select(NetworkMember.id, NetworkMember.public_id, NetworkMember.left_at)
    for row in read_by_key(left.where(*_has_left(since)), NetworkMember.id, size=_BATCH):
        yield ConsentRow(name_outside(row.public_id), "left", _day_of(row.left_at))
    with db.reading() as session:
        erased = session.scalars(
            select(ErasedMember)
            .where(ErasedMember.erased_at >= clock.keep_day(since, clock.LATEST_ZONE))
            .order_by(ErasedMember.public_id)
        ).all()
    for member in erased:
        yield ConsentRow(name_outside(member.public_id), "erased", _day(member.erased_at))


def _has_left(since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Who asked again since then and has not confirmed yet has left still."""
    return NetworkMember.state != MemberState.ACTIVE, NetworkMember.left_at >= since


def _day(moment: datetime | None) -> str:
    """Write a day that was kept (`clock.keep_day`)."""
    return clock.day_of(moment, "UTC").isoformat() if moment else ""


def _day_of(moment: datetime) -> str:
    return clock.day_of(moment, current_settings().timezone).isoformat()
