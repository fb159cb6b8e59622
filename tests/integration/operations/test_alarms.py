"""Admins hear once of what is wrong with the instance, and once that it is over."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.commands.backup import backup
from campaign.commands.serve import watch
from campaign.core import audit, clock, db, jobs
from campaign.core.settings import Settings
from campaign.mail.messages import MailState, OutboxMail
from campaign.mail.sender import render
from campaign.models.alarm import Alarm
from campaign.models.bundle import Bundle, BundleState
from campaign.models.staff import Role
from campaign.models.statistics import FiguresRun
from campaign.operations.alarms import BACKED_UP, find_matters, is_backup_late, note_matters
from tests.factories import add_confirmed, make_campaign, make_staff_user, sign_in
from tests.integration.bundles.conftest import Freeze, freeze

__all__ = ["freeze"]

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def put_mail(session: Session, **facts: Any) -> None:
    values: dict[str, Any] = {"due_at": clock.utcnow() + timedelta(hours=1), "context": "{}"}
    values["recipient_hmac"] = b"m" * 32
    mail = OutboxMail(
        kind="confirm-letter", recipient="ana@example.org", locale="en", **(values | facts)
    )
    session.add(mail)
    session.commit()


def list_alarms(session: Session) -> list[dict[str, object]]:
    session.rollback()
    query = select(OutboxMail).where(OutboxMail.kind == "staff-alarm").order_by(OutboxMail.id)
    mails = session.scalars(query)
    return [{"to": mail.recipient} | dict(_read(mail)) for mail in mails]


def _read(mail: OutboxMail) -> dict[str, object]:
    read: dict[str, object] = json.loads(mail.context or "{}")
    return {name: read[name] for name in ("matter", "is_over")}


@pytest.mark.both_engines
def test_each_admin_hears_once_and_once_that_it_is_over(app: Flask, session: Session) -> None:
    make_staff_user(session, Role.ADMIN, email="ada@example.org")
    make_staff_user(session, Role.ADMIN, email="off@example.org").gets_alarms = False
    make_staff_user(session, Role.STAFF)
    put_mail(session, due_at=clock.utcnow() - timedelta(hours=1))
    begun = {"to": "ada@example.org", "matter": "mail", "is_over": False}
    for _ in range(2):
        jobs.run_now("operations.watch")
        assert list_alarms(session) == [begun]
    session.execute(update(OutboxMail).values(due_at=clock.utcnow() + timedelta(hours=1)))
    session.commit()
    for _ in range(2):
        jobs.run_now("operations.watch")
        assert list_alarms(session) == [begun], "it may come back at once"
    session.execute(update(Alarm).values(gone_at=clock.utcnow() - timedelta(minutes=31)))
    session.commit()
    for _ in range(2):
        jobs.run_now("operations.watch")
        assert list_alarms(session) == [begun, begun | {"is_over": True}]
    assert session.scalars(select(Alarm)).all() == []


def test_what_comes_back_within_half_an_hour_was_never_over(app: Flask, session: Session) -> None:
    make_staff_user(session, Role.ADMIN)
    for matters in ({"disk": NOW}, {}, {"disk": clock.utcnow()}, {}):
        note_matters(session, matters)
    alarm = session.scalars(select(Alarm)).one()
    assert alarm.since == NOW
    assert alarm.gone_at is not None
    session.commit()
    assert len(list_alarms(session)) == 1


@pytest.mark.both_engines
def test_a_mail_server_that_refuses_everything_is_told_from_one_bad_address(
    app: Flask, session: Session
) -> None:
    refused = "recipient refused: 451"
    for mark in (b"a", b"b"):
        put_mail(session, attempts=3, failure=refused, recipient_hmac=mark * 32)
    assert find_matters(session) == {}
    put_mail(session, attempts=3, failure=refused)
    assert set(find_matters(session)) == {"mail"}
    session.execute(delete(OutboxMail))
    for is_known in (False, False, True):
        put_mail(session, attempts=1, failure="ConnectionRefusedError")
        assert ("mail" in find_matters(session)) == is_known
    put_mail(session, state=MailState.SENT, sent_at=clock.cut_to_hour(clock.utcnow()))
    assert find_matters(session) == {}


@pytest.mark.both_engines
def test_a_bundle_that_failed_is_named_with_its_page(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    admin = make_staff_user(session, Role.ADMIN)
    campaign = make_campaign(session, reference="UA 58/20")
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    with db.transaction() as own:
        bundle = own.get_one(Bundle, bundle_id)
        bundle.state, public_id = BundleState.FAILED, bundle.public_id
    assert set(find_matters(session)) == {f"bundle:{public_id}"}
    jobs.run_now("operations.watch")
    session.rollback()
    mail = session.scalars(select(OutboxMail).where(OutboxMail.kind == "staff-alarm")).one()
    message = render(mail, app.extensions["settings"])
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert message["Subject"] == "Bundle UA 58/20 · 001 could not be made"
    assert f"/desk/bundles/{public_id}" in text
    assert message["To"] == admin.email


@pytest.mark.parametrize("locale", ["en", "fr", "es", "ar"])
@pytest.mark.parametrize("matter", ["worker", "queue", "mail", "files", "disk", "keys", "backup"])
def test_each_matter_has_its_words_at_both_ends(app: Flask, matter: str, locale: str) -> None:
    subjects = set()
    for is_over in (False, True):
        facts = {"matter": matter, "is_over": is_over, "bundle": "", "since": "NOON"}
        row = OutboxMail(kind="staff-alarm", recipient="ada@example.org", locale=locale)
        row.public_id = db.new_public_id()
        row.context = json.dumps(facts | {"link": "https://x.example/1", "account_link": "y"})
        with app.app_context():
            message = render(row, app.extensions["settings"])
        words = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "NOON" in words
        # That no process reports a missing key may mean that none is asked.
        if locale == "en" and is_over:
            assert ("whether all processes have been restarted" in words) is (matter == "keys")
            assert ("do not need to do anything" in words) is (matter != "keys")
        subjects.add(message["Subject"])
    assert len(subjects) == 2
    assert not any("Bundle" in subject for subject in subjects)


@pytest.mark.parametrize(
    ("hours_ago", "is_late"),
    [
        ([], False),
        ([500], False),  # one, by hand
        ([47, 71], False),
        ([49, 73], True),
        ([300, 300 + 168], False),  # one a week
        ([340, 340 + 168], True),
        ([300, 301, 301 + 168], False),  # a week's, and one before an upgrade
    ],
)
def test_a_backup_is_late_by_its_own_measure(hours_ago: list[int], *, is_late: bool) -> None:
    moments = [NOW - timedelta(hours=hours) for hours in hours_ago]
    assert is_backup_late(moments, NOW) is is_late


def test_a_backup_that_fails_is_told_at_once(
    app: Flask, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = app.extensions["settings"]
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.database_url)
    result = CliRunner().invoke(backup, [str(tmp_path / "nowhere" / "backup.zip")])
    assert isinstance(result.exception, FileNotFoundError)
    assert set(find_matters(session)) == {"backup"}
    session.rollback()
    CliRunner().invoke(backup, [str(tmp_path / "backup.zip")])
    assert find_matters(session) == {}


@pytest.mark.both_engines
def test_backups_are_found_in_the_audit_log(
    app: Flask, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, days in enumerate((11, 10)):
        at = clock.utcnow() - timedelta(days=days)
        twin = {"at": at, "previous": bytes([number]) * 32, "digest": bytes([number + 9]) * 32}
        kept = {"actor": "command", "action": BACKED_UP, "subject": "instance", "detail": {}}
        session.add(audit.AuditEntry(**kept, **twin))
        session.commit()
    assert set(find_matters(session)) == {"backup"}
    session.rollback()
    settings: Settings = app.extensions["settings"]
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.database_url)
    result = CliRunner().invoke(backup, [str(tmp_path / "backup.zip")])
    assert result.exit_code == 0, result.output
    session.rollback()
    assert find_matters(session) == {}


@pytest.mark.both_engines
def test_a_background_service_that_stands_still_is_told_without_it(
    app: Flask, session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = app.extensions["settings"]
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.database_url)
    sign_in(client, app, Role.ADMIN)
    session.rollback()
    assert CliRunner().invoke(watch).exit_code == 0, "a site that never ran is no alarm"
    session.add(FiguresRun(id=1, counted_at=clock.utcnow() - timedelta(minutes=20)))
    session.commit()
    result = CliRunner().invoke(watch)
    assert (result.exit_code, result.output) == (1, "Error: worker. Run: campaign doctor\n")
    assert "The background service has stopped" in client.get("/desk/today").text
    (mail,) = settings.outbox.iterdir()
    assert "The background service has stopped" in mail.read_text()
    jobs.run_now("operations.watch")
    assert "The background service has stopped" not in client.get("/desk/today").text
