"""What is done once a session's work is committed, and what if it is rolled back."""

from collections.abc import Callable, Iterator

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from campaign.core.logs import place_of

log = structlog.get_logger()
_UNDO = "undo"


def after_commit(session: Session, action: Callable[[], object]) -> None:
    """Do `action` once the session's work is committed; never when it is rolled back.

    Nor when it belongs to a savepoint that is rolled back. One that fails is logged: what is
    committed stands, and a periodic job finds what was left undone.
    """
    within = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault("after_commit", []).append((within, action))


def run_after_commit(session: Session) -> None:
    for _within, action in session.info.pop("after_commit", []):
        _try(action, "left undone after a commit")


def _try(action: Callable[[], object], failure: str) -> None:
    try:
        action()
    except Exception as problem:
        kind, place = type(problem).__name__, place_of(problem)
        log.error(failure, problem=kind, place=place)


def forget_actions(session: Session, rolled_back: SessionTransaction) -> None:
    if waiting := session.info.get("after_commit"):
        session.info["after_commit"] = [
            (within, action)
            for within, action in waiting
            if within is not None and rolled_back not in _with_parents(within)
        ]


def _with_parents(within: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while within is not None:
        yield within
        within = within.parent


def on_rollback(session: Session, action: Callable[[], object]) -> None:
    """Do `action` if what the session does now is rolled back, or never committed.

    A file is kept before the row that names it is committed, so that no row lacks its file. If the
    row is not committed, nothing would find the file again: `action` deletes it.
    A savepoint's end does not decide it, its rollback does. A process that is killed does nothing.
    """
    session.info.setdefault(_UNDO, []).append((session.get_nested_transaction(), action))


def has_actions(session: Session) -> bool:
    """Whether something waits for its commit, or is to be undone by its rollback."""
    return bool(session.info.get("after_commit") or session.info.get(_UNDO))


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    ended = session.get_nested_transaction()
    if ended is None:
        session.info.pop(_UNDO, None)
        return
    # What a savepoint did belongs to what is around it from now on.
    session.info[_UNDO] = [
        (ended.parent if ended.parent and ended.parent.nested else None, action)
        if step is ended
        else (step, action)
        for step, action in session.info.get(_UNDO, [])
    ]


@event.listens_for(Session, "after_transaction_end")
def _undo(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is not None and not ended.nested:
        return
    waiting = session.info.pop(_UNDO, [])
    undone = [action for step, action in waiting if step is ended or not ended.nested]
    session.info[_UNDO] = [(step, action) for step, action in waiting if action not in undone]
    for action in undone:
        _try(action, "left undone after a rollback")
