"""States that many tests begin with, such as a printed bundle: made once, then put back.

A test finds rows, files and the queue as if it had made them itself a moment ago. So a state is
put back for a short time only, and where the test had the same number of rows in each table
before, and the same accounts. Who asks for it with other settings makes it anew.
"""

import sqlite3
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.core.settings import Settings
from campaign.models.staff import StaffUser

_KEPT_SECONDS = 120
"""Nothing in a state that is put back is older than what a slow machine makes by itself."""
_QUARTER = 15 * 60
"""Midnight is, in every zone, at a quarter of an hour."""
_TABLES = sorted(db.Base.metadata.tables)
_COUNT = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in _TABLES)


@dataclass
class _State:
    outcome: Any
    """What its maker gave back: numbers of rows."""
    settings: Settings
    made_at: float = field(default_factory=time.monotonic)
    rows: "_Copy | _Rows | None" = None
    queue: "_Copy | None" = None
    files: dict[str, bytes] = field(default_factory=dict)


class KeptStates:
    """The states that the tests of one process have made: they hold its keys."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], _State] = {}
        self._postgres: dict[str, _Postgres] = {}

    def give(self, name: str, settings: Settings, session: Session, make: Callable[[], Any]) -> Any:
        """Bring about this state; what `make` gave back when it made it."""
        accounts = session.scalars(select(StaffUser).order_by(StaffUser.id)).all()
        known = tuple(map(_describe, accounts))
        sessions = [(user.id, user.fs_uniquifier, user.public_id) for user in accounts]
        session.rollback()
        rows = self._rows_of(settings.database_url)
        before = rows.count()
        quarter = int(clock.utcnow().timestamp() // _QUARTER)
        key = name, settings.database_url, id(settings), tuple(before.items()), known, quarter
        state = self._kept.get(key)
        if state is None or time.monotonic() > state.made_at + _KEPT_SECONDS:
            self._kept[key] = state = _State(make(), settings)
            session.rollback()
            state.rows = rows.take()
            _take_files(settings, state)
            return state.outcome
        rows.put_back(state.rows, before)
        _put_back_files(settings, state)
        session.expire_all()
        for number, uniquifier, public_id in sessions:
            user = session.get_one(StaffUser, number)
            user.fs_uniquifier, user.public_id = uniquifier, public_id
        session.commit()
        return state.outcome

    def close(self) -> None:
        """Close connections."""
        for postgres in self._postgres.values():
            postgres.close()

    def _rows_of(self, url: str) -> "_Sqlite | _Postgres":
        if url.startswith("sqlite:"):
            return _Sqlite(Path(make_url(url).database or ""))
        return self._postgres.setdefault(url, _Postgres(url))


class _Sqlite:
    """A database of SQLite, as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def count(self) -> dict[str, int]:
        with closing(sqlite3.connect(self._path)) as connection:
            return _filled(connection.execute(_COUNT))

    def take(self) -> "_Copy":
        return _Copy(self._path)

    def put_back(self, copy: Any, _before: object) -> None:
        copy.put_back(self._path)


class _Copy:
    """A copy of a database of SQLite, in memory."""

    def __init__(self, path: Path) -> None:
        self._memory = sqlite3.connect(":memory:")
        weakref.finalize(self, self._memory.close)
        with closing(sqlite3.connect(path)) as connection:
            connection.backup(self._memory)

    def put_back(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            self._memory.backup(connection)


_Rows = tuple[dict[str, bytes], list[tuple[str, int]]]
"""Of each table as COPY writes it, and where its numbers are."""


class _Postgres:
    """The rows of a database, as COPY writes and reads them."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(False)
        self._connection: psycopg.Connection | None = None

    def count(self) -> dict[str, int]:
        return _filled(self._open().execute(_COUNT, prepare=True))

    def take(self) -> _Rows:
        cursor = self._open().cursor()
        kept = {}
        for name in self.count():
            with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(_of(name))) as out:
                kept[name] = b"".join(map(bytes, out))
        sequences = "SELECT sequencename, last_value FROM pg_sequences"
        used = f"{sequences} WHERE schemaname = 'public' AND last_value IS NOT NULL"
        return kept, cursor.execute(used).fetchall()

    def put_back(self, rows: Any, before: Iterable[str]) -> None:
        kept, sequences = rows
        with self._open().transaction():
            cursor = self._open().cursor()
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in before:
                cursor.execute(sql.SQL("DELETE FROM {}").format(_of(name)))
            for name, data in kept.items():
                into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(_of(name))
                with cursor.copy(into) as copy:
                    copy.write(data)
            for name, last in sequences:
                cursor.execute("SELECT setval(quote_ident(%s)::regclass, %s)", (name, last))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True)
        return self._connection


def _describe(user: StaffUser) -> tuple[Any, ...]:
    """All of an account that a test chose, or changed since."""
    return (
        *(user.email, user.name, user.role, user.locale, user.active, user.password),
        *(clock.day_of(user.created_at, "UTC"), user.totp_secret, user.totp_since is None),
    )


def _of(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def _filled(counts: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    return {name: rows for name, rows in counts if rows}


def _queue(settings: Settings) -> Path:
    return settings.instance / "jobs.sqlite"


def _files(settings: Settings) -> list[Path]:
    """All of the instance folder but its queue, which somebody has open."""
    queue = _queue(settings).name
    return [
        path
        for path in settings.instance.rglob("*")
        if path.is_file() and not path.name.startswith(queue)
    ]


def _take_files(settings: Settings, state: _State) -> None:
    for path in _files(settings):
        state.files[str(path.relative_to(settings.instance))] = path.read_bytes()
    state.queue = _Copy(_queue(settings))


def _put_back_files(settings: Settings, state: _State) -> None:
    there = {str(path.relative_to(settings.instance)): path for path in _files(settings)}
    for name in there.keys() - state.files.keys():
        there[name].unlink()
    for name, data in state.files.items():
        if name in there and there[name].read_bytes() == data:
            continue
        path = settings.instance / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if state.queue is not None:
        state.queue.put_back(_queue(settings))
