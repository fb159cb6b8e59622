"""Leases: a row is one worker's at a time, and what is lost cannot be finished."""

import enum
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from campaign.core import db
from campaign.core.db import leases
from campaign.core.db.leases import Lease, LeasedRow
from tests.races import overtake

MINUTE = timedelta(minutes=1)


class State(enum.StrEnum):
    WAITING = "waiting"
    AT_WORK = "at_work"
    DONE = "done"


class Base(DeclarativeBase):
    type_annotation_map = db.Base.type_annotation_map


class Task(Base):
    __tablename__ = "leased_task"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[State] = mapped_column(default=State.WAITING)
    lease_until: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    result: Mapped[str] = mapped_column(default="")


LEASE = Lease(Task, held=State.AT_WORK, waiting=(State.WAITING,))


@pytest.fixture(autouse=True)
def _tasks(session: Session) -> Iterator[None]:
    """Two tasks that wait."""
    engine = db.database().engine
    Base.metadata.create_all(engine)
    session.add_all([Task(id=1), Task(id=2)])
    session.commit()
    yield
    session.close()
    Base.metadata.drop_all(engine)


def claim(row_id: int = 1) -> LeasedRow | None:
    with db.transaction() as session:
        return LEASE.claim(session, row_id)


def held() -> LeasedRow:
    row = claim()
    assert row is not None
    return row


def pass_time(session: Session) -> None:
    """As if its worker had not been heard of for as long as a lease lasts."""
    session.execute(update(Task).values(lease_until=db.utcnow()))
    session.commit()


def loaded(session: Session, row_id: int = 1) -> Task:
    session.rollback()
    return session.get_one(Task, row_id, populate_existing=True)


def list_due(session: Session) -> list[int]:
    return list(session.scalars(select(Task.id).where(LEASE.is_due()).order_by(Task.id)))


def claim_first(session: Session, due: list[int]) -> LeasedRow | None:
    return next((hold for row_id in due if (hold := LEASE.claim(session, row_id))), None)


@pytest.mark.both_engines
def test_two_who_see_the_same_rows_at_once_take_different_ones(
    app: Flask, session: Session
) -> None:
    taken: list[LeasedRow | None] = []
    overtake(
        app,
        first=lambda session: taken.append(LEASE.claim(session, 1)),
        look=list_due,
        second=lambda session, due: taken.append(claim_first(session, due)),
    )
    assert taken == [LeasedRow(1, 1), LeasedRow(2, 1)]
    assert list_due(session) == []


@pytest.mark.both_engines
def test_a_row_that_a_dead_worker_left_is_taken_and_the_dead_one_changes_nothing(
    app: Flask, session: Session
) -> None:
    first = held()
    assert claim() is None, "somebody has it"
    pass_time(session)
    second = claim()
    assert second == LeasedRow(1, 2)
    before = loaded(session).lease_until
    with db.transaction() as own:
        assert not LEASE.beat(own, first, result="first")
        assert not LEASE.give_back(own, first, MINUTE, state=State.WAITING)
        assert not LEASE.finish(own, first, state=State.DONE, result="first")
    task = loaded(session)
    assert (task.state, task.lease_until, task.result) == (State.AT_WORK, before, "")
    session.rollback()
    with db.transaction() as own:
        assert LEASE.finish(own, second, state=State.DONE, result="second")
        assert not LEASE.finish(own, second, state=State.DONE, result="again")
    task = loaded(session)
    assert (task.state, task.lease_until, task.result) == (State.DONE, None, "second")
    session.rollback()
    assert claim() is None, "it is done"


@pytest.mark.both_engines
def test_a_row_that_is_given_back_rests_before_the_next_attempt(
    app: Flask, session: Session
) -> None:
    with db.transaction() as own:
        assert LEASE.give_back(own, LeasedRow(1, 0), MINUTE) is False, "nobody had it"
    hold = held()
    with db.transaction() as own:
        assert LEASE.give_back(own, hold, MINUTE, state=State.WAITING)
    assert loaded(session).state is State.WAITING
    assert claim() is None
    pass_time(session)
    assert claim() == LeasedRow(1, 2)


@pytest.mark.both_engines
def test_a_worker_that_was_silent_cannot_end_what_was_asked_for_anew(
    app: Flask, session: Session
) -> None:
    silent = held()
    pass_time(session)
    second = held()
    with db.transaction() as own:
        assert LEASE.finish(own, second, state=State.DONE, result="second")
    session.execute(update(Task).values(state=State.AT_WORK))  # asked for, and not yet claimed
    session.commit()
    with db.transaction() as own:
        assert not LEASE.finish(own, silent, state=State.DONE, result="silent")
        third = LEASE.claim(own, 1)
        assert third == LeasedRow(1, 3)
        assert not LEASE.beat(own, silent)
        assert not LEASE.finish(own, silent, state=State.DONE, result="silent")
        assert LEASE.finish(own, third, state=State.DONE, result="third")
    assert loaded(session).result == "third"


@pytest.mark.both_engines
def test_conditions_hold_back_a_claim_and_an_end(app: Flask, session: Session) -> None:
    with db.transaction() as own:
        assert LEASE.claim(own, 1, Task.result == "wanted") is None
        hold = LEASE.claim(own, 1, Task.result == "", result="begun")
        assert hold is not None
        assert not LEASE.finish(own, hold, Task.result == "wanted", state=State.DONE)
        assert not LEASE.beat(own, hold, Task.result == "wanted")
    assert loaded(session).result == "begun"


@pytest.mark.both_engines
def test_a_living_worker_is_heard_of(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = held()
    pass_time(session)
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.01)
    beaten, engine = Event(), db.database().engine

    def note(_: object) -> None:
        beaten.set()

    event.listen(engine, "commit", note)
    try:
        with LEASE.keep_alive(hold):
            assert beaten.wait(30)
    finally:
        event.remove(engine, "commit", note)
    until = loaded(session).lease_until
    assert until is not None
    assert until > db.utcnow() + leases.LEASE - MINUTE
