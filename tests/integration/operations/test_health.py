"""Probes of a process say yes or no, to anybody, and nothing else."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from campaign import storage
from campaign.commands.doctor import CHECKS
from campaign.commands.keys import RESTART
from campaign.core import db
from campaign.core.db import add_row
from campaign.core.db.missing_key import was_key_missing
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.models.staff import Role
from campaign.operations.alarms import find_matters
from campaign.operations.backlog import oldest_due_mail
from campaign.operations.health import find_problems
from campaign.storage.places import LocalPlace
from tests.commands import Commands
from tests.factories import post, sign_in


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


def test_a_healthy_instance_is_ready_under_any_host_name(client: FlaskClient) -> None:
    for path, word in (("/healthz", "ok"), ("/readyz", "ready")):
        answer = client.get(path, headers={"Host": "10.0.0.7:5000"})
        assert (answer.status_code, answer.text) == (200, f"{word}\n")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert client.get("/en/", headers={"Host": "10.0.0.7:5000"}).status_code == 400


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


@pytest.fixture
def database(app: Flask) -> Iterator[db.Database]:
    database: db.Database = app.extensions["database"]
    yield database
    database.lacks_key, database.keys_read_at = False, float("-inf")


@pytest.fixture
def without_newest_key(database: db.Database, session: Session) -> db.Database:
    """The database, of which this process lacks the newest key."""
    _turn_key_elsewhere(session)
    database.keys_read_at = float("-inf")
    return database


def _turn_key_elsewhere(session: Session) -> None:
    add_row(session, db.KeyRecord(id=1, sealing=2, bound=0, look_ups=1, name="elsewhere"))
    session.commit()


def _forget_newest_key(session: Session) -> None:
    """Have all as it is for another process, and for commands: they have the key."""
    session.execute(delete(db.KeyRecord))
    session.commit()


@pytest.mark.both_engines
@pytest.mark.usefixtures("without_newest_key")
def test_a_process_without_the_newest_key_answers_503_and_doctor_and_watch_know(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    page = client.get("/en/")
    assert (page.status_code, "our mistake" in page.text) == (503, False)
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (503, "not ready\n")
    assert was_key_missing(settings.folder)
    _forget_newest_key(session)
    with app.app_context():
        assert set(find_matters(session)) == {"keys"}
        assert RESTART in list(CHECKS["keys"]())
    assert client.get("/en/").status_code == client.get("/healthz").status_code == 200
    _make_old(settings)
    with app.app_context():
        assert not find_matters(session)
        assert RESTART not in list(CHECKS["keys"]())


@pytest.mark.usefixtures("without_newest_key")
@pytest.mark.parametrize("command", ["doctor", "keys rotate"])
def test_a_command_without_the_newest_key_says_which_one_to_put_back(
    settings: Settings, commands: Commands, command: str
) -> None:
    environment = {
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.database_url,
    }
    ended = commands.run(command.split(), environment)
    assert ended.returncode == 1
    assert "the database needs key 2 (elsewhere), which is missing. Put it back" in ended.stderr


def _make_old(settings: Settings) -> None:
    os.utime(settings.folder / "keys.missing", (0, 0))


def test_pages_of_a_process_without_the_newest_key_are_shown_to_who_is_signed_in(
    app: Flask, client: FlaskClient, session: Session, database: db.Database
) -> None:
    sign_in(client, app, Role.ADMIN)
    assert client.get("/desk/audit").status_code == 200
    _turn_key_elsewhere(session)
    database.keys_read_at = float("-inf")
    for path in ("/desk/", "/desk/audit", "/desk/api-tokens/", "/en/", "/en/actions/any"):
        page = client.get(path)
        assert (page.status_code, "our mistake" in page.text) == (503, False), path
        assert post(client, path).status_code == 503, path
    assert client.get("/desk/nothing-here").status_code == 404


@pytest.mark.usefixtures("without_newest_key", "fresh_pages")
def test_programs_read_that_the_site_is_unavailable_not_that_there_is_nothing(
    client: FlaskClient,
) -> None:
    answer = client.get("/api/actions")
    assert (answer.status_code, answer.json["title"]) == (503, "Service Unavailable")
    for path in ("/api/actions", "/api/osdi/people"):
        answer = client.get(path, headers={"OSDI-API-Token": "unknown"})
        assert answer.status_code == 503
        assert "This site is unavailable for a short time." in answer.text


@pytest.mark.usefixtures("without_newest_key")
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_process_out_of_service_goes_on_to_report_that_it_lacks_a_key(
    client: FlaskClient, settings: Settings, path: str
) -> None:
    client.get("/en/")
    assert client.get(path).status_code == 503  # an answer of /readyz holds for some seconds
    _make_old(settings)
    assert client.get(path).status_code == 503
    assert was_key_missing(settings.folder)


def test_only_a_question_that_succeeds_says_that_a_process_has_its_keys(
    client: FlaskClient, session: Session, without_newest_key: db.Database
) -> None:
    # A commit found the key missing; since the last question of a page it is less than it holds.
    client.get("/en/")
    without_newest_key.keys_read_at = monotonic()
    assert client.get("/en/").status_code == 503
    assert client.get("/healthz").status_code == 503
    _forget_newest_key(session)
    assert client.get("/en/").status_code == client.get("/healthz").status_code == 200


def test_a_key_that_a_commit_finds_missing_is_answered_as_one_that_a_page_does(
    app: Flask, client: FlaskClient, session: Session, database: db.Database
) -> None:
    sign_in(client, app, Role.ADMIN)
    database.keys_read_at = float("inf")  # no page asks
    _turn_key_elsewhere(session)
    answer = post(client, "/desk/account", {"locale": "fr"})
    assert (answer.status_code, database.lacks_key) == (503, True)


def test_each_process_logs_once_that_it_is_to_be_restarted(
    client: FlaskClient, settings: Settings, without_newest_key: db.Database
) -> None:
    with capture_logs() as logged:
        for _process in range(2):
            without_newest_key.lacks_key = False
            for _request in range(2):
                client.get("/en/")
                _make_old(settings)
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == [
        "data key missing: restart this process"
    ] * 2


@pytest.mark.usefixtures("without_newest_key")
def test_a_file_that_another_user_left_hides_no_missing_key(
    client: FlaskClient, settings: Settings
) -> None:
    theirs = settings.folder / "keys.missing"
    theirs.touch()
    _make_old(settings)
    number = theirs.stat().st_ino
    client.get("/en/")
    assert was_key_missing(settings.folder)
    assert theirs.stat().st_ino != number  # replaced: of another user, it could not be touched


def test_a_folder_of_files_that_cannot_be_used_is_a_problem(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_file = tmp_path / "files"
    plain_file.write_bytes(b"")
    with app.app_context():
        monkeypatch.setattr(storage.storage(), "place", LocalPlace(plain_file))
        assert list(find_problems()) == ["files"]
