"""Waiting for another connection to stand before a lock: no race is tested before it is there."""

import time

from sqlalchemy import Engine, text

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
_SECONDS = 30


def until_one_waits(engine: Engine) -> None:
    """Until a connection of this PostgreSQL database waits for a lock; SQLite has one writer."""
    if engine.dialect.name != "postgresql":
        return
    deadline = time.monotonic() + _SECONDS
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(_WAITING):
            assert time.monotonic() < deadline, "nobody waits for a lock"
            connection.execute(text("SELECT pg_sleep(0.005)"))
