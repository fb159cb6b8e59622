"""The suppression list: addresses to which no email of ours ever goes, kept as fingerprints alone.

The sender asks it before each email (`mail.sender`), the network before it takes anybody in. It
says nothing to who asks a public form.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import clock, db
from campaign.mail.messages import SuppressedAddress


def is_suppressed(session: Session, fingerprint: bytes) -> bool:
    query = select(SuppressedAddress.email_hmac)
    return db.has_row(session, query.where(SuppressedAddress.email_hmac == fingerprint))


def is_suppressed_sql(fingerprint: InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    return exists().where(SuppressedAddress.email_hmac == fingerprint)


def suppress(session: Session, fingerprints: Sequence[bytes]) -> None:
    today = clock.cut_to_day(db.utcnow(), "UTC")
    rows = [{"email_hmac": fingerprint, "added_at": today} for fingerprint in fingerprints]
    if rows:
        session.execute(db.insert_into(session, SuppressedAddress).on_conflict_do_nothing(), rows)


def release(session: Session, fingerprint: bytes) -> bool:
    """Take an address off the list; tells whether it was on it."""
    mine = SuppressedAddress.email_hmac == fingerprint
    return db.delete_rows(session, SuppressedAddress, mine) > 0


def count_suppressed(session: Session) -> int:
    return db.count_rows(session, select(SuppressedAddress.email_hmac))
