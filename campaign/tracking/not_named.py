"""Noting whom an email about a delivery did not name, though it went to their mailbox."""

from collections.abc import Collection, Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import counted_publicly
from campaign.deliveries.deleted_news import describe_news
from campaign.models.bundle import DeliveryAttempt
from campaign.models.delivery import LetterMove
from campaign.models.notice import Notice, NoticeMail
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.tracking.letter_news import news_of, sheet_news_of
from campaign.tracking.misled_readers import was_numbered
from campaign.tracking.still_here import find_still_here
from campaign.tracking.unnamed import note_unnamed


def note_who_was_not_named(session: Session, notice: Notice, told: Sequence[int]) -> None:
    """Note it of the mailboxes of those signatures that were just told."""
    if notice.delivery_id is not None:
        delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
        news, sheets = news_of(session, delivery), sheet_news_of(session, delivery)
        letters, withdrawn, signers = news.is_told(), news.is_told_to_withdrawn(), sheets.is_told()
        moved = select(LetterMove.letter_id).where(LetterMove.bundle_id == delivery.bundle_id)
        may_be_named = or_(Letter.bundle_id == delivery.bundle_id, Letter.id.in_(moved))
    elif here := find_still_here(session, notice):
        delivery = None
        letters = withdrawn = may_be_named = here.letters
        signers = here.sheets
    else:
        return
    of_told = select(Signature.email_hmac).where(Signature.id.in_(told))
    emailed = select(NoticeMail.email_hmac).where(
        NoticeMail.notice_id == notice.id, NoticeMail.email_hmac.in_(of_told)
    )
    sharing = (Signature.campaign_id == notice.campaign_id, Signature.email_hmac.in_(emailed))
    wants = and_(Signature.consent_updates_at.is_not(None), counted_publicly())
    withdrew = Signature.state == SignatureState.WITHDRAWN
    of_letters = select(Letter.id).join(Letter.signature).where(*sharing, may_be_named)
    of_sheets = select(Signature.id).where(*sharing, Signature.origin != Origin.ONLINE)
    named = or_(and_(wants, letters), and_(withdrew, withdrawn))
    not_named = {*session.scalars(of_letters)} - {*session.scalars(of_letters.where(named))}
    if delivery is not None and not_named:
        not_named = _list_numbered(session, delivery, not_named)
    note_unnamed(
        session,
        notice,
        not_named,
        {*session.scalars(of_sheets)} - {*session.scalars(of_sheets.where(wants, signers))},
    )


def _list_numbered(session: Session, delivery: DeliveryAttempt, ids: Collection[int]) -> set[int]:
    """List those of the letters whose numbers lie among those that its emails name."""
    numbers = describe_news(session, delivery).get("numbers", "")
    is_numbered = was_numbered(delivery.bundle_id or 0, numbers)
    return {*session.scalars(select(Letter.id).where(Letter.id.in_(ids), is_numbered))}
