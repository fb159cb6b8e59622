"""The queue: JSON messages of ids, sent only after the commit."""

import json

import pytest
from flask import Flask

from campaign import db, jobs

done: list[int] = []


@jobs.job("test.note")
def note(number: int) -> None:
    done.append(number)


@pytest.fixture(autouse=True)
def _empty() -> None:
    done.clear()


def fetch(app: Flask) -> list[bytes]:
    huey = app.extensions["queue"].huey
    return [bytes(data) for data in huey.storage.enqueued_items()]


def test_a_message_is_json_of_a_name_and_ids(app: Flask) -> None:
    with app.app_context(), db.transaction() as unit:
        jobs.enqueue(unit, "test.note", 7)
    (data,) = fetch(app)
    assert json.loads(data)["message"]["args"] == ["test.note", 7]


def test_a_job_that_was_fetched_is_done(app: Flask) -> None:
    with app.app_context(), db.transaction() as unit:
        jobs.enqueue(unit, "test.note", 7)
    huey = app.extensions["queue"].huey
    huey.execute(huey.dequeue())
    assert done == [7]


def test_work_that_is_rolled_back_sends_no_job(app: Flask) -> None:
    def fail() -> None:
        with db.transaction() as unit:
            jobs.enqueue(unit, "test.note", 7)
            raise RuntimeError

    with app.app_context(), pytest.raises(RuntimeError):
        fail()
    assert fetch(app) == []


def test_a_job_takes_no_text(app: Flask) -> None:
    with app.app_context(), db.reading() as unit, pytest.raises(TypeError, match="ids only"):
        jobs.enqueue(unit, "test.note", "ana@example.org")  # type: ignore[arg-type]
