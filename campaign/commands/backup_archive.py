"""Backups: every row and every file in one ZIP, the same for SQLite and PostgreSQL.

Rows are copied as they lie in the database, sealed columns sealed; files as they are kept,
encrypted. Without the data key, which is not in it, a stolen backup tells no name; encrypted to
recipients, nothing but its size. `restore` wants an empty database at the same revision, checks
what it reads against the manifest first, and the audit against how it was known to stand.
"""

import base64
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKeyConstraint,
    MetaData,
    Table,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.commands.backup_manifest import (
    ANOTHER_COPY,
    FILES,
    OTHER_KEYS,
    ROWS,
    BackupDamaged,
    Manifest,
    check_entries,
    read_entry,
    read_manifest,
)
from campaign.commands.newest_ids import continue_ids, list_newest_ids
from campaign.core import age, audit, clock
from campaign.core.audit import Anchor, DamagedAnchor
from campaign.core.db import Database
from campaign.core.errors import NotFound, Refused
from campaign.core.sealing import WrongKey
from campaign.storage import Storage, sealed

_BATCH = 1_000
_LEFT_OUT = {"alembic_version", "rate_limit", "figures_due"}
_FILES_AS_KEPT = 2
"""Format since which files are in a backup as they are kept; before, each was sealed whole."""
_PIECE = 256 * 1024
_SHORT_LIVED = ("exports/", "probe/")
"""Lists of people that are to be gone after a day must not live on in a backup."""
AnchorFit = Literal["fits", "older", "unknown"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the operator takes knowingly."""

    anchors: Sequence[Anchor] = ()
    """How the audit was known to stand: the instance's own anchor, one from a notebook."""
    older: bool = False
    """A backup whose audit ends before an anchor."""
    unknown_anchor: bool = False
    """A backup for whose audit no anchor vouches."""
    unsigned: bool = False
    """A manifest without an HMAC."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    rows: int
    anchor: AnchorFit
    signed: bool
    revision: str


def back_up(
    database: Database, storage: Storage, target: Path, recipients: Sequence[str] = ()
) -> tuple[int, Anchor]:
    """Write a backup, whole or not at all, encrypted to recipients; return rows and the anchor."""
    draft = target.with_name(f".{target.name}.draft")
    draft.unlink(missing_ok=True)
    with database.sessions() as session:
        anchor = audit.head(session)
    manifest = Manifest(
        revision=str(migrations.current_revision(database.engine)),
        anchor=audit.seal_anchor(database.keyring, anchor),
    )
    chunks = _pack(database, storage, manifest)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            if recipients:
                age.encrypt(chunks, recipients, file)
            else:
                file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest.rows, anchor


def restore(
    database: Database,
    storage: Storage,
    source: Path,
    accepted: Accepted,
    identity: Path | None = None,
) -> Restored:
    """Read a backup into an empty instance. Raises Refused; nothing is changed then."""
    with open_backup(source, storage, identity) as archive:
        manifest = read_manifest(archive, database.keyring, unsigned=accepted.unsigned)
        tables = tables_of(database.engine)
        _check(archive, manifest, database, tables)
        with ExitStack() as undo:
            with database.engine.begin() as connection:
                rows = sum(
                    _fill(connection, table, read_entry(archive, _rows_name(table), manifest))
                    for table in tables
                )
                continue_ids(connection, tables, manifest.newest_ids)
                fits = _compare_audit(connection, manifest, database, accepted)
                for name in manifest.files:
                    undo.callback(storage.delete, name.removeprefix(FILES))
                    _restore_file(storage, archive, name, manifest, database)
            undo.pop_all()
    return Restored(rows, fits, manifest.is_signed, manifest.revision)


@contextmanager
def open_backup(source: Path, storage: Storage, identity: Path | None) -> Iterator[zipfile.ZipFile]:
    """Open a backup; an encrypted one by way of a private folder. Raises Refused."""
    try:
        with ExitStack() as stack:
            plain = source
            with source.open("rb") as file:
                if file.read(len(age.MARK)) == age.MARK:
                    if identity is None:
                        raise Refused(
                            f"{source.name} is encrypted: add --identity with the file of your key"
                        )
                    file.seek(0)
                    plain = stack.enter_context(storage.workshop()) / "backup.zip"
                    with plain.open("xb") as out:
                        age.decrypt(file, identity, out)
            yield stack.enter_context(zipfile.ZipFile(plain))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, KeyError, ValueError) as problem:
        raise Refused(f"{source.name} is not a readable backup. {ANOTHER_COPY}") from problem


def tables_of(engine: Engine) -> list[Table]:
    """The database's own tables as they are, in an order in which rows can be added.

    Their columns and what these point at: constraints and indexes take longer to read than rows.
    """
    metadata, inspector = MetaData(), inspect(engine)
    keys, pointers = inspector.get_multi_pk_constraint(), inspector.get_multi_foreign_keys()
    for where, columns in inspector.get_multi_columns().items():
        key = keys[where]["constrained_columns"]
        Table(
            where[1],
            metadata,
            *(Column(of["name"], of["type"], primary_key=of["name"] in key) for of in columns),
            *(
                ForeignKeyConstraint(
                    to["constrained_columns"],
                    [f"{to['referred_table']}.{column}" for column in to["referred_columns"]],
                )
                for to in pointers[where]
            ),
        )
    return [
        table
        for table in metadata.sorted_tables
        if table.name not in _LEFT_OUT and not table.name.startswith("huey")
    ]


def _rows_name(table: Table) -> str:
    return f"{ROWS}{table.name}.jsonl"


class _Outlet(io.RawIOBase):
    """Gathers what a ZIP writes until it is fetched, so that a backup is a stream."""

    def __init__(self) -> None:
        super().__init__()
        self._gathered = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._gathered += data
        return len(data)

    @property
    def size(self) -> int:
        return len(self._gathered)

    def fetch(self) -> bytes:
        data = bytes(self._gathered)
        self._gathered.clear()
        return data


def _pack(database: Database, storage: Storage, manifest: Manifest) -> Iterator[bytes]:
    """Yield the ZIP, piece by piece, and fill the manifest on the way."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for name, pieces in chain(_list_rows(database.engine), _list_files(storage)):
            info = zipfile.ZipInfo(name, clock.utcnow().timetuple()[:6])
            if name.startswith(ROWS):
                info.compress_type = zipfile.ZIP_DEFLATED
            digest, size = hashlib.sha256(), 0
            with archive.open(info, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    manifest.rows += name.startswith(ROWS)
                    if outlet.size >= _PIECE:
                        yield outlet.fetch()
            manifest.add(name, digest.hexdigest(), size)
        with database.engine.connect() as connection:
            manifest.newest_ids = list_newest_ids(connection)
        manifest.write(archive, database.keyring)
    yield outlet.fetch()


def _list_rows(engine: Engine) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield all tables as they stand at one moment, whatever is signed meanwhile."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        for table in tables_of(engine):
            yield _rows_name(table), _lines(connection, table)


def _list_files(storage: Storage) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the files as they are kept; not those that were removed since they were listed."""
    for name in storage.names():
        if name.startswith(_SHORT_LIVED):
            continue
        try:
            chunks = storage.sealed_chunks(name)
            first = next(chunks)
        except NotFound:
            continue
        yield f"{FILES}{name}", chain([first], chunks)


def _restore_file(
    storage: Storage, archive: zipfile.ZipFile, name: str, manifest: Manifest, database: Database
) -> None:
    kept = name.removeprefix(FILES)
    try:
        _try_key(archive, name, manifest, database)
    except (WrongKey, sealed.Damaged) as problem:
        raise BackupDamaged(f"{name} was encrypted with another key") from problem
    pieces = read_entry(archive, name, manifest)
    if manifest.format >= _FILES_AS_KEPT:
        storage.put_sealed(kept, pieces)
        return
    with storage.create(kept) as target:
        target.write(database.keyring.open_bytes(b"".join(pieces), name))


def _check(
    archive: zipfile.ZipFile, manifest: Manifest, database: Database, tables: Sequence[Table]
) -> None:
    current = str(migrations.current_revision(database.engine))
    if manifest.revision != current:
        move = "downgrade" if manifest.revision < current else "upgrade"
        raise Refused(
            f"the backup has revision {manifest.revision}, the database has {current}; run: "
            f"campaign db {move} {manifest.revision}"
        )
    check_entries(archive, manifest, [table.name for table in tables])
    for name in manifest.digests:
        for _piece in read_entry(archive, name, manifest):
            pass
    for name in manifest.files[:1]:
        try:
            _try_key(archive, name, manifest, database)
        except (WrongKey, sealed.Damaged) as problem:
            raise Refused(OTHER_KEYS) from problem
    with database.engine.connect() as connection:
        for table in tables:
            if connection.scalar(select(func.count()).select_from(table)):
                raise Refused(
                    f"the database is not empty: {table.name} has rows. Nothing was changed. "
                    "Restore into a new instance: another folder (CAMPAIGN_INSTANCE) with the keys "
                    "of this one, and an empty database"
                )


def _try_key(archive: zipfile.ZipFile, name: str, manifest: Manifest, database: Database) -> None:
    """Open a file of the backup. Raises WrongKey or Damaged."""
    if manifest.format < _FILES_AS_KEPT:
        database.keyring.open_bytes(archive.read(name), name)
        return
    with archive.open(name) as file:
        sealed.refuse_other_key(
            file.read(sealed.HEADER), database.keyring, name.removeprefix(FILES)
        )


def _compare_audit(
    connection: Connection, manifest: Manifest, database: Database, accepted: Accepted
) -> AnchorFit:
    """Hold the restored audit against the anchors, and note the result in it. Raises Refused."""
    session = Session(connection)
    faults = list(
        audit.check(session, anchors=[*_anchor_in(manifest, database), *accepted.anchors])
    )
    is_older = any(fault.kind == "cut" for fault in faults)
    is_unknown = not accepted.anchors or any(fault.kind != "cut" for fault in faults)
    if is_unknown and not accepted.unknown_anchor:
        raise Refused(_say_unknown(faults))
    if is_older and not accepted.older:
        raise Refused(
            "the backup is older than the anchor: its audit log lacks later entries. "
            "To restore it anyway: --older"
        )
    outcome: AnchorFit = "unknown" if is_unknown else "older" if is_older else "fits"
    audit.record(
        session,
        "command",
        "audit.restore",
        f"backup:{manifest.revision}",
        entries=audit.head(session).entries,
        anchor=outcome,
        signed=manifest.is_signed,
    )
    session.commit()  # the session alone: what it wrote on is committed by its owner
    return outcome


def _anchor_in(manifest: Manifest, database: Database) -> list[Anchor]:
    """Return the backup's own anchor; none of a backup from before there were anchors."""
    try:
        return [manifest.get_anchor(database.keyring)]
    except DamagedAnchor:
        if manifest.anchor:
            raise BackupDamaged("its audit anchor cannot be decrypted") from None
        return []


def _say_unknown(faults: Sequence[audit.ChainFault]) -> str:
    broken = next((fault for fault in faults if fault.kind != "cut"), None)
    if broken is None:
        return (
            "no anchor confirms this backup's audit log: add --anchor with what "
            "`campaign backup` or `campaign audit verify` printed, or put audit.anchor "
            "into the instance folder. To accept the backup without it: "
            "--unknown-anchor"
        )
    return (
        f"the backup's audit log is not the expected one: {broken.kind} at entry {broken.entry}. "
        "To accept it: --unknown-anchor"
    )


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    keys = list(table.primary_key.columns)
    result = connection.execution_options(yield_per=_BATCH).execute(select(table).order_by(*keys))
    for row in result.mappings():
        values = {name: _to_json(value) for name, value in row.items()}
        yield json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _fill(connection: Connection, table: Table, pieces: Iterable[bytes]) -> int:
    """Add the rows; those that point at other rows of the table do so once all are there."""
    own = {key.parent.name for key in table.foreign_keys if key.column.table is table}
    count = 0
    pointing: list[tuple[object, dict[str, object]]] = []
    batch: list[dict[str, object]] = []
    for line in _split_lines(pieces):
        row = {name: _from_json(value) for name, value in json.loads(line).items()}
        points = {name: row[name] for name in own if row[name] is not None}
        if points:
            pointing.append((row["id"], points))
            row |= dict.fromkeys(points)
        batch.append(row)
        if len(batch) == _BATCH:
            connection.execute(insert(table), batch)
            count, batch = count + len(batch), []
    if batch:
        connection.execute(insert(table), batch)
    for row_id, points in pointing:
        connection.execute(update(table).where(table.c.id == row_id).values(points))
    return count + len(batch)


def _split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _to_json(value: object) -> object:
    """Mark bytes, days and moments, so that they come back as what they were."""
    if isinstance(value, (bytes, memoryview)):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        # SQLite gives moments without their zone, PostgreSQL in that of the connection.
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return {"$moment": moment.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    if isinstance(value, time):
        return {"$clock": value.isoformat()}
    return {"$json": value} if isinstance(value, dict) else value


def _from_json(value: object) -> object:
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    match kind:
        case "$bytes":
            return base64.b64decode(inner)
        case "$moment":
            return datetime.fromisoformat(inner)
        case "$day":
            return date.fromisoformat(inner)
        case "$clock":
            return time.fromisoformat(inner)
    return inner
