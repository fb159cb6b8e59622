"""Reports on mails that came back, in a Maildir folder: which address mail does not get to.

Most are delivery-status mails (RFC 3464); what others write in words flufl.bounce knows. The folder
is the mailbox of `mail_from`. A report is believed only where it quotes the Message-ID of a mail of
ours, which nobody can guess.
"""

import email
import email.policy
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message, MIMEPart

import structlog
from flufl.bounce import scan_message
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.settings import current_settings
from campaign.mail import bad_addresses
from campaign.mail.maildirs import empty, is_maildir
from campaign.mail.models import OutboxMail

log = structlog.get_logger()

logging.getLogger("flufl.bounce").disabled = True  # it may quote a mail

_MOST_BYTES = 2_000_000
_MOST_IN_WORDS = 60_000
"""Bytes of a mail that is read line by line; our own is quoted well before."""
_QUOTED = re.compile(rb"(?im)^[> \t]*Message-ID:\s*<([\w-]{22})@")
_STATUS = re.compile(rb"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_NOT_OF_THE_ADDRESS = re.compile(rb"\b(?:4\d\d|55[24])[ -]")
"""Answers without such a status: try later, full, or refused for what the mail is."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery-status mail says of one recipient."""

    message_id: str
    """The part before the `@` of the Message-ID that it quotes; may be empty."""
    status: str


class NoReport(Exception):
    """The mail is none that reports on a delivery."""


@jobs.job("mail.read-bounces", every_minutes=10)
def read_bounces() -> None:
    """Mark addresses by the reports that have come, and remove these. Other mails stay."""
    settings = current_settings()
    if not settings.bounce_maildir:
        return
    path = settings.folder / settings.bounce_maildir
    if not is_maildir(path):
        log.error("bounces cannot be read: bounce_maildir is no Maildir folder")
        return
    left = empty(path, _read, most_bytes=_MOST_BYTES)
    if left:
        log.warning("mails that report on no delivery were left", count=left)


def _read(raw: bytes) -> bool:
    """Take in one mail; tells whether it was a report."""
    try:
        reports = list(reports_in(raw))
    except NoReport:
        return False
    with db.transaction() as session:
        for report in reports:
            take_in(session, report)
    return True


def take_in(session: Session, report: Report) -> bool:
    """Mark the address of which a report says that mail does not get there, if it is believed.

    Only one that quotes the id of our mail is: anybody can send a report that names an address.
    """
    fingerprint = session.scalar(
        select(OutboxMail.recipient_hmac).where(OutboxMail.public_id == report.message_id)
    )
    return fingerprint is not None and bad_addresses.mark(session, fingerprint, report.status)


def reports_in(raw: bytes) -> Iterator[Report]:
    """Give what a mail reports, recipient by recipient; only failures. Raises NoReport."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    if mail.get_content_type() != "multipart/report":
        yield _report_in_words(raw[:_MOST_IN_WORDS])
        return
    parts = list(mail.iter_parts())
    status = next(
        (part for part in parts if part.get_content_type() == "message/delivery-status"), None
    )
    if status is None or not isinstance(status.get_payload(), list):
        raise NoReport
    message_id = next(filter(None, map(_quoted_id, parts)), "")
    for block in status.get_payload():
        assert isinstance(block, Message)
        if str(block.get("Action", "")).strip().casefold() != "failed":
            continue
        status_code = str(block.get("Status", "")).split()[:1]
        yield Report(message_id, "".join(status_code))


def _report_in_words(raw: bytes) -> Report:
    """Read what a server wrote for people, of the one mail that it quotes. Raises NoReport."""
    quoted = _QUOTED.search(raw)
    try:
        failed = quoted and scan_message(email.message_from_bytes(raw))
    except Exception as problem:
        raise NoReport from problem
    if not quoted or not failed:
        raise NoReport
    words = raw[: quoted.start()]
    if status := _STATUS.search(words):
        return Report(quoted[1].decode(), status[0].decode())
    return Report(quoted[1].decode(), "" if _NOT_OF_THE_ADDRESS.search(words) else "5.0.0")


def _quoted_id(part: MIMEPart) -> str:
    """Find the Message-ID in the part of a report that gives our mail back, whole or its head."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        value = inner.get("Message-ID") if isinstance(inner, Message) else None
    elif kind == "text/rfc822-headers":
        head = part.get_payload(decode=True)
        value = email.message_from_bytes(head)["Message-ID"] if isinstance(head, bytes) else None
    else:
        return ""
    return str(value or "").strip().strip("<>").partition("@")[0][:22]
