"""Letters that wait for their confirmation: one reminder, and the end of waiting."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.address_and_salutation import goes_by_post
from campaign.campaigns.lifecycle import takes_confirmations
from campaign.core import db, jobs
from campaign.core.sealing import log_wrong_key
from campaign.core.settings import current_settings
from campaign.core.text.email_addresses import spelling
from campaign.mail import bad_addresses
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import LinkEnd, Signature, SignatureState, SpentLink
from campaign.signing import signatures_per_mailbox, signed_links
from campaign.signing.mails import (
    RemindLetter,
    case_facts,
    last_day_to_confirm,
    letter_url,
    mail_name,
)

_BATCH = 200
_STILL_TIME = timedelta(hours=1)  # What must be left of a link's time for a reminder to be of use
_REMEMBERED = timedelta(days=180)  # How long a spent link says what became of its letter


@jobs.job("signing.remind", every_minutes=15)
def remind() -> None:
    last = 0
    while True:
        with db.reading() as session:
            due = session.scalars(
                select(Signature.id)
                .where(Signature.id > last, *_due_conditions(session, db.utcnow()))
                .order_by(Signature.id)
                .limit(_BATCH)
            ).all()
        for signature_id in due:
            with (
                log_wrong_key("signature cannot be opened", signature=signature_id),
                db.transaction() as session,
            ):
                remind_one(session, signature_id, db.utcnow())
        if len(due) < _BATCH:
            return
        last = due[-1]


def _due_conditions(session: Session, now: datetime) -> tuple[ColumnElement[bool], ...]:
    since = now - timedelta(days=current_settings().confirm_days)
    rows = session.execute(
        select(Campaign.id, Campaign.status, Campaign.act_by, Campaign.closed_at).where(
            or_(
                Campaign.status == CampaignStatus.OPEN,
                and_(Campaign.status == CampaignStatus.CLOSED, Campaign.closed_at > since),
            )
        )
    )
    return (
        Signature.state == SignatureState.PENDING,
        Signature.reminded_at.is_(None),
        Signature.signed_at <= now - timedelta(hours=current_settings().remind_hours),
        Signature.token_expires_at > now + _STILL_TIME,
        Signature.campaign_id.in_(
            [ident for ident, status, day, ended in rows if takes_confirmations(status, day, ended)]
        ),
        ~bad_addresses.is_bad(Signature.email_hmac),
    )


def remind_one(session: Session, signature_id: int, now: datetime) -> bool:
    """Mail a fresh link in the place of the first; return whether this call did.

    The first link is stored nowhere, so a reminder needs a new one. Both the mark and the new
    link are set in one conditional UPDATE: whoever confirms, signs again or reminds meanwhile is
    either before it or after it. A mail that is not taken leaves the old link good. Nobody is
    reminded of a letter that cannot be confirmed, since two others of the mailbox have confirmed.
    """
    token = signed_links.new_token()
    with session.begin_nested() as step:
        link = {"reminded_at": now, "token_digest": signed_links.digest_of(token)}
        due = _due_conditions(session, now)
        if not db.update_row(session, Signature, signature_id, *due, **link):
            return False
        signature = session.get_one(Signature, signature_id, populate_existing=True)
        is_full = signatures_per_mailbox.is_full(session, signature)
        if is_full or not _send_reminder(session, signature, token, now):
            step.rollback()
            return False
    return True


def _send_reminder(session: Session, signature: Signature, token: str, now: datetime) -> bool:
    assert signature.token_expires_at is not None
    mail = RemindLetter(
        writer=mail_name(signature.given_name),
        link=letter_url(signature.locale, token),
        **case_facts(signature.campaign, signature.locale),
        by_post=goes_by_post(signature.campaign),
        news=signature.consent_updates_at is not None,
        network=signature.consent_network_at is not None,
        confirm_by=last_day_to_confirm(
            signature.token_expires_at, now=now, locale=signature.locale
        ),
    )
    return mail.send(
        session, to=signature.email, locale=signature.locale, campaign_id=signature.campaign_id
    )


@jobs.job("signing.expire", every_minutes=60)
def expire() -> None:
    while _expire_batch(db.utcnow()) == _BATCH:
        pass
    with db.transaction() as session:
        session.execute(delete(SpentLink).where(SpentLink.ended_at < db.utcnow() - _REMEMBERED))


def _expire_batch(now: datetime) -> int:
    with db.transaction() as session:
        lapsed = session.execute(
            delete(Signature)
            .where(
                Signature.id.in_(
                    select(Signature.id)
                    .where(*_lapsed_conditions(now))
                    .order_by(Signature.id)
                    .limit(_BATCH)
                ),
                *_lapsed_conditions(now),
            )
            .returning(Signature.token_digest, Signature.campaign_id)
            .execution_options(synchronize_session=False)
        ).all()
        spend_links(session, lapsed, LinkEnd.EXPIRED, now)
    return len(lapsed)


def _lapsed_conditions(now: datetime) -> tuple[ColumnElement[bool], ...]:
    waited = now - timedelta(days=current_settings().confirm_days)
    no_link = and_(Signature.token_expires_at.is_(None), Signature.signed_at <= waited)
    over = or_(Signature.token_expires_at <= now, no_link)
    # One that was found false goes at the same time as it would otherwise: its writer is told
    # nothing, and nobody's data stays for longer.
    waits = or_(
        Signature.state == SignatureState.PENDING,
        and_(
            Signature.state == SignatureState.INVALID,
            Signature.state_before == SignatureState.PENDING,
        ),
    )
    return (Signature.state.in_((SignatureState.PENDING, SignatureState.INVALID)), waits, over)


def list_waiting_beside(session: Session, signature: Signature) -> list[Signature]:
    return _waiting_of(signature, signatures_per_mailbox.list_seats(session, signature))


def delete_waiting_beside(session: Session, signature: Signature, now: datetime) -> None:
    """Delete what waits in its mailbox for the case. One confirmed meanwhile stays."""
    rows = signatures_per_mailbox.lock_seats(session, signature.campaign_id, signature.email_hmac)
    gone = _waiting_of(signature, rows)
    links = [(row.token_digest, row.campaign_id) for row in gone]
    db.delete_rows(session, Signature, Signature.id.in_([row.id for row in gone]))
    spend_links(session, links, LinkEnd.ERASED, now)


def _waiting_of(signature: Signature, rows: Sequence[Signature]) -> list[Signature]:
    # Another spelling may be the mailbox of somebody else: its own mail opens what waits there.
    own = spelling(signature.email)
    return [
        row
        for row in rows
        if row.shown_state is SignatureState.PENDING and spelling(row.email) == own
    ]


def spend_links(
    session: Session, gone: Iterable[tuple[bytes | None, int]], end: LinkEnd, now: datetime
) -> None:
    """Remember what became of the letters of these links (token digest, campaign)."""
    rows = [
        {"token_digest": digest, "campaign_id": campaign_id, "end": end, "ended_at": now}
        for digest, campaign_id in gone
        if digest is not None
    ]
    if rows:
        # One that was signed again in the same tab had the same link, and may go a second time.
        digests = [row["token_digest"] for row in rows]
        session.execute(delete(SpentLink).where(SpentLink.token_digest.in_(digests)))
        session.execute(insert(SpentLink), rows)
