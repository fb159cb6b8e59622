"""Noting whom an email about a delivery did not name, though it went to their mailbox."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import counted_publicly
from campaign.deliveries.deleted_news import describe_news
from campaign.models.bundle import DeliveryAttempt
from campaign.models.notice import Notice, NoticeMail
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.tracking.letter_news import news_of, sheet_news_of
from campaign.tracking.misled_readers import was_numbered
from campaign.tracking.still_here import find_still_here
from campaign.tracking.unnamed import note_unnamed


def note_who_was_not_named(session: Session, notice: Notice, told: Sequence[int]) -> None:
    """Note it of the mailboxes of those signatures that were just told.

    Only of letters that the email might be taken to have named: of those in a bundle, or on sheets.
    """
    if notice.delivery_id is not None:
        delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
        news, sheets = news_of(session, delivery), sheet_news_of(session, delivery)
        letters, withdrawn = news.is_told(), news.is_told_to_withdrawn()
        signers = sheets.is_told()
        numbers = describe_news(session, delivery).get("numbers", "")
        may_be_named = was_numbered(delivery.bundle_id or 0, numbers)
    elif here := find_still_here(session, notice):
        letters = withdrawn = may_be_named = here.letters
        signers = here.sheets
    else:
        return
    emailed = select(NoticeMail.email_hmac).where(
        NoticeMail.notice_id == notice.id,
        NoticeMail.email_hmac.in_(select(Signature.email_hmac).where(Signature.id.in_(told))),
    )
    of_mailbox = (Signature.campaign_id == notice.campaign_id, Signature.email_hmac.in_(emailed))
    wants = and_(Signature.consent_updates_at.is_not(None), counted_publicly())
    withdrew = Signature.state == SignatureState.WITHDRAWN
    of_letters = select(Letter.id).join(Letter.signature).where(*of_mailbox, may_be_named)
    of_sheets = select(Signature.id).where(*of_mailbox, Signature.origin != Origin.ONLINE)
    named = or_(and_(wants, letters), and_(withdrew, withdrawn))
    note_unnamed(
        session,
        notice,
        {*session.scalars(of_letters)} - {*session.scalars(of_letters.where(named))},
        {*session.scalars(of_sheets)} - {*session.scalars(of_sheets.where(wants, signers))},
    )
