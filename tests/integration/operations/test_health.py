"""Probes of a process say yes or no, to anybody, and nothing else."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from campaign import storage
from campaign.commands.doctor import CHECKS
from campaign.commands.keys import RESTART
from campaign.core import db
from campaign.core.db import add_row
from campaign.core.db.missing_key import was_key_missing
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.operations.alarms import find_matters
from campaign.operations.backlog import oldest_due_mail
from campaign.operations.health import find_problems
from campaign.storage.places import LocalPlace


def _put_mail(session: Session, *, due_since: timedelta) -> None:
    mail = OutboxMail(
        kind="confirm-letter",
        recipient="ana@example.org",
        recipient_hmac=b"m" * 32,
        locale="en",
        context="{}",
        due_at=db.utcnow() - due_since,
    )
    session.add(mail)
    session.commit()


@pytest.mark.one_engine
def test_a_healthy_instance_is_ready_under_any_host_name(client: FlaskClient) -> None:
    for path, word in (("/healthz", "ok"), ("/readyz", "ready")):
        answer = client.get(path, headers={"Host": "10.0.0.7:5000"})
        assert (answer.status_code, answer.text) == (200, f"{word}\n")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert client.get("/en/", headers={"Host": "10.0.0.7:5000"}).status_code == 400


@pytest.mark.one_engine
def test_what_is_wrong_is_for_the_log_alone(client: FlaskClient, session: Session) -> None:
    _put_mail(session, due_since=timedelta(hours=1))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")


def test_an_email_that_nobody_sends_is_a_problem(app: Flask, session: Session) -> None:
    _put_mail(session, due_since=timedelta(minutes=-5))
    assert oldest_due_mail(session) == timedelta()
    _put_mail(session, due_since=timedelta(minutes=20))
    assert timedelta(minutes=20) <= oldest_due_mail(session) < timedelta(minutes=21)
    with app.app_context():
        assert list(find_problems()) == ["mail"]


def test_a_database_of_another_version_is_a_problem(app: Flask, session: Session) -> None:
    session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    session.commit()
    with app.app_context():
        assert list(find_problems()) == ["database"]


def test_a_process_without_the_newest_key_answers_503_and_doctor_and_watch_know(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    database: db.Database = app.extensions["database"]
    add_row(session, db.KeyRecord(id=1, sealing=2, bound=0, look_ups=1, name="elsewhere"))
    session.commit()
    database.keys_read_at = float("-inf")
    try:
        page = client.get("/en/")
        assert (page.status_code, "our mistake" in page.text) == (503, False)
        for path in ("/healthz", "/readyz"):
            answer = client.get(path)
            assert (answer.status_code, answer.text) == (503, "not ready\n")
        assert was_key_missing(settings.folder)
        # Commands, and another process, have the key.
        session.execute(delete(db.KeyRecord))
        session.commit()
        with app.app_context():
            assert set(find_matters(session)) == {"keys"}
            assert RESTART in list(CHECKS["keys"]())
        assert client.get("/en/").status_code == client.get("/healthz").status_code == 200
        os.utime(settings.folder / "keys.missing", (0, 0))
        with app.app_context():
            assert not find_matters(session)
            assert RESTART not in list(CHECKS["keys"]())
    finally:
        database.lacks_key, database.keys_read_at = False, float("-inf")


@pytest.mark.one_engine
def test_a_folder_of_files_that_cannot_be_used_is_a_problem(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_file = tmp_path / "files"
    plain_file.write_bytes(b"")
    with app.app_context():
        monkeypatch.setattr(storage.storage(), "place", LocalPlace(plain_file))
        assert list(find_problems()) == ["files"]
