"""What a mail server that fails, lies or never ends does to mails and to all other work."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from campaign import close_app, create_app
from campaign.core import db, jobs
from campaign.core.settings import Settings, load_settings
from campaign.mail import sender, transports
from campaign.mail.messages import BadAddress, MailState, OutboxMail
from campaign.mail.transports import MailNotTaken, Smtp
from campaign.tracking.mails import NoLetters
from tests import smtp_server
from tests.smtp_server import MailServer

pytestmark = pytest.mark.one_engine


@pytest.fixture
def server() -> Iterator[MailServer]:
    with smtp_server.serve() as server:
        yield server


def make_settings(folder: Path, port: int, **more: object) -> Settings:
    return load_settings(
        instance=folder,
        mail_transport="smtp",
        smtp_host="127.0.0.1",
        smtp_port=port,
        **{"smtp_security": "none"} | more,
    )


@pytest.fixture
def make_app(
    database_url: str, tmp_path: Path, server: MailServer
) -> Iterator[Callable[..., Flask]]:
    apps = []

    def make(**more: object) -> Flask:
        settings = make_settings(
            tmp_path / "instance", server.port, database_url=database_url, **more
        )
        apps.append(create_app(settings))
        return apps[-1]

    yield make
    for app in apps:
        close_app(app)


def put(to: str = "ana@example.org") -> None:
    with db.transaction() as session:
        NoLetters(home_url="http://x.example/").send(session, to=to, locale="en")


def list_mails() -> list[tuple[MailState, int]]:
    with db.reading() as session:
        query = select(OutboxMail.state, OutboxMail.attempts).order_by(OutboxMail.id)
        return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "command", "answer"),
    [
        ({}, "", "554 no service here"),
        ({}, "", "421 later"),
        ({"smtp_security": "starttls"}, "EHLO", "250 no such thing"),
        ({"smtp_user": "a", "smtp_password": "x"}, "EHLO", "250 no such thing"),
        ({"smtp_user": "a", "smtp_password": "x"}, "AUTH", "535 5.7.8 wrong password"),
        ({}, "MAIL", "550 5.7.1 you have sent enough today"),
    ],
    ids=["no service", "later", "no TLS", "no sign-in", "password", "sender"],
)
def test_a_server_that_takes_no_mail_at_all_loses_none(
    make_app: Callable[..., Flask],
    server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    command: str,
    answer: str,
) -> None:
    if command == "AUTH":
        server.answers["EHLO"] = "250 AUTH PLAIN"
    before = server.answers.get(command)
    server.answers[command] = answer
    monkeypatch.setattr(sender, "_REST_SECONDS", 0)
    with make_app(**settings).app_context():
        put()
        jobs.run_now("mail.sweep")
        assert list_mails() == [(MailState.WAITING, 1)]
        with db.reading() as session:
            assert session.scalar(select(BadAddress.status)) is None
    if settings or before is None:
        return
    server.answers[command] = before
    with make_app().app_context(), db.transaction() as session:
        session.execute(update(OutboxMail).values(due_at=db.utcnow() - timedelta(seconds=1)))
        session.commit()
        jobs.run_now("mail.sweep")
        assert list_mails() == [(MailState.SENT, 2)]


def test_while_the_server_takes_nothing_one_mail_after_each_rest_tries_it(
    make_app: Callable[..., Flask], server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers[""] = "421 later"
    with make_app().app_context():
        for number in range(5):
            put(f"ana{number}@example.org")
        jobs.run_now("mail.sweep")
        assert [attempts for _, attempts in list_mails()] == [1, 0, 0, 0, 0]
        server.answers[""] = "220 ready"
        jobs.run_now("mail.sweep")
        assert server.taken == 0
        monkeypatch.setattr(sender, "_REST_SECONDS", -transports.WHOLE_SECONDS)
        rest = sender.ServerRest()
        rest.learn(is_well=False)
        assert rest.may_ask()
        monkeypatch.undo()
        assert rest.may_ask()
        assert not rest.may_ask(), "another waits for what comes of it"
        rest.learn(is_well=None)
        assert rest.may_ask(), "the one before asked nothing"
        rest.learn(is_well=True)
        assert rest.may_ask()
        assert rest.may_ask()


@pytest.mark.parametrize("answer", ["500 no", "421 no", ""])
def test_a_mail_that_was_taken_is_sent_once_whatever_the_goodbye(
    make_app: Callable[..., Flask], server: MailServer, answer: str
) -> None:
    server.answers["QUIT"] = answer
    server.hang_up_at = "-" if answer else "QUIT"
    with make_app().app_context():
        put()
        jobs.run_now("mail.sweep")
        assert list_mails() == [(MailState.SENT, 1)]
    assert server.taken == 1


@pytest.mark.parametrize("command", ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_an_answer_without_end_is_left(
    tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(transports, "_MOST_ANSWERED", 100_000)
    server.endless_at = command
    with pytest.raises(MailNotTaken) as problem:
        Smtp(make_settings(tmp_path, server.port)).send(make_mail())
    assert not problem.value.permanent
    assert problem.value.of_server == (command in {"", "EHLO"})


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_server_that_says_nothing_at_all_has_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setattr(transports, "WHOLE_SECONDS", 0.1)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = make_settings(tmp_path, silent.getsockname()[1], smtp_security=security)
        with pytest.raises(MailNotTaken):
            Smtp(settings).send(make_mail())
    assert time.monotonic() - began < transports._SECONDS / 2


def make_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "letters@example.org", "ana@example.org"
    mail.set_content("Hello")
    return mail
