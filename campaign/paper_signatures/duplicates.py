"""Who signed twice: a row of a sheet, and somebody who is counted on the campaign already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

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
    """Return who has the same address, or the same name, country and postal code (or town)."""
    twin_ids = {
        signature_id
        for _mark, signature_id in find_counted(session, campaign_id, [prints])
        if signature_id != besides
    }
    return session.get(Signature, min(twin_ids)) if twin_ids else None


def find_counted(
    session: Session, campaign_id: int, fingerprints: Sequence[Fingerprints]
) -> Iterator[tuple[bytes, int]]:
    """Find marks of who is counted on the campaign already, with the signature's id."""
    yield from find_signed(session, campaign_id, fingerprints)
    # Of an address on a sheet only the fingerprint is kept, beside the row.
    for part in batched(_list_addresses(fingerprints), _BATCH):
        rows = session.execute(
            select(PaperRow.email_hmac, Signature.id, Signature.state, Signature.campaign_id)
            .join(Signature, PaperRow.signature_id == Signature.id)
            .where(PaperRow.email_hmac.in_(part))
        )
        for mark, signature_id, state, campaign in rows:
            if campaign == campaign_id and state in COUNTS and mark is not None:
                yield bytes(mark), signature_id


def find_signed(
    session: Session,
    campaign_id: int,
    fingerprints: Sequence[Fingerprints],
    *,
    online_alone: bool = False,
) -> Iterator[tuple[bytes, int]]:
    """Find by the index of the fingerprint; the state is looked at afterwards.

    With the state in the query, SQLite takes the index of the states and reads the whole campaign.
    """
    people, addresses = [prints.person for prints in fingerprints], _list_addresses(fingerprints)
    for column, values in ((Signature.person_hmac, people), (Signature.email_hmac, addresses)):
        for part in batched(values, _BATCH):
            rows = session.execute(
                select(column, Signature.id, Signature.state, Signature.origin).where(
                    Signature.campaign_id == campaign_id, column.in_(part)
                )
            )
            for mark, signature_id, state, origin in rows:
                is_wanted = origin is Origin.ONLINE or not online_alone
                if is_wanted and state in COUNTS and mark is not None:
                    yield bytes(mark), signature_id


def _list_addresses(fingerprints: Sequence[Fingerprints]) -> list[bytes]:
    return [prints.email for prints in fingerprints if prints.email is not None]
