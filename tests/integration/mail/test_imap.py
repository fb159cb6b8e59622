"""A mailbox on an IMAP server is emptied as a Maildir is, and no mail is lost or read here."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.commands.doctor import _mail
from campaign.core import db, jobs
from campaign.core.errors import UnsafeSettings
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.core.settings import current_settings, load_settings
from campaign.mail import imap
from campaign.mail.imap import open_folder
from campaign.mail.mailboxes import list_put_aside
from campaign.mail.messages import BadAddress, OutboxMail, address_fingerprint
from campaign.mail.sender import render
from campaign.models.reply import Reply
from campaign.models.staff import Role
from campaign.operations.alarms import find_matters
from campaign.replies import inbox
from campaign.tracking.mails import NoLetters
from tests import audit_coverage, imap_server
from tests.factories import make_campaign, make_staff_user
from tests.imap_server import Mailbox
from tests.integration.mail.test_bounces import TO, report
from tests.integration.replies.test_inbox import make_mail, nested_mail


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with imap_server.serve(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        yield box


@pytest.fixture
def app(database_url: str, tmp_path: Path, box: Mailbox) -> Iterator[Flask]:
    """An instance whose bounces and replies come to one mailbox."""
    instance = create_app(
        load_settings(
            instance=tmp_path / "instance",
            database_url=database_url,
            reply_address="reply@example.org",
            reply_imap=box.address,
            reply_imap_password=imap_server.PASSWORD,
            bounce_imap=box.address.replace("INBOX", "Bounces"),
            bounce_imap_password=imap_server.PASSWORD,
        )
    )
    instance.testing = True
    audit_coverage.watch(instance)
    yield instance
    close_app(instance)


@pytest.fixture
def address(app: Flask) -> str:
    with app.app_context(), db.transaction() as session:
        return inbox.address_of(make_campaign(session))


def read_replies(app: Flask) -> int:
    """Read the mailbox; return how many drafts there are."""
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            return session.scalar(select(func.count(Reply.id))) or 0


def test_a_reply_becomes_a_draft_and_is_removed_then_and_others_stay(
    app: Flask, box: Mailbox, address: str
) -> None:
    box.add(make_mail(address).as_bytes())
    other = box.add(make_mail("somebody@example.org").as_bytes())
    deleted = box.add(make_mail(address, Message_ID="<2@x>").as_bytes(), "\\Deleted")
    assert read_replies(app) == 1
    assert set(box.mails) == {other, deleted}, "what somebody else deletes is theirs"
    assert all("BODY.PEEK" in asked for asked in box.asked if "FETCH" in asked)
    box.asked.clear()
    assert read_replies(app) == 1
    assert not any("FETCH" in asked for asked in box.asked), "what was left is not fetched again"


def test_where_no_keyword_is_kept_a_mail_that_was_left_is_read_again(
    app: Flask, box: Mailbox, address: str
) -> None:
    box.keeps_keywords = False
    box.add(make_mail("somebody@example.org").as_bytes())
    for _ in range(2):
        box.asked.clear()
        assert read_replies(app) == 0
        assert any("FETCH" in asked for asked in box.asked)
    assert len(box.mails) == 1


@pytest.mark.parametrize("moment", ["FETCH", "STORE", "EXPUNGE"])
def test_a_connection_that_breaks_loses_no_mail_and_doubles_none(
    app: Flask, box: Mailbox, address: str, moment: str
) -> None:
    box.add(make_mail(address).as_bytes())
    box.hang_up_at = moment
    assert read_replies(app) == (0 if moment == "FETCH" else 1)
    assert len(box.mails) == 1
    box.hang_up_at = ""
    assert read_replies(app) == 1
    assert box.mails == {} or box.flags == {1: {"\\Deleted"}}


def test_of_very_many_mails_the_newest_are_read(box: Mailbox) -> None:
    for number in range(501):
        box.add(b"Subject: %d\n\nHello" % number)
    with open_folder(box.address, imap_server.PASSWORD) as mails:
        assert len(mails) == 500
        assert mails[-1].open().read(100).startswith(b"Subject: 500")


def test_what_fails_twice_is_put_aside_and_removed(app: Flask, box: Mailbox, address: str) -> None:
    uid = box.add(nested_mail(address))
    raw = box.mails[uid]
    assert read_replies(app) == 0
    assert box.flags[uid] == {"\\Flagged"}
    assert read_replies(app) == 0
    assert box.mails == {}
    with app.app_context():
        (name,) = list_put_aside()
        with app.extensions["storage"].open(name) as kept:
            assert kept.read() == raw


@pytest.mark.parametrize(
    ("moment", "raw"),
    [
        ("CAPABILITY", b"* OK still here\r\n"),
        ("SEARCH", (b"* SEARCH " + b"1 " * 99_000 + b"\r\n") * 9 + b"{tag} OK done\r\n"),
        ("FETCH", b"* 1 FETCH (BODY[] {2000000}\r\n%s)\r\n{tag} OK done\r\n" % (b"x" * 2_000_000)),
        ("FETCH", b"* 1 FETCH (BODY[] {%s}\r\n" % (b"9" * 5000)),
        ("SEARCH", b"* SEARCH \xff\xfe\r\n{tag} OK done\r\n"),
        ("STORE", b"\r\n"),
    ],
    ids=["for ever", "too much", "too long", "no number", "no text", "nothing"],
)
def test_a_server_that_answers_for_ever_or_nonsense_is_left_and_loses_no_mail(
    app: Flask, box: Mailbox, address: str, monkeypatch: pytest.MonkeyPatch, moment: str, raw: bytes
) -> None:
    box.add(make_mail(address).as_bytes())
    box.raw_at = moment, raw
    with monkeypatch.context() as limits:
        limits.setattr(imap, "_WHOLE_SECONDS", 0.3 if moment == "CAPABILITY" else 60)
        limits.setattr(imap, "_MOST_ANSWERED", 1_000_000)
        assert read_replies(app) == (1 if moment == "STORE" else 0)
    assert len(box.mails) == 1
    box.raw_at = "", b""
    assert read_replies(app) == 1


def test_a_mail_without_end_fills_no_disk(
    app: Flask, box: Mailbox, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.add(nested_mail(address))
    monkeypatch.setattr(imap, "_LONGEST", 10)
    for _ in range(2):
        assert read_replies(app) == 0
    assert box.flags == {1: {"\\Flagged", "LettersLeft"}}
    assert len(box.mails) == 1
    with app.app_context():
        assert list_put_aside() == []
    box.asked.clear()
    read_replies(app)
    assert not any("FETCH" in asked for asked in box.asked), "it holds nothing up any more"


def test_a_bounce_marks_its_address(app: Flask, box: Mailbox, session: Session) -> None:
    NoLetters(home_url="http://x.example/").send(session, to=TO, locale="en")
    session.commit()
    jobs.run_now("mail.sweep")
    box.add(report(session.scalars(select(OutboxMail.public_id)).one()).encode())
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert session.scalars(select(BadAddress.email_hmac)).all() == [address_fingerprint(TO)]
    assert box.mails == {}


def test_a_server_that_nobody_vouches_for_or_that_refuses_gets_no_password(
    app: Flask, box: Mailbox, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box.add(make_mail(address).as_bytes())
    with app.app_context():
        assert list(_mail()) == []
        box.hang_up_at = "SELECT"
        assert "The mailbox bounce_imap cannot be opened (ImapFailed)" in next(iter(_mail()))
        box.asked.clear()
        monkeypatch.delenv("SSL_CERT_FILE")
        assert "(SSLCertVerificationError)" in next(iter(_mail()))
    assert read_replies(app) == 0
    assert box.asked == []


@pytest.mark.both_engines
def test_admins_hear_of_a_mailbox_that_cannot_be_opened(app: Flask, box: Mailbox) -> None:
    def list_alarms() -> list[str]:
        jobs.run_now("operations.watch")
        with db.reading() as session:
            is_alarm = OutboxMail.kind == "staff-alarm"
            mails = session.scalars(select(OutboxMail).where(is_alarm)).all()
            return [render(mail, current_settings())["Subject"] for mail in mails]

    with app.app_context():
        with db.transaction() as session:
            make_staff_user(session, Role.ADMIN)
        read_replies(app)
        box.hang_up_at = "SELECT"
        read_replies(app)
        assert list_alarms() == [], "a server may start anew"
        read_replies(app)
        box.asked.clear()
        [subject] = list_alarms()
        assert "The inbox for bounces or replies cannot be opened" in subject
        assert list_alarms() == [subject], "once"
        assert box.asked == [], "a server that takes its time holds no alarm up"
        box.hang_up_at = ""
        read_replies(app)
        with db.reading() as session:
            assert find_matters(session) == {}


def test_a_server_that_says_nothing_at_all_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_WHOLE_SECONDS", 0.1)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"imaps://a@127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(OSError), open_folder(address, ""):  # noqa: PT011
            pass
    assert time.monotonic() - began < imap._SECONDS / 2


@pytest.mark.parametrize(
    "address",
    ["imap://a@b.example", "imaps://b.example", "imaps://a@b:0", "imaps://a@b:99999", "x"],
)
def test_a_mailbox_without_tls_user_or_password_is_refused(tmp_path: Path, address: str) -> None:
    for given in (address, "imaps://a@b.example/INBOX"):
        password = "x" if given == address else ""
        with pytest.raises(UnsafeSettings, match="bounce_imap must be imaps://user@server/folder"):
            load_settings(instance=tmp_path, bounce_imap=given, bounce_imap_password=password)


@pytest.mark.parametrize(
    "settings",
    [
        {"bounce_maildir": "mails", "reply_maildir": "./mails/"},
        {
            "bounce_imap": "imaps://a@b.example",
            "reply_imap": "imaps://A@B.example:993/inbox",
            "bounce_imap_password": "x",
            "reply_imap_password": "x",
        },
    ],
)
def test_bounces_and_replies_have_folders_of_their_own(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Each job leaves the other's emails as not for it."""
    with pytest.raises(UnsafeSettings, match=r"are the same\. Each needs"):
        load_settings(instance=tmp_path, **settings)


def test_an_email_that_failed_comes_last(app: Flask, box: Mailbox, address: str) -> None:
    box.add(nested_mail(address), "\\Flagged")
    box.add(make_mail(address).as_bytes())
    assert read_replies(app) == 1
    fetched = [asked.split()[2] for asked in box.asked if "FETCH" in asked]
    assert (fetched[0], fetched[-1]) == ("2", "1")


def test_an_email_that_ends_its_reader_comes_last_and_is_kept(
    app: Flask, box: Mailbox, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_arguments: object) -> None:
        raise WorkProcessStopped("the process ended")

    uid = box.add(make_mail(address).as_bytes())
    with monkeypatch.context() as fault:
        fault.setattr(inbox, "run_apart", end)
        for _ in range(2):
            assert read_replies(app) == 0
            assert box.flags == {uid: {"\\Flagged"}}
    assert read_replies(app) == 1, "it was the machine"
