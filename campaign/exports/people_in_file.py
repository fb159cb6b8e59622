"""Who is in an export's file, kept beside it: it is given out while all of them may still be in it.

A file may wait for a day. Meanwhile somebody withdraws, has everything deleted, leaves the network,
or is rejected; what they read then is true of the file as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import counted_publicly
from campaign.core import db
from campaign.core.db.batches import AnyRow, batched
from campaign.core.errors import NotFound
from campaign.exports.export_rules import states_in
from campaign.models.export import DataExport, ExportKind
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Signature
from campaign.storage import FileDamaged, Storage

_BATCH = 1_000
_MODELS = {model.__tablename__: model for model in (Signature, NetworkMember)}


class PersonRow(NamedTuple):
    table: str
    row_id: int
    seal_id: str
    """Tells the row from a later one: a database may give a number again."""
    disclosure: str = ""
    """Of a list for officials: what they may see."""


NotePerson = Callable[[PersonRow], object]


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


def name_people(storage_key: str) -> str:
    """Return the name of the file that says who is in that one."""
    return f"{storage_key}-people"


def person_of(row: AnyRow, kind: ExportKind) -> PersonRow:
    """Name the signature of a row, which has its id as `signature_id`."""
    disclosure = row.disclosure.value if kind is ExportKind.OFFICIALS else ""
    return PersonRow(Signature.__tablename__, row.signature_id, row.seal_id.hex(), disclosure)


def member_of(row: AnyRow) -> PersonRow:
    return PersonRow(NetworkMember.__tablename__, row.id, row.seal_id.hex())


def note_nobody(_person: PersonRow) -> None:
    """For rows that are kept nowhere."""


def note_in(file: _Writable) -> NotePerson:
    return lambda person: file.write(f"{' '.join(map(str, person))}\n".encode())


def has_left(session: Session, store: Storage, export: DataExport) -> bool:
    """Return whether somebody in its file must not be in it any more, or it is not known who is."""
    try:
        return any(
            not _may_stay(session, export.kind, people)
            for people in batched(_read(store, export.storage_key), _BATCH)
        )
    except (NotFound, FileDamaged):
        return True  # an earlier version kept no such file


def _read(store: Storage, storage_key: str) -> Iterator[PersonRow]:
    with store.open(name_people(storage_key)) as file:
        for line in file:
            table, row_id, seal_id, disclosure = line.decode().rstrip("\n").split(" ")
            yield PersonRow(table, int(row_id), seal_id, disclosure)


def _may_stay(session: Session, kind: ExportKind, people: tuple[PersonRow, ...]) -> bool:
    by_table = defaultdict(set)
    for person in people:
        by_table[person.table].add(person)
    return all(
        persons <= _find_listed(session, kind, table, persons)
        for table, persons in by_table.items()
    )


def _find_listed(
    session: Session, kind: ExportKind, table: str, people: set[PersonRow]
) -> set[PersonRow]:
    model = _MODELS[table]
    ids = [person.row_id for person in people]
    if model is NetworkMember:
        members = select(NetworkMember.id, NetworkMember.seal_id).where(
            NetworkMember.id.in_(ids), NetworkMember.state == MemberState.ACTIVE
        )
        return {member_of(row) for row in session.execute(members)}
    query = select(Signature.id.label("signature_id"), Signature.seal_id, Signature.disclosure)
    query = query.where(Signature.id.in_(ids), Signature.forgotten_at.is_(None))
    if kind is ExportKind.CONSENTS:
        query = query.where(counted_publicly(), Signature.consent_network_at.is_not(None))
    else:
        query = query.where(db.unindexed(Signature.state).in_(states_in(kind)))
    return {person_of(row, kind) for row in session.execute(query)}
