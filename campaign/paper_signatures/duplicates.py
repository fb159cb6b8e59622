"""Who signed twice: a row of a sheet, and somebody who is counted on the campaign already."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Row, Select, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core.db import database
from campaign.core.db.batches import AnyRow, batched, read_each
from campaign.core.text.email_addresses import canonical_email
from campaign.core.text.fold import fold_name
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.paper_signatures.check_row import Details
from campaign.signing.person_fingerprint import Person, person_print

log = structlog.get_logger()
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


class Match(NamedTuple):
    """A signature with the mark of a person or an address."""

    signature_id: int
    counts: bool  # otherwise it was withdrawn


Matches = Mapping[bytes, Sequence[Match]]
Name = tuple[str, ...]
Names = Mapping[int, Name]  # by the signature's id


def find_twin(
    session: Session,
    campaign_id: int,
    details: Details,
    prints: Fingerprints,
    *,
    besides: int | None = None,
) -> Signature | None:
    matches = find_matches(session, campaign_id, [prints], besides=besides)
    twin = choose_namesake(
        matches, prints, name_of(details), read_names(session, matches, [prints])
    )
    twin = twin or choose_by_address(matches, prints)
    return session.get(Signature, twin.signature_id) if twin else None


def choose_namesake(
    matches: Matches, prints: Fingerprints, name: Name | None, names: Names
) -> Match | None:
    """Choose the same person: by name, country and postal code (or town), else by name and address.

    Who counts goes before who withdrew; neither is counted by a further row.
    """
    by_address = matches.get(prints.email, ()) if prints.email else ()
    same_address = {match.signature_id for match in by_address}
    people = matches.get(prints.person, ())
    if not people and name:
        people = [match for match in by_address if names.get(match.signature_id) == name]
    return min(
        people,
        key=lambda match: (
            not match.counts,
            match.signature_id not in same_address,
            match.signature_id,
        ),
        default=None,
    )


def choose_by_address(matches: Matches, prints: Fingerprints) -> Match | None:
    """Choose whoever has the row's address; to be asked where nobody is its namesake."""
    by_address = matches.get(prints.email, ()) if prints.email else ()
    return min(by_address, key=lambda match: (not match.counts, match.signature_id), default=None)


def name_of(details: Details | AnyRow) -> Name:
    """Return the words of the name, in any order, as `person_print` takes them."""
    return tuple(sorted(fold_name(f"{details.given_name} {details.family_name}").split()))


def read_names(
    session: Session, matches: Matches, fingerprints: Iterable[Fingerprints], *more: int
) -> Names:
    """Read who has the address of a row whose person is not there, and these signatures."""
    ids = set(more)
    for prints in fingerprints:
        if prints.email and not matches.get(prints.person):
            ids |= {match.signature_id for match in matches.get(prints.email, ())}
    names = {}
    query = select(Signature.id, Signature.given_name, Signature.family_name)
    for part in batched(sorted(ids), _BATCH):
        for signature_id, row in read_each(session, query, Signature.id, part):
            if row is None:
                log.error("signature cannot be opened", signature=signature_id)
            else:
                names[signature_id] = name_of(row)
    return names


def find_matches(
    session: Session,
    campaign_id: int,
    fingerprints: Sequence[Fingerprints],
    *,
    online_alone: bool = False,
    besides: int | None = None,
) -> Matches:
    """Find by marks who is counted on the campaign (`online_alone`: by a letter), and who withdrew.

    Not `besides`, the signature of the row itself.
    """
    matches: dict[bytes, list[Match]] = {}
    for mark, signature in _find_signatures(session, campaign_id, fingerprints):
        counts = signature.state in COUNTS
        withdrew = signature.state is SignatureState.WITHDRAWN and signature.confirmed_at
        is_asked = withdrew or not online_alone or signature.origin is Origin.ONLINE
        if signature.id != besides and is_asked and (counts or withdrew):
            matches.setdefault(mark, []).append(Match(signature.id, counts))
    return matches


_Facts = Row[bytes | None, int, int, SignatureState, Origin, datetime | None]


def _find_signatures(
    session: Session, campaign_id: int, fingerprints: Sequence[Fingerprints]
) -> Iterator[tuple[bytes, _Facts]]:
    """Find by the index of the fingerprint; the state is looked at afterwards.

    With the state in the query, SQLite takes the index of the states and reads the whole campaign.
    """
    people = [prints.person for prints in fingerprints]
    addresses = [prints.email for prints in fingerprints if prints.email is not None]
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
