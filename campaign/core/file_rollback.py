"""What must be taken back by hand when the database takes back a transaction: files, that is.

A file is kept before the row that names it is committed: so no row ever lacks its file. Where the
row does not come to stay, nothing would ever find the file again.
"""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_KEY = "undo"
Action = Callable[[], object]


def on_rollback(session: Session, action: Action) -> None:
    """Do `action` if what the session does now is rolled back, or never committed.

    A savepoint's end does not decide it, its rollback does. A process that is killed does nothing.
    """
    session.info.setdefault(_KEY, []).append((session.get_nested_transaction(), action))


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    ended = session.get_nested_transaction()
    if ended is None:
        session.info.pop(_KEY, None)
        return
    # What a savepoint did belongs to what is around it from now on.
    session.info[_KEY] = [
        (ended.parent if ended.parent and ended.parent.nested else None, action)
        if step is ended
        else (step, action)
        for step, action in session.info.get(_KEY, [])
    ]


@event.listens_for(Session, "after_transaction_end")
def _undo(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is not None and not ended.nested:
        return
    waiting = session.info.pop(_KEY, [])
    undone = [action for step, action in waiting if step is ended or not ended.nested]
    session.info[_KEY] = [(step, action) for step, action in waiting if action not in undone]
    for action in undone:
        action()
