"""A session's transaction is left before slow work; one that has written or locked refuses it.

What a POST has read holds SQLite's one write lock, and on PostgreSQL a connection. Left by a
rollback, so that what was read is read anew where it is asked for again: it may have changed.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from campaign.core.db.commit_actions import has_actions
from campaign.core.slow_work import StillInTransaction

_CONNECTION = "transaction_connection"
_CHANGED = "has_changed"


def watch_transactions(engine: Engine, sessions: sessionmaker[Session]) -> None:
    event.listen(sessions, "after_begin", _note_begin)
    event.listen(engine, "before_cursor_execute", _note_statement)


def leave_transaction(session: Session) -> None:
    """Raises StillInTransaction where it has written, locked, or has still to write something."""
    if not _has_begun(session):
        return
    _fail_if_changed(session)
    session.rollback()


def fail_if_begun(session: Session) -> None:
    """Raise StillInTransaction where the session has asked the database anything."""
    if _has_begun(session):
        raise StillInTransaction


def note_change(connection: Connection) -> None:
    connection.info[_CHANGED] = True


def _fail_if_changed(session: Session) -> None:
    if (
        session.info[_CONNECTION].info[_CHANGED]
        or session.in_nested_transaction()
        or has_actions(session)
        or any((session.new, session.dirty, session.deleted))
    ):
        raise StillInTransaction


def _has_begun(session: Session) -> bool:
    connection: Connection | None = session.info.get(_CONNECTION)
    return connection is not None and not connection.closed and session.in_transaction()


def _note_begin(session: Session, begun: SessionTransaction, connection: Connection) -> None:
    if not begun.nested:
        session.info[_CONNECTION] = connection
        connection.info[_CHANGED] = False


def _note_statement(
    connection: Connection,
    _cursor: object,
    _text: str,
    _parameters: object,
    context: Any,
    _is_many: bool,
) -> None:
    if writes_or_locks(getattr(context.compiled, "statement", None)):
        note_change(connection)


def writes_or_locks(statement: object) -> bool:
    # On SQLite nothing of a lock is in the text: there the transaction is the lock.
    locks = getattr(statement, "_for_update_arg", None) is not None
    return locks or not getattr(statement, "is_select", False)
