"""Backups: every row and every file in one ZIP, the same for SQLite and PostgreSQL.

Rows are copied as they lie in the database, sealed columns sealed; files as they are kept,
encrypted. Without the data key, which is not in it, a stolen backup tells nothing. `restore`
wants an empty database at the same revision and checks what it reads against the manifest first.
"""

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select, text, update

from campaign import migrations
from campaign.core import audit, audit_anchor, clock
from campaign.core.db import Database
from campaign.core.errors import NotFound, Refused
from campaign.core.sealing import WrongKey
from campaign.storage import Storage, sealed

_BATCH = 1_000
_LEFT_OUT = {"alembic_version", "rate_limit", "figures_due"}
_FORMAT = 2
"""2: files as they are kept. 1 (and none said): files sealed whole on their way into the backup."""
_PIECE = 1 << 20
_SHORT_LIVED = ("exports/", "probe/")
"""Lists of people that are to be gone after a day must not live on in a backup."""


def back_up(database: Database, storage: Storage, target: Path) -> int:
    """Write the backup to `target`; return the number of rows. The file is whole or not there."""
    draft = target.with_name(f".{target.name}.draft")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    digests: dict[str, str] = {}
    with (
        os.fdopen(handle, "w+b") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        with database.sessions() as session:
            anchor = audit.head(session)
        rows = _write_rows(database.engine, archive, digests)
        for name in storage.names():
            if not name.startswith(_SHORT_LIVED):
                _write_file(storage, name, archive, digests)
        manifest = {
            "format": _FORMAT,
            "revision": migrations.current_revision(database.engine),
            "sha256": digests,
            "audit": audit_anchor.seal_anchor(database.keyring, anchor),
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    draft.replace(target)
    return rows


def restore(database: Database, storage: Storage, source: Path) -> int:
    """Read the backup `source` into an empty instance; return the number of rows.

    Raises Refused where the database is not empty, the revision or the key is another, or the file
    is damaged; nothing is changed then.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            _check(archive, manifest, database)
            rows = 0
            with ExitStack() as undo:
                with database.engine.begin() as connection:
                    for table in tables_of(database.engine):
                        rows += _fill(connection, table, archive)
                    _pass_over_deleted(connection)
                    for name in _files_in(manifest):
                        undo.callback(storage.delete, name.removeprefix("files/"))
                        _restore_file(storage, archive, name, manifest, database)
                undo.pop_all()
    except (zipfile.BadZipFile, KeyError, ValueError) as problem:
        raise Refused(f"{source.name} is not a backup that can be read") from problem
    return rows


def tables_of(engine: Engine) -> list[Table]:
    """The database's own tables as they are, in an order in which rows can be added."""
    metadata = MetaData()
    metadata.reflect(engine)
    return [
        table
        for table in metadata.sorted_tables
        if table.name not in _LEFT_OUT and not table.name.startswith("huey")
    ]


def _write_rows(engine: Engine, archive: zipfile.ZipFile, digests: dict[str, str]) -> int:
    """All tables as they stand at one moment, whatever is signed meanwhile."""
    rows = 0
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        for table in tables_of(engine):
            name, digest = f"rows/{table.name}.jsonl", hashlib.sha256()
            with archive.open(name, "w", force_zip64=True) as file:
                for line in _lines(connection, table):
                    file.write(line)
                    digest.update(line)
                    rows += 1
            digests[name] = digest.hexdigest()
    return rows


def _write_file(
    storage: Storage, name: str, archive: zipfile.ZipFile, digests: dict[str, str]
) -> None:
    """Copy a file as it is kept; nothing where it was removed since it was listed."""
    try:
        chunks = storage.sealed_chunks(name)
        first = next(chunks)
    except NotFound:
        return
    digest = hashlib.sha256()
    info = zipfile.ZipInfo(f"files/{name}", clock.utcnow().timetuple()[:6])
    with archive.open(info, "w", force_zip64=True) as file:
        for chunk in chain([first], chunks):
            file.write(chunk)
            digest.update(chunk)
    digests[info.filename] = digest.hexdigest()


def _restore_file(
    storage: Storage,
    archive: zipfile.ZipFile,
    name: str,
    manifest: dict[str, Any],
    database: Database,
) -> None:
    kept = name.removeprefix("files/")
    try:
        _try_key(archive, name, manifest, database)
    except (WrongKey, sealed.Damaged) as problem:
        raise Refused(f"the backup is damaged: {name} was sealed with another key") from problem
    if manifest.get("format") == _FORMAT:
        with archive.open(name) as file:
            storage.put_sealed(kept, iter(lambda: file.read(_PIECE), b""))
        return
    with storage.create(kept) as target:
        target.write(database.keyring.open_bytes(archive.read(name), name))


def _files_in(manifest: dict[str, Any]) -> list[str]:
    return [name for name in manifest["sha256"] if name.startswith("files/")]


def _check(archive: zipfile.ZipFile, manifest: dict[str, Any], database: Database) -> None:
    if manifest["revision"] != migrations.current_revision(database.engine):
        raise Refused(
            f"the backup is of revision {manifest['revision']}; run: "
            f"campaign db upgrade {manifest['revision']}"
        )
    for name, expected in manifest["sha256"].items():
        digest = hashlib.sha256()
        try:
            with archive.open(name) as file:
                while block := file.read(_PIECE):
                    digest.update(block)
        except (KeyError, zipfile.BadZipFile) as problem:
            raise Refused(f"the backup is damaged: {name}") from problem
        if digest.hexdigest() != expected:
            raise Refused(f"the backup is damaged: {name}")
    for name in _files_in(manifest)[:1]:
        try:
            _try_key(archive, name, manifest, database)
        except (WrongKey, sealed.Damaged) as problem:
            raise Refused("the backup was made with another data.key: put it in place") from problem
    with database.engine.connect() as connection:
        for table in tables_of(database.engine):
            if connection.scalar(select(func.count()).select_from(table)):
                raise Refused(f"the database is not empty: {table.name} has rows")


def _try_key(
    archive: zipfile.ZipFile, name: str, manifest: dict[str, Any], database: Database
) -> None:
    """Open a file of the backup. Raises WrongKey or Damaged."""
    if manifest.get("format") != _FORMAT:
        database.keyring.open_bytes(archive.read(name), name)
        return
    with archive.open(name) as file:
        sealed.refuse_other_key(
            file.read(sealed.HEADER), database.keyring, name.removeprefix("files/")
        )


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    keys = list(table.primary_key.columns)
    result = connection.execution_options(yield_per=_BATCH).execute(select(table).order_by(*keys))
    for row in result.mappings():
        values = {name: _to_json(value) for name, value in row.items()}
        yield json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _fill(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    """Add the rows; those that point at other rows of the table do so once all are there."""
    own = {key.parent.name for key in table.foreign_keys if key.column.table is table}
    count = 0
    pointing: list[tuple[Any, dict[str, Any]]] = []
    batch: list[dict[str, Any]] = []
    with archive.open(f"rows/{table.name}.jsonl") as file:
        for line in file:
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
    _continue_numbers(connection, table)
    return count + len(batch)


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Tell PostgreSQL's sequence, which gives the next id, those that are taken."""
    if connection.dialect.name == "postgresql" and "id" in table.columns:
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), "  # noqa: S608
                f'COALESCE((SELECT max(id) FROM "{table.name}"), 0) + 1, false)'
            )
        )


def _pass_over_deleted(connection: Connection) -> None:
    """Give no number again that a deleted draft has left in the audit."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(
                "SELECT setval(pg_get_serial_sequence('campaign', 'id'), deleted) FROM "
                "(SELECT max(substr(subject, 10)::bigint) AS deleted FROM audit_entry"
                " WHERE action = 'campaign.delete') AS gone"
                " WHERE deleted >= (SELECT COALESCE(max(id), 0) FROM campaign)"
            )
        )


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


def _from_json(value: Any) -> Any:
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
