"""SQLite, as this house uses it: WAL, foreign keys, and one writer of a process at a time.

SQLite lets one connection write; whoever else wants to asks again after ever longer sleeps, in
which nobody writes at all. Threads of one process therefore wait for each other here, and are
woken the moment it is their turn; the one whose turn it is asks again at once, should another
process be writing. With two processes that makes a quarter more signatures in a second.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

_BUSY_SECONDS = 30
_ASK_AGAIN = 0.0003


class _WriterLock:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = 0

    def acquire(self) -> bool:
        """Wait for it, as long as SQLite would; False where one would wait for oneself."""
        mine = threading.get_ident()
        if self._thread == mine or not self._lock.acquire(timeout=_BUSY_SECONDS):
            return False
        self._thread = mine
        return True

    def release(self) -> None:
        self._thread = 0
        self._lock.release()


class _Connection(sqlite3.Connection):
    """A connection that takes the lock before it writes, until its transaction ends."""

    writer_lock: _WriterLock
    _has_lock = False

    def begin(self, *, writing: bool) -> None:
        """Begin; to write, with SQLite's lock at once, so that nothing fails halfway."""
        if not writing:
            self.execute("BEGIN")
            return
        self._has_lock = self.writer_lock.acquire()
        self.execute("PRAGMA busy_timeout=0")
        try:
            self._begin_soon(time.monotonic() + _BUSY_SECONDS)
        except BaseException:
            self._release_lock()
            raise
        finally:
            self.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")

    def _begin_soon(self, deadline: float) -> None:
        while True:
            try:
                self.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as problem:
                busy = problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(_ASK_AGAIN)
            else:
                return

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._release_lock()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._release_lock()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._release_lock()

    def _release_lock(self) -> None:
        if self._has_lock:
            self._has_lock = False
            self.writer_lock.release()


def make_engine(url: str, *, writing: Callable[[], bool]) -> Engine:
    """Make an engine; `writing` says whether what begins now is going to write."""
    # As many as a process has threads: one beyond the pool would be opened for each request anew.
    engine = create_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS, "factory": _Connection},
        pool_size=20,
        max_overflow=44,
        hide_parameters=True,
    )
    writer_lock = _WriterLock()

    def prepare(connection: Any, _record: object) -> None:
        connection.writer_lock = writer_lock
        connection.isolation_level = None  # BEGIN is ours
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={_BUSY_SECONDS * 1000}",
            "secure_delete=ON",
            "wal_autocheckpoint=4000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once (SQLITE_BUSY_SNAPSHOT) when
        # another wrote in between; one that takes the lock at the start waits its turn.
        dbapi: Any = connection.connection.dbapi_connection
        dbapi.begin(writing=writing())

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
