"""The queue: JSON messages of ids, sent only after the commit."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from campaign.core import db, jobs
from campaign.core.settings import load_settings
from tests.commands import Commands
from tests.sources import search_modules

done: list[int] = []


@jobs.job("test.note")
def note(number: int) -> None:
    done.append(number)


@pytest.fixture(autouse=True)
def _empty() -> None:
    done.clear()


def sent(app: Flask) -> list[int]:
    """Numbers of the notes in the queue."""
    return [json.loads(data)["message"]["args"][1] for data in fetch(app)]


def fetch(app: Flask) -> list[bytes]:
    huey = app.extensions["queue"].huey
    return [bytes(data) for data in huey.storage.enqueued_items()]


@pytest.mark.both_engines
def test_a_message_is_json_of_a_name_and_ids(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        jobs.enqueue(session, "test.note", 7)
    (data,) = fetch(app)
    assert json.loads(data)["message"]["args"] == ["test.note", 7]


def test_processes_that_start_together_make_the_queue_once(postgres: str) -> None:
    name = f"queue_{uuid4().hex[:12]}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgres).set(drivername="postgresql", database=name)
    settings = load_settings(jobs_url=url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(8) as pool:
        queues = list(pool.map(lambda _number: jobs.connect(settings), range(8)))
    assert [queue.pending_count() for queue in queues] == [0] * 8
    for queue in queues:
        queue.storage.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.mark.both_engines
def test_a_job_that_was_fetched_is_done(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        jobs.enqueue(session, "test.note", 7)
    huey = app.extensions["queue"].huey
    huey.execute(huey.dequeue())
    assert done == [7]


@pytest.mark.both_engines
def test_work_that_is_rolled_back_sends_no_job(app: Flask) -> None:
    def fail() -> None:
        with db.transaction() as session:
            jobs.enqueue(session, "test.note", 7)
            raise RuntimeError

    with app.app_context(), pytest.raises(RuntimeError):
        fail()
    assert fetch(app) == []


@pytest.mark.both_engines
def test_work_of_a_savepoint_that_is_rolled_back_sends_no_job(app: Flask) -> None:
    def fail(session: Session) -> None:
        with session.begin_nested():
            jobs.enqueue(session, "test.note", 7)
            with session.begin_nested():
                jobs.enqueue(session, "test.note", 8)
            raise RuntimeError

    with app.app_context(), db.transaction() as session:
        jobs.enqueue(session, "test.note", 1)
        with session.begin_nested():
            jobs.enqueue(session, "test.note", 2)
        with pytest.raises(RuntimeError):
            fail(session)
        jobs.enqueue(session, "test.note", 3)
    assert sent(app) == [1, 2, 3]


@pytest.mark.both_engines
def test_a_session_that_goes_on_after_a_rollback_sends_what_came_then(app: Flask) -> None:
    with app.app_context(), db.database().sessions() as session:
        jobs.enqueue(session, "test.note", 1)
        session.execute(text("SELECT 1"))
        jobs.enqueue(session, "test.note", 2)
        session.rollback()
        session.execute(text("SELECT 1"))
        jobs.enqueue(session, "test.note", 3)
        session.commit()
        db.run_after_commit(session)
    assert sent(app) == [3]


@pytest.mark.both_engines
def test_a_queue_that_is_down_fails_nothing_that_is_committed(app: Flask) -> None:
    """The mail's row is there, so the sweep will find it; whatever else was to be done is done."""
    with app.app_context(), capture_logs() as logged:
        with db.transaction() as session:
            db.after_commit(session, lambda: 1 // 0)
            jobs.enqueue(session, "test.note", 7)
            session.execute(text("CREATE TABLE scratch (id INTEGER)"))
        with db.reading() as session:
            assert session.execute(text("SELECT * FROM scratch")).all() == []
        with db.transaction() as session:
            session.execute(text("DROP TABLE scratch"))
    assert sent(app) == [7]
    assert [(event["event"], event["problem"]) for event in logged] == [
        ("left undone after a commit", "ZeroDivisionError")
    ]


@pytest.mark.parametrize(
    ("minutes", "moments"), [(1, 1440), (15, 96), (60, 24), (120, 12), (720, 2), (1440, 1)]
)
def test_a_period_is_as_long_as_it_says(minutes: int, moments: int) -> None:
    day = datetime(2026, 3, 3)  # noqa: DTZ001 — as the queue's own clock gives it
    due = jobs.schedule(minutes)
    assert sum(due(day + timedelta(minutes=minute)) for minute in range(1440)) == moments


@pytest.mark.parametrize("minutes", [0, -5, 7, 45, 90, 300, 2880])
def test_a_period_that_the_clock_cannot_keep_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="evenly"):
        jobs.job("test.never", every_minutes=minutes)(note)


@pytest.mark.both_engines
def test_a_failure_of_the_database_quotes_nothing_that_was_to_be_kept(app: Flask) -> None:
    with app.app_context(), db.transaction() as session, pytest.raises(StatementError) as failure:
        session.execute(text("SELECT * FROM nowhere WHERE a = :a"), {"a": "planted-name"})
    assert "planted-name" not in str(failure.value)


@pytest.mark.both_engines
def test_a_job_takes_no_text(app: Flask) -> None:
    with app.app_context(), db.reading() as session, pytest.raises(TypeError, match="ids only"):
        jobs.enqueue(session, "test.note", "ana@example.org")  # type: ignore[arg-type]


def test_every_job_is_known_to_who_imports_the_application_alone(commands: Commands) -> None:
    """A worker imports nothing else: a job that only a page or a command imports would be lost."""
    wanted = {
        f"campaign.{name.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")
        for name, _source in search_modules(r"^@(jobs\.)?job\(")
    }
    assert wanted
    assert wanted - set(commands.ask(loaded=True)) == set()
