"""Actions that take back what the database cannot."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.db import on_rollback


@pytest.fixture
def done() -> list[str]:
    """What was taken back."""
    return []


def note(session: Session, done: list[str], word: str) -> None:
    session.execute(text("SELECT 1"))
    on_rollback(session, lambda: done.append(word))


@pytest.mark.both_engines
def test_what_is_committed_is_not_undone(session: Session, done: list[str]) -> None:
    note(session, done, "kept")
    with session.begin_nested():
        note(session, done, "kept in a savepoint")
    session.commit()
    session.rollback()
    assert done == []


@pytest.mark.both_engines
def test_what_is_rolled_back_or_closed_is_undone_once(session: Session, done: list[str]) -> None:
    note(session, done, "rolled back")
    with session.begin_nested():
        note(session, done, "its savepoint")
    session.rollback()
    session.rollback()
    assert done == ["rolled back", "its savepoint"]
    done.clear()
    note(session, done, "closed")
    session.close()
    assert done == ["closed"]


@pytest.mark.both_engines
def test_a_savepoint_is_undone_alone(session: Session, done: list[str]) -> None:
    note(session, done, "outer")
    with session.begin_nested() as step:
        with session.begin_nested():
            note(session, done, "inner")
        note(session, done, "middle")
        step.rollback()
    assert sorted(done) == ["inner", "middle"]
    session.commit()
    assert sorted(done) == ["inner", "middle"]


@pytest.mark.both_engines
def test_a_transaction_that_fails_is_undone(session: Session, done: list[str]) -> None:
    def fail() -> None:
        with db.transaction() as other:
            note(other, done, "failed")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert done == ["failed"]
