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


@pytest.mark.both_engines
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


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_server_that_hangs_in_the_middle_holds_up_one_mail(
    make_app: Callable[..., Flask],
    server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setattr(transports, "WHOLE_SECONDS", 0.5)
    server.silent_at = command
    with make_app().app_context():
        for number in range(5):
            put(f"ana{number}@example.org")
        jobs.run_now("mail.sweep")
        assert list_mails() == [(MailState.WAITING, tried) for tried in (1, 0, 0, 0, 0)]


def test_the_one_that_tries_ends_the_rest_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = sender.ServerRest()
    earlier, first = rest.take_turn(), rest.take_turn()
    assert earlier
    assert first
    with monkeypatch.context() as limits:
        limits.setattr(sender, "_REST_SECONDS", 0)
        rest.begin(first)
    tries = rest.take_turn()
    assert tries
    for come_back in (rest.end, rest.pass_on, rest.begin):
        come_back(earlier)
        assert not rest.take_turn(), "all others wait for what comes of it"
    rest.pass_on(tries)
    following = rest.take_turn()
    assert following, "the one before asked nothing"
    assert not rest.take_turn()
    rest.begin(following)
    rest.pass_on(following)
    for come_back in (rest.end, rest.pass_on):
        come_back(tries)
        assert not rest.take_turn()
    rest = sender.ServerRest()
    with monkeypatch.context() as limits:
        limits.setattr(sender, "_REST_SECONDS", 0)
        rest.begin(object())
    tries = rest.take_turn()
    rest.end(tries)
    assert rest.take_turn()
    assert rest.take_turn()


@pytest.fixture
def try_again(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[MailState, int]]]:
    """Have all mails due, with these values, and send them; their state and attempts."""
    monkeypatch.setattr(sender, "_REST_SECONDS", 0)

    def send(**values: object) -> list[tuple[MailState, int]]:
        with db.transaction() as session:
            due = db.utcnow() - timedelta(seconds=1)
            session.execute(update(OutboxMail).values(due_at=due, **values))
        jobs.run_now("mail.sweep")
        return list_mails()

    return send


def test_a_mail_waits_a_week_for_its_server_however_often_that_fails(
    make_app: Callable[..., Flask],
    server: MailServer,
    try_again: Callable[..., list[tuple[MailState, int]]],
) -> None:
    server.hang_up_at = "DATA"
    with make_app().app_context():
        put()
        for _ in range(2 * len(sender.RETRY_MINUTES)):
            try_again()
        assert list_mails() == [(MailState.WAITING, 4)]
        server.hang_up_at, server.answers["RCPT"] = "-", "451 later"
        assert try_again() == [(MailState.WAITING, 5)], "it has tries of its own"
        server.hang_up_at = "DATA"
        server.answers["RCPT"] = "250 ok"
        [(state, _)] = try_again(created_at=db.utcnow() - timedelta(days=7))
        assert state is MailState.FAILED
        with db.reading() as session:
            assert session.scalar(select(OutboxMail.recipient)) is None


def test_a_mail_that_waited_while_nothing_ran_is_not_lost_at_its_first_try(
    make_app: Callable[..., Flask],
    server: MailServer,
    try_again: Callable[..., list[tuple[MailState, int]]],
) -> None:
    server.answers[""] = "421 later"
    with make_app().app_context():
        put()
        long_ago = db.utcnow() - timedelta(days=8)
        assert try_again(created_at=long_ago) == [(MailState.WAITING, 1)]


def test_a_mail_that_the_server_may_have_taken_is_not_sent_for_a_week(
    make_app: Callable[..., Flask],
    server: MailServer,
    try_again: Callable[..., list[tuple[MailState, int]]],
) -> None:
    server.hang_up_at = "."
    with make_app().app_context():
        put()
        tries = [try_again() for _ in range(len(sender.RETRY_MINUTES) + 1)]
    assert [attempts for [(_, attempts)] in tries[:-1]] == list(range(1, len(tries)))
    assert tries[-1][0][0] is MailState.FAILED


@pytest.mark.parametrize(
    ("command", "answer", "is_well"),
    [
        ("MAIL", "552 5.3.4 too big", None),
        ("MAIL", "555 what is SIZE", None),
        ("MAIL", "452 no room", False),
        ("RCPT", "451 later", True),
        ("RCPT", "550 no such", True),
        ("RCPT", "421 bye", False),
        ("DATA", "250 what", False),
        ("DATA", "421 bye", False),
        (".", "451 later", True),
        (".", "554 no", True),
        (".", "421 bye", False),
        (".", "nonsense", False),
    ],
)
def test_what_is_said_of_a_mail_is_told_from_what_is_said_of_all(
    tmp_path: Path, server: MailServer, command: str, answer: str, is_well: bool | None
) -> None:
    server.answers[command] = answer
    with pytest.raises(MailNotTaken) as problem:
        Smtp(make_settings(tmp_path, server.port)).send(make_mail())
    assert problem.value.is_server_well is is_well


def test_a_mail_that_is_too_big_holds_up_no_other(
    make_app: Callable[..., Flask], server: MailServer
) -> None:
    server.answers["MAIL"] = "552 5.3.4 too big"
    with make_app().app_context():
        for number in range(3):
            put(f"ana{number}@example.org")
        jobs.run_now("mail.sweep")
        assert list_mails() == [(MailState.WAITING, 1)] * 3


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
    assert problem.value.is_server_well is False


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
