"""Turning the keys: all that is sealed is sealed anew with the newest, while the instance serves.

1. `begin`: from now on the newest key seals. Other processes learn of it with their next commit.
2. `reseal`: values of earlier keys and forms are replaced, a batch a transaction; what somebody
   writes meanwhile is left alone. It can be ended at any moment and done again.
3. `turn`: while nobody writes, what slipped through is sealed anew and all fingerprints turn, in
   one transaction. From then on values of earlier keys and forms are refused.

Fingerprints are joined and unique across tables, so they cannot turn row by row: a mailbox would
have two. `db.refuse_turned_keys` refuses to commit what was looked for under an earlier key.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableClause

from campaign.core import db
from campaign.core.db.personal_columns import (
    ROW,
    look_up_columns,
    place_of,
    sealed_columns,
    shortest_of,
)
from campaign.core.sealing import EMPTY_IN_ROW, Keyring, WrongKey

BATCH = 500
_PATIENCE = "400ms"
"""How long to wait for one table: less than PostgreSQL waits until it looks for a deadlock."""


def tables() -> list[sa.Table]:
    return [
        each
        for each in sorted(db.Base.metadata.tables.values(), key=lambda each: each.name)
        if sealed_columns(each) or look_up_columns(each)
    ]


def _sealed_tables() -> list[sa.Table]:
    return [each for each in tables() if sealed_columns(each)]


def begin() -> None:
    keyring = db.database().keyring
    with db.transaction() as session:
        record = _record(session)
        record.sealing, record.name = keyring.newest, keyring.name_key(keyring.newest)
        session.flush()
        state = db.read_key_state(session.connection())
    keyring.enter(state)


def has_earlier(session: Session) -> bool:
    """Return whether something is of an earlier key, or of a form that is bound to no row."""
    connection, keyring = session.connection(), db.database().keyring
    return keyring.state.bound < keyring.newest and any(
        _Batch(each, keyring).fetch(connection, None) for each in _sealed_tables()
    )


def reseal() -> Iterator[tuple[str, int, int]]:
    """Seal earlier values anew, but what does not open; yield table, done, failed of each batch."""
    for each in _sealed_tables():
        last: tuple[object, ...] | None = None
        while True:
            with db.transaction() as session:
                batch = _Batch(each, db.database().keyring)
                rows = batch.fetch(session.connection(), last)
                done, failed = batch.write(session.connection(), rows)
            if not rows:
                break
            last = batch.key_of(rows[-1])
            yield each.name, done, failed


def turn() -> None:
    """Turn fingerprints, refuse earlier keys. Raises OperationalError, with no change: too busy."""
    keyring = db.database().keyring
    with db.transaction() as session:
        connection = session.connection()
        _keep_writers_out(connection)
        for each in _sealed_tables():
            batch, last = _Batch(each, keyring), None
            while rows := batch.fetch(connection, last):
                batch.write(connection, rows)
                last = batch.key_of(rows[-1])
        record = _record(session)
        for version in range(record.look_ups + 1, keyring.newest + 1):
            _turn_fingerprints(connection, keyring, version)
        record.look_ups = record.bound = keyring.newest
        session.flush()
        # Of those who wrote before it is this transaction alone that has read them by both keys.
        g.key_state = db.read_key_state(connection)
    keyring.enter(g.key_state)


def _record(session: Session) -> db.KeyRecord:
    record = session.get(db.KeyRecord, 1, with_for_update=True)
    if record is None:
        record = db.KeyRecord(id=1, sealing=1, bound=0, look_ups=1, name="")
        session.add(record)
    return record


def _keep_writers_out(connection: sa.Connection) -> None:
    """Wait until everybody has written; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        names = ", ".join(f'"{each.name}"' for each in tables())
        connection.execute(sa.text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


class _Batch:
    """The sealed columns of a table as the bytes that they are."""

    def __init__(self, of: sa.Table, keyring: Keyring) -> None:
        self.keyring = keyring
        self.places = {each.name: place_of(each) for each in sealed_columns(of)}
        self.least = {each.name: shortest_of(each) for each in sealed_columns(of)}
        self.keys = [each.name for each in of.primary_key]
        self.raw: TableClause = sa.table(
            of.name,
            *(sa.column(name, of.c[name].type) for name in self.keys),
            *(sa.column(name, sa.LargeBinary) for name in (ROW, *self.places)),
        )

    def key_of(self, row: Any) -> tuple[object, ...]:
        return tuple(row[name] for name in self.keys)

    def fetch(self, connection: sa.Connection, last: tuple[object, ...] | None) -> list[Any]:
        """Return the next rows in which something is of an earlier key or form."""
        head = self.keyring.head_of(self.keyring.newest)
        stale = [
            sa.and_(
                self.raw.c[name] != EMPTY_IN_ROW, sa.func.substr(self.raw.c[name], 1, 2) != head
            )
            for name in self.places
        ]
        keys = sa.tuple_(*(self.raw.c[name] for name in self.keys))
        rows: sa.Select[Any] = (
            sa.select(self.raw).where(sa.or_(*stale)).order_by(*keys).limit(BATCH)
        )
        if last is not None:
            rows = rows.where(keys > sa.tuple_(*map(sa.literal, last)))
        return list(connection.execute(rows).mappings())

    def write(self, connection: sa.Connection, rows: list[Any]) -> tuple[int, int]:
        """Write rows sealed anew, where nobody has written meanwhile; how many, how many not."""
        values = []
        for row in rows:
            try:
                sealed = {name: self._reseal(row, name) for name in self.places}
            except WrongKey:
                continue
            values.append(
                {f"key_{name}": row[name] for name in self.keys}
                | {f"old_{name}": row[name] for name in self.places}
                | {f"new_{name}": value for name, value in sealed.items()}
            )
        if values:
            connection.execute(self._statement(), values)
        return len(values), len(rows) - len(values)

    def _reseal(self, row: Any, name: str) -> bytes | None:
        if row[name] is None:
            return None
        place, at = self.places[name], bytes(row[ROW])
        text = self.keyring.open(bytes(row[name]), place, at)
        return self.keyring.seal(text, place, at, self.least[name])

    def _statement(self) -> sa.Update:
        conditions: list[sa.ColumnElement[bool]] = [
            self.raw.c[name] == sa.bindparam(f"key_{name}") for name in self.keys
        ]
        conditions += [
            self.raw.c[name].is_not_distinct_from(sa.bindparam(f"old_{name}", type_=sa.LargeBinary))
            for name in self.places
        ]
        new = {name: sa.bindparam(f"new_{name}", type_=sa.LargeBinary) for name in self.places}
        return sa.update(self.raw).where(*conditions).values(new)


def _turn_fingerprints(connection: sa.Connection, keyring: Keyring, version: int) -> None:
    """Put the HMAC of each fingerprint in its place: by pads, since databases know SHA-256."""
    inner, outer = keyring.turning_pads(version)
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.create_function("sha256", 1, lambda data: hashlib.sha256(data).digest())
        driver.create_function("join_bytes", 2, lambda first, second: first + second)
    for each in tables():
        if columns := look_up_columns(each):
            turned = {column.name: _turned(connection, column, inner, outer) for column in columns}
            connection.execute(sa.update(each).values(turned))


def _turned(
    connection: sa.Connection, stored: sa.Column[Any], inner: bytes, outer: bytes
) -> sa.ColumnElement[Any]:
    def joined(first: Any, second: Any) -> sa.ColumnElement[Any]:
        if connection.dialect.name == "sqlite":
            return sa.func.join_bytes(first, second)
        return sa.literal(first, sa.LargeBinary).op("||")(second)

    digest = sa.func.sha256(joined(outer, sa.func.sha256(joined(inner, stored))))
    size = stored.type.length or 32  # type: ignore[attr-defined]
    # Nothing stands where a count is over everybody.
    return sa.case((sa.func.length(stored) > 0, sa.func.substr(digest, 1, size)), else_=stored)
