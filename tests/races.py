"""Two transactions at once, where the second has looked before the first is committed."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from campaign.core import db

_SECONDS = 30
T = TypeVar("T")


def overtake(
    app: Flask,
    first: Callable[[Session], object],
    look: Callable[[Session], T],
    second: Callable[[Session, T], object],
) -> None:
    """Do `first` and commit it only once another transaction has done `look` and waits in `second`.

    SQLite lets no other transaction begin meanwhile: there the second comes after the first, and
    nothing can be overtaken. What the second raises is raised.
    """
    looked = Event()

    def other() -> None:
        with app.app_context(), db.transaction() as session:
            seen = look(session)
            looked.set()
            second(session, seen)

    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as session:
            first(session)
            session.flush()
            overtaken = pool.submit(other)
            if session.get_bind().dialect.name == "postgresql":
                assert looked.wait(_SECONDS)
                wait_for_lock(session)
        overtaken.result(timeout=_SECONDS)


@contextmanager
def do_meanwhile(app: Flask, action: Callable[[Session], object]) -> Iterator[None]:
    """Do `action` while a request works slowly: as soon as it has left the database."""
    sessions, done = app.extensions["database"].sessions, list[None]()

    def act() -> None:
        with app.app_context(), db.transaction() as session:
            action(session)

    def act_elsewhere(*_: object) -> None:
        if not done:
            done.append(None)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(act).result(timeout=_SECONDS)

    event.listen(sessions, "after_soft_rollback", act_elsewhere)
    try:
        yield
    finally:
        event.remove(sessions, "after_soft_rollback", act_elsewhere)
    assert done, "nothing left the database"


_WAITING = text(
    "SELECT count(*) FROM pg_locks waiting JOIN pg_locks held USING (pid) "
    "WHERE NOT waiting.granted AND held.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Other workers of a run have their databases in the same server."""


def wait_for_lock(session: Session) -> None:
    """Until some transaction waits for another's lock (PostgreSQL)."""
    until = time.monotonic() + _SECONDS
    while not session.scalar(_WAITING):
        assert time.monotonic() < until, "nobody waits for a lock"
        session.execute(text("SELECT pg_sleep(0.01)"))
