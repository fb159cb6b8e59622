"""Reports on mails that came back, in a Maildir folder: which address mail does not get to.

Most are delivery-status mails (RFC 3464); what others write in words flufl.bounce knows. The folder
is the mailbox of `mail_from`. A report is believed only where it quotes the Message-ID of a mail of
ours, which nobody can guess.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.isolation.run_apart import run_apart
from campaign.core.settings import current_settings
from campaign.mail import bad_addresses
from campaign.mail.bounce_reports import Report, list_reports
from campaign.mail.maildirs import empty, is_maildir
from campaign.mail.models import OutboxMail

log = structlog.get_logger()

_MOST_BYTES = 2_000_000


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
    left = empty(path, _read, kind="bounce", most_bytes=_MOST_BYTES)
    if left:
        log.warning("mails that report on no delivery were left", count=left)


def _read(raw: bytes) -> bool:
    """Take in one mail; tells whether it was a report."""
    reports = run_apart(list_reports, raw)
    if reports is None:
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
