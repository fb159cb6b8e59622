"""Who signed twice: a row of a sheet, and somebody who is counted on the campaign already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core.db import database
from campaign.core.db.batches import batched
from campaign.core.text.email_addresses import canonical_email
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.paper_signatures.check_row import Details
from campaign.signing.person_fingerprint import Person, person_print

COUNTS = (SignatureState.CONFIRMED, SignatureState.HELD)
"""States in which somebody has signed; whoever never confirmed has not."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Fingerprints:
    person: bytes
    email: bytes | None


def fingerprints_of(details: Details) -> Fingerprints:
    person = Person(
        details.given_name,
        details.family_name,
        details.country,
        details.postal_code,
        details.locality,
    )
    return Fingerprints(
        person_print(person),
        database().keyring.fingerprint(canonical_email(details.email), "email")
        if details.email
        else None,
    )


def lock_person(session: Session, prints: Fingerprints) -> None:
    """Let one of two who key in one person at once wait until the other is there to be found."""
    if session.get_bind().dialect.name == "postgresql":
        for mark in filter(None, (prints.person, prints.email)):
            lock = {"key": int.from_bytes(mark[:8]) >> 1}
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), lock)


def find_twin(
    session: Session, campaign_id: int, prints: Fingerprints, *, besides: int | None = None
) -> Signature | None:
    """Return who has the same address, or the same name, country and postal code (or town).

    Who counts goes before who withdrew; neither is counted by a further row.
    """
    for pairs in find_matches(session, campaign_id, [prints]):
        twin_ids = {signature_id for _mark, signature_id in pairs} - {besides}
        if twin_ids:
            return session.get(Signature, min(twin_ids))
    return None


class Matches(NamedTuple):
    """Marks of people of whom a campaign has a signature, with the signature's id."""

    counted: list[tuple[bytes, int]]
    withdrawn: list[tuple[bytes, int]]


def find_matches(
    session: Session,
    campaign_id: int,
    fingerprints: Sequence[Fingerprints],
    *,
    online_alone: bool = False,
) -> Matches:
    """Find who is counted on the campaign (`online_alone`: by a letter), and who withdrew."""
    matches = Matches([], [])
    for mark, signature in _find_signatures(session, campaign_id, fingerprints):
        if signature.state in COUNTS:
            if online_alone and signature.origin is not Origin.ONLINE:
                continue
            matches.counted.append((mark, signature.id))
        elif signature.state is SignatureState.WITHDRAWN and signature.confirmed_at:
            matches.withdrawn.append((mark, signature.id))
    return matches


_Facts = Row[bytes | None, int, int, SignatureState, Origin, datetime | None]


def _find_signatures(
    session: Session, campaign_id: int, fingerprints: Sequence[Fingerprints]
) -> Iterator[tuple[bytes, _Facts]]:
    """Find by the index of the fingerprint; the state is looked at afterwards.

    With the state in the query, SQLite takes the index of the states and reads the whole campaign.
    """
    people, addresses = [prints.person for prints in fingerprints], _list_addresses(fingerprints)
    for column, values in ((Signature.person_hmac, people), (Signature.email_hmac, addresses)):
        query = _select_facts(column).where(Signature.campaign_id == campaign_id)
        for part in batched(values, _BATCH):
            for row in session.execute(query.where(column.in_(part))):
                yield bytes(row.mark), row
    # Of an address on a sheet only the fingerprint is kept, beside the row.
    column = PaperRow.email_hmac
    query = _select_facts(column).join(PaperRow, PaperRow.signature_id == Signature.id)
    for part in batched(addresses, _BATCH):
        for row in session.execute(query.where(column.in_(part))):
            if row.campaign_id == campaign_id:
                yield bytes(row.mark), row


def _select_facts(
    mark: InstrumentedAttribute[Any],
) -> Select[bytes | None, int, int, SignatureState, Origin, datetime | None]:
    return select(
        mark.label("mark"),
        Signature.id,
        Signature.campaign_id,
        Signature.state,
        Signature.origin,
        Signature.confirmed_at,
    ).select_from(Signature)


def _list_addresses(fingerprints: Sequence[Fingerprints]) -> list[bytes]:
    return [prints.email for prints in fingerprints if prints.email is not None]
