"""`campaign staff add`."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.commands.staff_accounts import staff
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.models.staff import Role, StaffUser
from tests.factories import make_staff_user, post


@pytest.fixture(autouse=True)
def _this_instance(monkeypatch: pytest.MonkeyPatch, settings: Settings, database_url: str) -> None:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(Path(settings.instance)))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", database_url)


def _add(*arguments: str) -> Result:
    return CliRunner().invoke(staff, ["add", *arguments])


@pytest.mark.both_engines
def test_it_prints_one_link_that_sets_a_password(client: FlaskClient, session: Session) -> None:
    result = _add("noor@example.org", "--role", "organizer", "--name", "Noor", "--locale", "fr")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    user = session.scalars(select(StaffUser)).one()
    assert (user.role, user.name, user.locale) == (Role.ORGANIZER, "Noor", "fr")
    path = urlsplit(result.stdout.strip()).path
    assert client.get(path).status_code == 200
    assert post(client, path, {"password": "seven quiet lanterns"}).status_code == 303


def test_somebody_who_is_there_already_gets_a_new_link_only_when_asked(session: Session) -> None:
    _add("noor@example.org", "--role", "staff")
    again = _add("NOOR@example.org", "--role", "admin")
    assert again.exit_code == 1
    assert again.stdout == ""
    assert "already" in again.stderr
    link = _add("noor@example.org", "--new-link")
    assert link.exit_code == 0
    assert "/desk/set-password/" in link.stdout
    assert session.scalars(select(StaffUser)).one().role is Role.STAFF


def test_failures_are_one_line_and_wrong_use_is_2(session: Session) -> None:
    nonsense = _add("nonsense", "--role", "staff")
    assert nonsense.exit_code == 1
    assert len(nonsense.stderr.strip().splitlines()) == 1
    assert _add("noor@example.org").exit_code == 2
    assert _add("noor@example.org", "--role", "owner").exit_code == 2
    assert _add("noor@example.org", "--role", "staff", "--locale", "xx").exit_code == 2
    assert session.scalars(select(StaffUser)).all() == []


def test_once_somebody_can_sign_in_links_go_by_mail_alone(session: Session) -> None:
    make_staff_user(session, Role.ADMIN, password=True)
    session.commit()
    for arguments in (["--role", "staff"], ["--new-link"]):
        result = _add("noor@example.org", *arguments)
        assert result.exit_code == 0, result.output
        assert "set-password" not in result.output
    mails = session.scalars(select(OutboxMail)).all()
    assert [mail.recipient for mail in mails] == ["noor@example.org"] * 2
    assert all("/desk/set-password/" in str(mail.context) for mail in mails)
