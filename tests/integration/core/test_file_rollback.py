"""Actions that take back what the database cannot."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.file_rollback import when_undone


@pytest.fixture
def done() -> list[str]:
    """What was taken back."""
    return []


def note(unit: Session, done: list[str], word: str) -> None:
    unit.execute(text("SELECT 1"))
    when_undone(unit, lambda: done.append(word))


def test_what_is_committed_is_not_undone(unit: Session, done: list[str]) -> None:
    note(unit, done, "kept")
    with unit.begin_nested():
        note(unit, done, "kept in a savepoint")
    unit.commit()
    unit.rollback()
    assert done == []


def test_what_is_rolled_back_or_closed_is_undone_once(unit: Session, done: list[str]) -> None:
    note(unit, done, "rolled back")
    with unit.begin_nested():
        note(unit, done, "its savepoint")
    unit.rollback()
    unit.rollback()
    assert done == ["rolled back", "its savepoint"]
    done.clear()
    note(unit, done, "closed")
    unit.close()
    assert done == ["closed"]


def test_a_savepoint_is_undone_alone(unit: Session, done: list[str]) -> None:
    note(unit, done, "outer")
    with unit.begin_nested() as step:
        with unit.begin_nested():
            note(unit, done, "inner")
        note(unit, done, "middle")
        step.rollback()
    assert sorted(done) == ["inner", "middle"]
    unit.commit()
    assert sorted(done) == ["inner", "middle"]


def test_a_transaction_that_fails_is_undone(unit: Session, done: list[str]) -> None:
    def fail() -> None:
        with db.transaction() as other:
            note(other, done, "failed")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert done == ["failed"]
