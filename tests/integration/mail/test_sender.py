"""Mails: outbox, sender, limits; against a real SMTP server."""

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

from campaign import close_app, create_app
from campaign.core import db, jobs
from campaign.core.settings import load_settings
from campaign.mail.messages import BadAddress, Mail, MailState, OutboxMail
from campaign.mail.sender import RETRY_MINUTES
from campaign.models.campaign import CampaignStatus
from tests.factories import make_campaign


class TestMessage(Mail, kind="test-message", budget="test"):
    __test__ = False

    link: str
    name: str


class Server:
    """Takes mails, or answers what it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"
        self.recipient_answer = "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: object, address: str, _options: object
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return self.recipient_answer

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            raw = envelope.original_content  # type: ignore[attr-defined]
            self.recipients += envelope.rcpt_tos  # type: ignore[attr-defined]
            self.mails.append(message_from_bytes(raw, policy=policy.default))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def app(database_url: str, tmp_path: Path, server: tuple[Server, int]) -> Iterator[Flask]:
    settings = load_settings(
        instance=tmp_path / "instance",
        database_url=database_url,
        mail_transport="smtp",
        smtp_host="127.0.0.1",
        smtp_port=server[1],
        smtp_security="none",
    )
    app = create_app(settings)
    app.testing = True
    words = {
        "mail/test-message.subject.txt": "A letter\nfor {{ name }}",
        "mail/test-message.txt": "{{ link }}",
        "mail/test-message.html": "<p>{{ link }}</p>",
    }
    app.jinja_loader = ChoiceLoader([DictLoader(words), app.jinja_loader])  # type: ignore[list-item]
    with app.app_context():
        yield app
    close_app(app)


def put(to: str = "ana@example.org", locale: str = "en", campaign_id: int | None = None) -> bool:
    with db.transaction() as session:
        mail = TestMessage(link="https://x.example/1", name="Ana")
        return mail.send(session, to=to, locale=locale, campaign_id=campaign_id)


def only_mail() -> OutboxMail:
    with db.reading() as session:
        return session.scalars(select(OutboxMail)).one()


def make_due() -> None:
    with db.transaction() as session:
        session.execute(update(OutboxMail).values(due_at=db.utcnow() - timedelta(seconds=1)))


def test_a_mail_goes_out_with_text_and_html_and_is_then_forgotten(
    app: Flask, server: tuple[Server, int]
) -> None:
    assert put()
    jobs.run_now("mail.sweep")
    (mail,) = server[0].mails
    assert mail["To"] == "ana@example.org"
    assert {part.get_content_type() for part in mail.iter_parts()} == {"text/plain", "text/html"}
    assert "https://x.example/1" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    kept = only_mail()
    assert kept.state is MailState.SENT
    assert kept.recipient is None
    assert kept.context is None


def test_a_mail_is_sent_once_however_often_it_is_asked_for(
    app: Flask, server: tuple[Server, int]
) -> None:
    put()
    mail_id = only_mail().id
    for _ in range(3):
        jobs.run_now("mail.send", mail_id)
    assert len(server[0].mails) == 1


def test_a_passing_failure_is_tried_again_later(app: Flask, server: tuple[Server, int]) -> None:
    server[0].answer = "451 try later"
    put()
    jobs.run_now("mail.sweep")
    waiting = only_mail()
    assert waiting.state is MailState.WAITING
    assert waiting.due_at > db.utcnow()
    jobs.run_now("mail.sweep")
    assert only_mail().attempts == 1, "it must not be tried before its time"
    server[0].answer = "250 OK"
    make_due()
    jobs.run_now("mail.sweep")
    assert only_mail().state is MailState.SENT


def test_a_final_refusal_is_not_tried_again(app: Flask, server: tuple[Server, int]) -> None:
    server[0].answer = "550 no such person"
    put()
    jobs.run_now("mail.sweep")
    assert only_mail().state is MailState.FAILED


def test_after_the_last_try_the_mail_has_failed(app: Flask, server: tuple[Server, int]) -> None:
    server[0].answer = "451 try later"
    put()
    for _ in range(len(RETRY_MINUTES) + 1):
        make_due()
        jobs.run_now("mail.sweep")
    assert only_mail().state is MailState.FAILED


def test_one_address_gets_five_mails_a_day_however_it_is_spelt(app: Flask) -> None:
    spellings = ["ana@example.org", "ANA@example.org", "ana+1@example.org", "Ana+2@example.ORG"]
    taken = [put(spelling) for spelling in spellings * 2]
    assert taken == [True] * 5 + [False] * 3
    assert put("somebody.else@example.org")


def test_line_ends_never_reach_a_header(app: Flask, server: tuple[Server, int]) -> None:
    put("ana@example.org\r\nBcc: spy@example.org")
    jobs.run_now("mail.sweep")
    waiting = only_mail()
    assert (waiting.state, waiting.attempts) == (MailState.WAITING, 1)
    assert waiting.due_at > db.utcnow()
    fail_to_the_end()
    failed = only_mail()
    assert (failed.state, failed.failure) == (MailState.FAILED, "ValueError")
    assert failed.recipient is None
    assert server[0].mails == []


def fail_to_the_end() -> None:
    for _ in range(len(RETRY_MINUTES)):
        make_due()
        jobs.run_now("mail.sweep")


def test_a_mail_that_cannot_be_opened_holds_up_no_other(
    app: Flask, server: tuple[Server, int]
) -> None:
    put()
    with db.transaction() as session:
        broken = session.scalar(select(OutboxMail.id))
        session.execute(text("UPDATE outbox_mail SET recipient = :junk"), {"junk": b"\1" * 40})
    put("noor@example.org")
    jobs.run_now("mail.sweep")
    assert server[0].recipients == ["noor@example.org"]
    facts = select(OutboxMail.state, OutboxMail.attempts, OutboxMail.failure).where(
        OutboxMail.id == broken
    )
    with db.reading() as session:
        assert session.execute(facts).one() == (MailState.WAITING, 1, "WrongKey")
    fail_to_the_end()
    with db.reading() as session:
        assert session.execute(facts).one()[0] is MailState.FAILED
    assert only_mail_of(broken).recipient is None


def only_mail_of(mail_id: int | None) -> OutboxMail:
    with db.reading() as session:
        return session.get_one(OutboxMail, mail_id)


@contextmanager
def unchangeable(app: Flask, mail_id: int) -> Iterator[None]:
    """While the block runs, the database refuses to change this mail."""
    engine = app.extensions["database"].engine
    where = f"BEFORE UPDATE ON outbox_mail FOR EACH ROW WHEN (OLD.id = {mail_id})"
    if engine.dialect.name == "sqlite":
        created = [f"CREATE TRIGGER broken {where} BEGIN SELECT RAISE(ABORT, 'broken'); END"]
        removed = ["DROP TRIGGER broken"]
    else:
        body = "BEGIN RAISE EXCEPTION 'broken'; END"
        created = [
            f"CREATE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"CREATE TRIGGER broken {where} EXECUTE FUNCTION break_it()",
        ]
        removed = ["DROP TRIGGER broken ON outbox_mail", "DROP FUNCTION break_it()"]
    for statements in (created, None, removed):
        if statements is None:
            yield
            continue
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def test_a_sweep_outlives_whatever_becomes_of_one_mail(
    app: Flask, server: tuple[Server, int]
) -> None:
    put()
    first = only_mail().id
    put("noor@example.org")
    with unchangeable(app, first):
        jobs.run_now("mail.sweep")
        assert server[0].recipients == ["noor@example.org"]
    jobs.run_now("mail.sweep")
    assert server[0].recipients == ["noor@example.org", "ana@example.org"]


def test_a_mail_that_was_held_back_uses_up_none_of_the_day(
    app: Flask, server: tuple[Server, int]
) -> None:
    """Nobody got it: five of them must not stand in the way of the one that is wanted."""
    stopped = make(CampaignStatus.STOPPED)
    for _ in range(7):
        assert put(campaign_id=stopped)
        jobs.run_now("mail.sweep")
    assert server[0].mails == []
    assert [put() for _ in range(6)] == [True] * 5 + [False]
    jobs.run_now("mail.sweep")
    assert len(server[0].mails) == 5
    assert not put()


def test_a_mail_that_failed_counts_in_its_day(app: Flask, server: tuple[Server, int]) -> None:
    server[0].answer = "554 no"
    for _ in range(5):
        assert put()
        jobs.run_now("mail.sweep")
    assert not put()


@pytest.mark.parametrize("status", [CampaignStatus.OPEN, CampaignStatus.CLOSED])
def test_a_mail_about_a_campaign_goes_out(
    app: Flask, server: tuple[Server, int], status: CampaignStatus
) -> None:
    put(campaign_id=make(status))
    jobs.run_now("mail.sweep")
    assert only_mail().state is MailState.SENT


def test_a_mail_about_a_stopped_campaign_is_not_sent(
    app: Flask, server: tuple[Server, int]
) -> None:
    put(campaign_id=make(CampaignStatus.STOPPED))
    jobs.run_now("mail.send", only_mail().id)
    jobs.run_now("mail.sweep")
    assert server[0].mails == []
    held = only_mail()
    assert (held.state, held.failure) == (MailState.FAILED, "campaign stopped")
    assert held.recipient is None
    assert held.context is None


def make(status: CampaignStatus) -> int:
    with db.transaction() as session:
        return make_campaign(session, status=status).id


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("550 5.1.1 No such user", "5.1.1"),
        ("550 No such user", "5.0.0"),
        ("550 5.7.1 Your server is on a list", None),
        ("451 4.2.2 Mailbox is full", None),
    ],
)
def test_an_address_that_the_server_refuses_for_good_is_marked(
    app: Flask, server: tuple[Server, int], answer: str, status: str | None
) -> None:
    server[0].recipient_answer = answer
    put()
    jobs.run_now("mail.sweep")
    with db.reading() as session:
        assert session.scalar(select(BadAddress.status)) == status


@pytest.mark.parametrize("code", ["550 5.1.1", "451 4.2.2"])
def test_a_failed_mail_quotes_neither_its_server_nor_its_link(
    app: Flask, server: tuple[Server, int], caplog: pytest.LogCaptureFixture, code: str
) -> None:
    """Servers name the address, and some what they did not like."""
    server[0].recipient_answer = f"{code} <ana@example.org> https://x.example/1 is unknown"
    put()
    with capture_logs() as events, caplog.at_level(logging.DEBUG, logger="campaign"):
        for _ in range(8):
            make_due()
            jobs.run_now("mail.sweep")
    assert only_mail().state is MailState.FAILED
    assert any(event["event"] == "mail failed" for event in events)
    for planted in ("ana@example.org", "x.example", "unknown", "Traceback"):
        assert planted not in f"{events} {caplog.text} {only_mail().failure}"


def test_mail_goes_to_the_ascii_form_of_a_domain(app: Flask, server: tuple[Server, int]) -> None:
    put("ana@bücher.example")
    jobs.run_now("mail.sweep")
    assert server[0].recipients == ["ana@xn--bcher-kva.example"]
    assert server[0].mails[0]["To"] == "ana@xn--bcher-kva.example"


@pytest.mark.both_engines
def test_mails_put_at_once_are_counted_one_by_one(app: Flask) -> None:
    start = threading.Barrier(10)

    def put_at_once(_: int) -> bool:
        with app.app_context():
            start.wait(timeout=30)
            return put()

    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(put_at_once, range(10)))
    assert sorted(taken) == [False] * 5 + [True] * 5


def test_the_outbox_holds_no_address_in_clear(app: Flask) -> None:
    put("planted-name@example.org")
    with app.extensions["database"].engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT recipient, context FROM outbox_mail").one()
    assert all(b"planted-name" not in bytes(value) for value in row)
