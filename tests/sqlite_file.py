"""The one file of SQLite that the tests of a process have in turn.

Emptied, it keeps its connections, each of which would otherwise read the schema anew: that takes
longer than most tests take. Where anything but rows may be otherwise than in a copy of the
template, the next test has such a copy, and whoever had the file open is told.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_FIXED = {"alembic_version", "sqlite_sequence"}
"""Tables whose rows are not those of a test."""
_SCHEMA = "SELECT group_concat(coalesce(sql, name), ';') FROM sqlite_schema"
_LARGEST = 4
"""Times the size of the template that a file may have which is kept."""


class SqliteFile:
    """An empty, migrated database at one address, for one test after the other."""

    def __init__(self, template: Path, close: Callable[[str], None]) -> None:
        self.path = template.with_name("campaign.sqlite")
        self.url = f"sqlite:///{self.path}"
        self._template = template
        self._close = close
        self._keeper: sqlite3.Connection | None = None
        self._files: list[int] = []
        self._filled: list[str] = []
        self._facts: tuple[object, ...] = ()

    def take(self, *, new: bool) -> str:
        """Address of the file, empty: a new one, or the one of the test before."""
        try:
            is_empty = not new and self._empty()
        except (OSError, sqlite3.Error):
            is_empty = False
        if not is_empty:
            self._copy()
        return self.url

    def _copy(self) -> None:
        """Have another file: who has this one open closes it."""
        self.close()
        self._close(self.url)
        for old in self.path.parent.glob(f"{self.path.name}*"):
            old.unlink()
        shutil.copy(self._template, self.path)

    def keep(self) -> None:
        """After a test: keep it open for the next. Before 3.12 triggers cannot be turned off."""
        if self._keeper is None and hasattr(sqlite3.Connection, "setconfig"):
            with suppress(OSError, sqlite3.Error):
                self._open()

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _open(self) -> None:
        template = sqlite3.connect(self._template)
        self._facts = _facts_of(template)
        template.close()
        self._keeper = keeper = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        keeper.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)  # the audit’s, and sums
        for pragma in ("synchronous=OFF", "foreign_keys=OFF", "secure_delete=ON"):
            keeper.execute(f"PRAGMA {pragma}")
        names = keeper.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        self._filled = sorted({str(name) for (name,) in names} - _FIXED)
        self._files = self._find_files()

    def _find_files(self) -> list[int]:
        """Tell the file, and what was written beside it, from one of the same name."""
        return [Path(f"{self.path}{end}").stat().st_ino for end in ("", "-wal")]

    def _empty(self) -> bool:
        """Delete every row; False where that is not enough, or somebody is at it."""
        keeper = self._keeper
        if keeper is None or self._files != self._find_files():
            return False
        keeper.execute("BEGIN IMMEDIATE")
        try:
            if _facts_of(keeper) != self._facts:
                return False
            for name in self._filled:
                if keeper.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone():
                    keeper.execute(f'DELETE FROM "{name}"')
            keeper.execute("UPDATE sqlite_sequence SET seq = 0 WHERE seq > 0")
        finally:
            keeper.execute("COMMIT")
        busy, *_ = keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy and self.path.stat().st_size < self._template.stat().st_size * _LARGEST


def _facts_of(connection: sqlite3.Connection) -> tuple[object, ...]:
    """Return what a test leaves as it is, unless it moves tables."""
    mode = connection.execute("PRAGMA journal_mode").fetchone()
    version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    tables = connection.execute(_SCHEMA).fetchone()
    return mode, tuple(version), tables
