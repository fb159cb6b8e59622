"""Mails that come back mark their address, and nothing else does."""

import mailbox
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import jobs
from campaign.core.settings import Settings
from campaign.mail import mailboxes
from campaign.mail.bounce_reports import list_reports
from campaign.mail.messages import BadAddress, OutboxMail, address_fingerprint
from campaign.mail.transports import status_of
from campaign.tracking.mails import NoLetters

TO = "planted-name@example.org"


def report(message_id: str = "", recipient: str = TO, **fields: str) -> str:
    """A delivery-status mail as servers write it."""
    facts = {"Action": "failed", "Status": "5.1.1", "Final-Recipient": f"rfc822; {recipient}"}
    block = "\n".join(f"{name}: {value}" for name, value in (facts | fields).items())
    quoted = f"Message-ID: <{message_id}@example.org>\n" if message_id else ""
    return (
        "From: MAILER-DAEMON@mx.example.org\nTo: letters@example.org\nSubject: Undelivered\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n'
        "--x\nContent-Type: text/plain\n\nI am sorry.\n\n"
        "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"{block}\n\n"
        f"--x\nContent-Type: text/rfc822-headers\n\n{quoted}Subject: Your letter\n\n--x--\n"
    )


@pytest.fixture
def app(app: Flask, tmp_path: Path) -> Flask:
    """An application that reads bounces."""
    folder = tmp_path / "bounces"
    mailbox.Maildir(str(folder), create=True)
    settings: Settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"bounce_maildir": str(folder)})
    return app


@pytest.fixture
def folder(tmp_path: Path, app: Flask) -> mailbox.Maildir:
    """The mailbox to which mails come back."""
    return mailbox.Maildir(str(tmp_path / "bounces"), create=False)


@pytest.fixture
def ours(app: Flask, session: Session) -> str:
    """Id of a mail that went out."""
    NoLetters(home_url="http://x.example/").send(session, to=TO, locale="en")
    session.commit()
    jobs.run_now("mail.sweep")
    return str(session.scalars(select(OutboxMail.public_id)).one())


def marked(session: Session) -> dict[bytes, str]:
    session.rollback()
    return {
        bytes(address.email_hmac): address.status for address in session.scalars(select(BadAddress))
    }


def test_of_a_report_on_very_many_recipients_few_are_looked_up() -> None:
    """SQLite has one writer: a stranger's email kept everybody from signing for seconds."""
    many = "Action: failed\nStatus: 5.1.1\n\n" * 1000
    reports = list_reports(report("x", Action=f"failed\n\n{many}Action: failed").encode())
    assert reports is not None
    assert 0 < len(reports) <= 50


def test_a_report_on_a_mail_of_ours_marks_its_address_and_is_removed(
    session: Session, folder: mailbox.Maildir, ours: str
) -> None:
    folder.add(report(ours, "forwarded@elsewhere.example"))
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert marked(session) == {address_fingerprint(TO): "5.1.1"}
    assert folder.keys() == []


def test_a_report_that_quotes_no_mail_of_ours_marks_nobody(
    session: Session, folder: mailbox.Maildir, ours: str
) -> None:
    folder.add(report())
    folder.add(report("forged-forged-forged-1"))
    folder.add(report("nul\0" * 8))
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert marked(session) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"Status": "4.2.2"},
        {"Action": "delayed", "Status": "4.4.1"},
        {"Action": "delivered"},
        {"Status": "5.7.1"},
        {"Status": "5.3.4"},
        {"Status": ""},
        {"Status": "5"},
    ],
)
def test_what_passes_or_is_our_own_fault_marks_nobody(
    session: Session, folder: mailbox.Maildir, ours: str, fields: dict[str, str]
) -> None:
    folder.add(report(ours, **fields))
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert marked(session) == {}


def test_what_is_no_report_is_left_and_named_without_a_person(
    session: Session, folder: mailbox.Maildir, ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = report(ours)
    for raw in (
        b"",
        b"\xff\xfe\0",
        b"From: planted-name@example.org\n\nI am away.",
        whole.replace("message/delivery-status", "text/plain").encode(),
        whole.partition("--x")[0].encode(),
        b'Content-Type: multipart/report; boundary="x"\n\n--x\n\n\xff\xff: planted-name\n\n--x--',
    ):
        folder.add(raw)
    folder.add(report(ours))
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert set(marked(session)) == {address_fingerprint(TO)}
    assert len(folder) >= 5
    out, err = capsys.readouterr()
    assert "planted-name" not in out + err


QMAIL = """From: MAILER-DAEMON@mx.example.net
To: letters@example.org
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<planted-name@example.org>:
%(answer)s

--- Below this line is a copy of the message.

Return-Path: <letters@example.org>
Message-ID: <%(id)s@example.org>
Subject: Your letter
"""
EXIM = """From: Mail Delivery System <Mailer-Daemon@mx.example.net>
To: letters@example.org
Auto-Submitted: auto-replied
X-Failed-Recipients: planted-name@example.org
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  planted-name@example.org
    SMTP error from remote mail server after RCPT TO:<planted-name@example.org>:
    %(answer)s

------ This is a copy of the message, including all the headers. ------

Message-ID: <%(id)s@example.org>
Subject: Your letter
"""
YAHOO = """From: MAILER-DAEMON@yahoo.com
To: letters@example.org
Subject: Failure Notice

Message from yahoo.com.
Unable to deliver message to the following address(es).

<planted-name@example.org>:
%(answer)s

--- Original message follows.

Return-Path: <letters@example.org>
Message-ID: <%(id)s@example.org>
Subject: Your letter
"""


@pytest.mark.parametrize("shape", [QMAIL, EXIM, YAHOO], ids=["qmail", "exim", "yahoo"])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist.", "5.1.1"),
        ("550 No such user here", "5.0.0"),
        ("Sorry, no mailbox here by that name.", "5.0.0"),
        ("550 5.7.1 [192.0.2.5] Our system thinks that this is spam.", None),
        ("554 Message refused", None),
        ("452 4.2.2 The mailbox is full", None),
    ],
)
def test_what_servers_write_in_words_is_understood(
    session: Session,
    folder: mailbox.Maildir,
    ours: str,
    shape: str,
    answer: str,
    status: str | None,
) -> None:
    folder.add(shape % {"id": ours, "answer": answer})
    folder.add(shape % {"id": "forged-forged-forged-1", "answer": answer})
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert marked(session) == ({address_fingerprint(TO): status} if status else {})


def test_what_quotes_a_mail_of_ours_and_is_no_report_is_left(
    session: Session, folder: mailbox.Maildir, ours: str
) -> None:
    """A person who answers, a note of absence, and what breaks the reader of words."""
    quoted = f"> Message-ID: <{ours}@example.org>\n"
    for raw in (
        f"From: {TO}\nSubject: Re: Your letter\n\nThank you.\n{quoted}",
        f"From: {TO}\nAuto-Submitted: auto-replied\nSubject: Away\n\nI am away.\n{quoted}",
        f"X-Failed-Recipients: \0\nContent-Type: multipart/mixed\n\n\0{'<' * 9000}\n",
        QMAIL.partition("---")[0],
    ):
        folder.add(raw)
    session.rollback()
    jobs.run_now("mail.read-bounces")
    assert marked(session) == {}
    assert len(folder) == 4


def test_the_status_is_that_of_the_answer_or_says_no_more_than_it_said() -> None:
    assert status_of(550, b"5.1.1 <ana@example.org>: unknown") == "5.1.1"
    assert status_of(550, b"No such user") == "5.0.0"
    assert status_of(452, b"4.2.2 full") == ""
    assert [bounce.status for bounce in list_reports(report(Status="5.1.10 (x)").encode())] == [
        "5.1.10"
    ]


def test_sending_to_a_folder_that_is_none_is_logged_and_goes_on(
    session: Session, tmp_path: Path, ours: str
) -> None:
    (tmp_path / "bounces" / "new").rmdir()
    jobs.run_now("mail.read-bounces")
    assert marked(session) == {}


def test_what_is_not_for_us_is_read_once(folder: mailbox.Maildir, ours: str) -> None:
    """Anybody can send thousands, and each takes its time."""
    folder.add(b"From: a@example.org\n\nBuy this.")
    jobs.run_now("mail.read-bounces")
    [left] = folder.keys()
    assert folder.get_message(left).get_subdir() == "cur"
    assert folder.get_message(left).get_flags() == "", "who opens the inbox finds it unread"


@pytest.mark.both_engines
def test_a_run_ends_long_before_the_next_and_that_goes_on(
    session: Session, folder: mailbox.Maildir, ours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add(b"From: a@example.org\n\nBuy this.")
    folder.add(report(ours))
    session.rollback()
    with monkeypatch.context() as limits:
        limits.setattr(mailboxes, "_SECONDS", -1)
        jobs.run_now("mail.read-bounces")
    assert marked(session) == {}
    assert {folder.get_message(key).get_subdir() for key in folder.keys()} == {"new"}  # noqa: SIM118
    jobs.run_now("mail.read-bounces")
    assert set(marked(session)) == {address_fingerprint(TO)}
