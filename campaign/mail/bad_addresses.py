"""Addresses to which mail does not get: marked by what servers answer, cleared by a confirmation.

A bad address gets no reminders and no news. What somebody asks for (a link, a confirmation) still
goes there: the mailbox may have been mended. Reports on mails that came back lie in the mailbox of
`mail_from`; one is believed only where it quotes the Message-ID of a mail of ours, which nobody can
guess.
"""

import re

import structlog
from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import db, jobs
from campaign.core.isolation.run_apart import run_apart
from campaign.core.settings import current_settings
from campaign.mail.bounce_reports import list_reports
from campaign.mail.mailboxes import empty_mailboxes
from campaign.mail.messages import BadAddress, OutboxMail, address_fingerprint

_STATUS = re.compile(r"5\.(\d{1,3})\.\d{1,3}")
_ABOUT_THE_ADDRESS = {"0", "1", "2", "4"}
"""Subjects of RFC 3463: undefined, address, mailbox, routing. The others (the server, the protocol,
the content, policy) are about the mail or its sender: another mail may get through."""
log = structlog.get_logger()
_MOST_BYTES = 2_000_000


def is_about_address(status: str) -> bool:
    """Whether a status code says, for good, that mail does not get to that address."""
    match = _STATUS.fullmatch(status)
    return match is not None and match.group(1) in _ABOUT_THE_ADDRESS


def mark(session: Session, fingerprint: bytes, status: str) -> None:
    """Mark the address of that fingerprint, if the status is about it."""
    if not is_about_address(status):
        return
    now = db.utcnow()
    session.execute(
        db.insert_into(session, BadAddress)
        .values(email_hmac=fingerprint, status=status, marked_at=now)
        .on_conflict_do_update(
            index_elements=[BadAddress.email_hmac], set_={"status": status, "marked_at": now}
        )
    )


def mark_recipient(session: Session, mail: ColumnElement[bool], status: str) -> None:
    fingerprint = session.scalar(select(OutboxMail.recipient_hmac).where(mail))
    if fingerprint is not None:
        mark(session, fingerprint, status)


def mark_reported(session: Session, address: str, status: str) -> None:
    """Mark an address that the provider reports, if we wrote to it: others may use its account."""
    fingerprint = address_fingerprint(address)
    ours = select(OutboxMail.id).where(OutboxMail.recipient_hmac == fingerprint)
    if db.has_row(session, ours):
        mark(session, fingerprint, status)


def clear(session: Session, fingerprint: bytes) -> None:
    """Unmark an address: somebody pressed the button that a mail to it led to."""
    session.execute(delete(BadAddress).where(BadAddress.email_hmac == fingerprint))


def is_bad(fingerprint: InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    return exists().where(BadAddress.email_hmac == fingerprint)


@jobs.job("mail.read-bounces", every_minutes=10)
def read_bounces() -> None:
    settings = current_settings()
    empty_mailboxes(
        _read,
        kind="bounce",
        most_bytes=_MOST_BYTES,
        maildir=settings.bounce_maildir,
        imap=settings.imap_mailboxes["bounce_imap"],
    )


def _read(raw: bytes) -> bool:
    reports = run_apart(list_reports, raw)
    if reports is None:
        return False
    with db.transaction() as session:
        for report in reports:
            # Only by the id of our mail that it quotes: anybody can name an address.
            mark_recipient(session, OutboxMail.public_id == report.message_id, report.status)
    return True
