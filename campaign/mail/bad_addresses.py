"""Addresses to which mail does not get: marked by what servers answer, cleared by a confirmation.

A bad address gets no reminders and no news. What somebody asks for (a link, a confirmation) still
goes there: the mailbox may have been mended.
"""

import re

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import db
from campaign.mail.models import BadAddress, OutboxMail

_STATUS = re.compile(r"5\.(\d{1,3})\.\d{1,3}")
_ABOUT_THE_ADDRESS = {"0", "1", "2", "4"}
"""Subjects of RFC 3463: undefined, address, mailbox, routing. The others (the server, the protocol,
the content, policy) are about the mail or its sender: another mail may get through."""


def is_about_address(status: str) -> bool:
    """Whether a status code says, for good, that mail does not get to that address."""
    match = _STATUS.fullmatch(status)
    return match is not None and match.group(1) in _ABOUT_THE_ADDRESS


def mark(session: Session, fingerprint: bytes, status: str) -> bool:
    """Mark the address of that fingerprint, if the status is about it; tells whether it is."""
    if not is_about_address(status):
        return False
    now = db.utcnow()
    session.execute(
        db.insert_into(session, BadAddress)
        .values(email_hmac=fingerprint, status=status, marked_at=now)
        .on_conflict_do_update(
            index_elements=[BadAddress.email_hmac], set_={"status": status, "marked_at": now}
        )
    )
    return True


def mark_recipient(session: Session, mail_id: int, status: str) -> bool:
    """Mark the address to which that mail of the outbox went."""
    fingerprint = session.scalar(select(OutboxMail.recipient_hmac).where(OutboxMail.id == mail_id))
    return fingerprint is not None and mark(session, fingerprint, status)


def clear(session: Session, fingerprint: bytes) -> None:
    """Unmark an address: somebody pressed the button that a mail to it led to."""
    session.execute(delete(BadAddress).where(BadAddress.email_hmac == fingerprint))


def is_bad(fingerprint: InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    """Whether a row's address is marked, for a query."""
    return exists().where(BadAddress.email_hmac == fingerprint)
