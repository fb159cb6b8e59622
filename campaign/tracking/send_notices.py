"""Emails with news to signers: through all signatures by id, in batches, resumed where it was.

`NoticeMail` is the guard: one row for a mailbox and a notice, put in the same transaction as the
mail. So nobody is told twice, whoever dies in between.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from flask_babel import force_locale
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from campaign.campaigns.closing_reasons import Reasons, reasons_of
from campaign.campaigns.lifecycle import takes_signatures
from campaign.campaigns.stop_rule import may_go_out
from campaign.core import db, i18n, jobs
from campaign.core.sealing import WrongKey
from campaign.core.settings import current_settings
from campaign.deliveries.letters_covered import covered_by, gone
from campaign.mail import bad_addresses
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, Update
from campaign.models.notice import Notice, NoticeKind, NoticeMail
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.public.case_page import destination_name, edition_for
from campaign.public.deadline import say_day
from campaign.public.update_pages import told_in
from campaign.signing.letter.compose import number_of
from campaign.tracking import mails
from campaign.tracking.news_subscription import unsubscribe_url

log = structlog.get_logger()

_BATCH = 100
_AFTER_A_STOP = frozenset({NoticeKind.STOP, NoticeKind.OUTCOME})
"""What is told after a stop: the stop itself, and what came of the case."""
_TRIED_FOR = timedelta(days=2)
"""How long a mailbox is tried that had all its mails of a day already."""
Send = Callable[[Session, Signature], bool]


@jobs.job("following.tell")
def tell(notice_id: int) -> None:
    """Tell one notice to all who want it, from where it is."""
    while tell_batch(notice_id):
        pass


def tell_batch(notice_id: int) -> bool:
    """Tell the next signers, in a transaction of their own; return whether there may be more."""
    with db.transaction() as session:
        notice = session.get(Notice, notice_id, with_for_update=True)
        if notice is None or notice.finished_at is not None:
            return False
        campaign = session.get_one(Campaign, notice.campaign_id)
        if not may_go_out(campaign.status) and notice.kind not in _AFTER_A_STOP:
            notice.finished_at = db.utcnow()  # a stop holds back what could ask for a letter
            return False
        if notice.next_id is not None and not _takes_letters(session, notice.next_id):
            notice.finished_at = db.utcnow()  # nobody is asked to write where nothing is taken
            return False
        batch = _next(session, notice)
        send = _sender(session, notice, campaign)
        for signature_id in batch:
            try:
                _tell_one(session, notice, signature_id, send)
            except WrongKey:
                # One that cannot be opened must hold up no other.
                log.error("signature cannot be opened", signature=signature_id)
        if batch:
            notice.last_signature_id = batch[-1]
            return True
        _end(session, notice)
        return False


def _takes_letters(session: Session, campaign_id: int) -> bool:
    campaign = session.get_one(Campaign, campaign_id)
    return takes_signatures(campaign.status, campaign.act_by, db.utcnow())


def _next(session: Session, notice: Notice, *, after: bool = True) -> Sequence[int]:
    return session.scalars(
        select(Signature.id)
        .where(Signature.id > (notice.last_signature_id if after else 0), *_wants(session, notice))
        .order_by(Signature.id)
        .limit(_BATCH)
        # Whoever is erased meanwhile waits, and then erases what was written here as well.
        .with_for_update(read=True, of=Signature)
    ).all()


def _wants(session: Session, notice: Notice) -> list[ColumnElement[bool]]:
    """Select those who asked for news, have a letter in it, and were not told yet."""
    is_told = exists().where(
        NoticeMail.notice_id == notice.id, NoticeMail.email_hmac == Signature.email_hmac
    )
    conditions = [
        Signature.campaign_id == notice.campaign_id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.consent_updates_at.is_not(None),
        ~bad_addresses.is_bad(Signature.email_hmac),
        ~is_told,
    ]
    if notice.delivery_id is not None:
        delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
        conditions.append(
            exists().where(
                Letter.signature_id == Signature.id,
                Letter.bundle_id == delivery.bundle_id,
                Letter.set_aside.is_(None),
                *_news_of(session, delivery),
            )
        )
    return conditions


def _news_of(session: Session, delivery: DeliveryAttempt) -> tuple[ColumnElement[bool], ...]:
    """Select letters that went with it, unless an earlier record says that they are gone."""
    is_gone = gone(when=DeliveryAttempt.id < delivery.id)
    return covered_by(session, delivery), ~is_gone


def _tell_one(session: Session, notice: Notice, signature_id: int, send: Send) -> None:
    """Send one email to one mailbox; one that is not taken (too many today) leaves no mark."""
    with session.begin_nested() as step:
        signature = session.get_one(Signature, signature_id)
        first = session.scalar(
            db.insert_into(session, NoticeMail)
            .values(notice_id=notice.id, email_hmac=signature.email_hmac)
            .on_conflict_do_nothing()
            .returning(NoticeMail.notice_id)
        )
        if first is None:
            return
        with force_locale(signature.locale):
            taken = send(session, signature)
        if not taken:
            step.rollback()


def _end(session: Session, notice: Notice) -> None:
    """Finish, or begin again for those whose mailbox was full today."""
    now = db.utcnow()
    notice.last_signature_id = 0
    if now - notice.created_at > _TRIED_FOR or not _next(session, notice, after=False):
        notice.finished_at = now


def _sender(session: Session, notice: Notice, campaign: Campaign) -> Send:
    """Return what mails the notice to one signature."""
    if notice.delivery_id is not None:
        delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
        where = delivery.destination
        return lambda session, signature: mails.send_letter_handed_over(
            session,
            numbers=_numbers(session, signature, delivery),
            mission=destination_name(where, signature.locale),
            day=i18n.say_date(delivery.happened_on, signature.locale),
            place=delivery.place,
            outcome=_told_outcome(delivery),
            **_common(campaign, signature),
        )
    if notice.update_id is not None:
        update = session.get_one(Update, notice.update_id)
        return lambda session, signature: mails.send_case_update(
            session,
            update_id=update.id,
            **_told(campaign, update, signature.locale),
            **_common(campaign, signature),
        )
    if notice.next_id is not None:
        later = session.get_one(Campaign, notice.next_id)
        earlier = {"reference": campaign.reference, "cards": campaign.cards}
        return lambda session, signature: mails.send_case_continued(
            session,
            earlier_id=campaign.id,
            **_further(later, signature.locale),
            **(_common(later, signature) | earlier),
        )
    reasons = reasons_of(campaign)
    return lambda session, signature: mails.send_case_stopped(
        session, **_stop(reasons, signature.locale), **_common(campaign, signature)
    )


def _stop(reasons: Reasons, locale: str) -> dict[str, str]:
    text, other = reasons.said_in(locale)
    return {"stop_kind": reasons.kind.value, "reason": text, "lang": other or locale}


def _told_outcome(delivery: DeliveryAttempt) -> str:
    """Return the outcome as the email words it: whose letter was taken in part, had it handed over.

    What was posted to an official, not to a mission, is said so: `by-post`.
    """
    if delivery.outcome is DeliveryOutcome.PART:
        return DeliveryOutcome.ACCEPTED.value
    if delivery.mission_id is None and delivery.outcome is DeliveryOutcome.POSTED:
        return "by-post"
    return delivery.outcome.value


def _numbers(session: Session, signature: Signature, delivery: DeliveryAttempt) -> list[str]:
    """Return the numbers of the mailbox's letters in the bundle: a household gets one email."""
    sequences = session.scalars(
        select(Letter.sequence)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Letter.bundle_id == delivery.bundle_id,
            Letter.set_aside.is_(None),
            *_news_of(session, delivery),
            Signature.email_hmac == signature.email_hmac,
            Signature.state == SignatureState.CONFIRMED,
        )
        .order_by(Letter.sequence)
    )
    return [number_of(sequence) for sequence in sequences if sequence]


def _told(campaign: Campaign, update: Update, locale: str) -> dict[str, str]:
    text = told_in(update, locale, campaign.default_locale)
    assert text is not None  # none is posted without words
    return {"what": update.kind.value, "title": text.title, "text": text.body, "lang": text.locale}


def _further(later: Campaign, locale: str) -> dict[str, object]:
    edition, asks = edition_for(later, locale), {"asks_cards": later.cards}
    if edition is None:
        return asks | {"title": later.person_name, "text": "", "lang": locale, "deadline": ""}
    day = say_day(later.act_by, locale, db.utcnow()) if later.act_by else ""
    return asks | {
        "title": edition.title,
        "text": edition.summary,
        "lang": edition.locale,
        "deadline": day,
    }


def _common(campaign: Campaign, signature: Signature) -> dict[str, object]:
    settings = current_settings()
    base = f"{settings.base_url.rstrip('/')}/{signature.locale}"
    return {
        "to": signature.email,
        "locale": signature.locale,
        "campaign_id": campaign.id,
        "unsubscribe": unsubscribe_url(signature),
        "person_name": campaign.person_name,
        "reference": campaign.reference,
        "cards": campaign.cards,
        "case_url": f"{base}/actions/{campaign.slug}",
        "letters_url": f"{base}/my-letters",
    }
