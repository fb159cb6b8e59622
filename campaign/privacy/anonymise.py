"""Erasing who wrote, of many signatures at once, so that they go on counting.

State, days, languages, country, region and source stay, as the figures need them, and a printed
letter's number. All that tells of a person is emptied as when they have it erased themselves.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import LargeBinary, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy import type_coerce as coerce
from sqlalchemy.orm import Session, aliased

from campaign.core import db
from campaign.core.db.personal_columns import empty_values, no_fingerprint
from campaign.core.sealing import LONGEST_EMPTY
from campaign.mail.messages import BadAddress
from campaign.models.network import NetworkMember
from campaign.models.notice import Notice, NoticeMail
from campaign.models.paper_signature import PaperRow
from campaign.models.screening import Hold
from campaign.models.signature import OWN, REWRITTEN, Letter, Signature, SignatureState, WordsPrint

_ROWS = db.table_of(Signature)
_REPLACE = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("which"))
    .values(email_hmac=bindparam("address"), person_hmac=bindparam("person"))
)
_OPEN = (SignatureState.PENDING, SignatureState.HELD)
"""States in which a signature waits for somebody: nobody will come any more."""
_COUNTED = (SignatureState.CONFIRMED, SignatureState.INVALID)
"""States of which letters are counted, or will be if an invalidation is undone."""


def anonymise_signatures(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Empty these signatures; by its fingerprint a mailbox is still known to have signed."""
    kind_of_words = case(
        (Signature.full_text.is_not(None), REWRITTEN),
        (func.length(coerce(Signature.own_words, LargeBinary)) > LONGEST_EMPTY, OWN),
        else_="",
    )
    values = {"forgotten_at": now, "forgotten_words": kind_of_words}
    values |= empty_values(Signature, counted=False)
    these = Signature.id.in_(ids)
    # Of those that were emptied before, when it was and what they were is known already.
    db.update_rows(session, Signature, these, Signature.forgotten_at.is_(None), **values)
    for model in (WordsPrint, Hold):
        session.execute(delete(model).where(model.signature_id.in_(ids)))
    not_empty = or_(Letter.set_aside_detail.is_not(None), Letter.salt.is_not(None))
    values = empty_values(Letter, counted=False)
    db.update_rows(session, Letter, Letter.signature_id.in_(ids), not_empty, **values)
    for column in (PaperRow.twin_id, PaperRow.signature_id):
        db.update_rows(session, PaperRow, column.in_(ids), details=None, email_hmac=None)


def unlink_signatures(
    session: Session, campaign_id: int, ids: Sequence[int], now: datetime
) -> None:
    """Erase the fingerprints too, and letters that count nowhere: the campaign is over."""
    these = Signature.id.in_(ids)
    addresses = set(session.scalars(select(Signature.email_hmac).where(these)))
    replace_fingerprints(session, ids)
    db.update_rows(session, Signature, these, unlinked_at=now)
    erased = {"state": SignatureState.ERASED}
    db.update_rows(session, Signature, these, Signature.state.in_(_OPEN), **erased)
    uncounted = select(Signature.id).where(these, Signature.state.not_in(_COUNTED))
    db.delete_rows(session, Letter, Letter.signature_id.in_(uncounted), Letter.bundle_id.is_(None))
    notices = select(Notice.id).where(Notice.campaign_id == campaign_id)
    db.delete_rows(
        session, NoticeMail, NoticeMail.notice_id.in_(notices), NoticeMail.email_hmac.in_(addresses)
    )
    unknown = [
        ~exists().where(holder.email_hmac == BadAddress.email_hmac)
        for holder in (aliased(Signature), NetworkMember)
    ]
    db.delete_rows(session, BadAddress, BadAddress.email_hmac.in_(addresses), *unknown)


def replace_fingerprints(session: Session, ids: Sequence[int]) -> None:
    rows = [
        {"which": signature_id, "address": no_fingerprint(), "person": no_fingerprint()}
        for signature_id in ids
    ]
    if rows:
        session.connection().execute(_REPLACE, rows)
