"""Telling the members who want to hear at once. It can be killed anywhere and taken up again.

A batch is one transaction: rows of MailingMember, mails in the outbox, and how far we have come.
The primary key (mailing, member) keeps anybody from being told twice, whatever runs at once.
"""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from campaign.core import db, jobs
from campaign.core.sealing import WrongKey
from campaign.mail.bad_addresses import is_bad
from campaign.models.campaign import Campaign
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember
from campaign.network.mailings import is_worth_telling, update_of
from campaign.network.mails import News, mail_action, news_of
from campaign.network.wishes import matches, subject_of, wishes_of

log = structlog.get_logger()

BATCH = 100
"""Members looked at in one transaction."""


@jobs.job("network.send")
def send(mailing_id: int) -> None:
    """Tell everybody whom a mailing concerns, from where it was left."""
    while send_batch(mailing_id):
        pass


def send_batch(mailing_id: int) -> bool:
    """Tell the next members; return whether there may be more."""
    now = db.utcnow()
    with db.transaction() as session:
        # Of two workers at once, one waits and then goes on behind the other.
        mailing = session.scalar(
            select(Mailing)
            .where(Mailing.id == mailing_id, Mailing.finished_at.is_(None))
            .with_for_update(key_share=True)
        )
        if mailing is None:
            return False
        members = _next_members(session, mailing, now)
        if not members:
            mailing.finished_at = now
            return False
        _tell(session, mailing, members, now)
        mailing.last_member_id = members[-1].id
    return True


def _next_members(session: Session, mailing: Mailing, now: datetime) -> list[NetworkMember]:
    """Return the next in the order of ids; nobody where the campaign has ended meanwhile."""
    campaign = session.get_one(Campaign, mailing.campaign_id)
    if not is_worth_telling(campaign, update_of(session, mailing), now):
        return []
    statement = (
        select(NetworkMember)
        .where(
            NetworkMember.id > mailing.last_member_id,
            NetworkMember.state == MemberState.ACTIVE,
            NetworkMember.frequency == Frequency.EACH,
            ~is_bad(NetworkMember.email_hmac),
        )
        .order_by(NetworkMember.id)
        .limit(BATCH)
        .options(defer(NetworkMember.email, raiseload=True))
        # Who leaves at this moment waits, and then finds the mail in the outbox to take it back.
        .with_for_update(read=True)
    )
    return list(session.scalars(statement))


def _tell(session: Session, mailing: Mailing, members: list[NetworkMember], now: datetime) -> None:
    campaign, update = session.get_one(Campaign, mailing.campaign_id), update_of(session, mailing)
    subject, news = subject_of(campaign), dict[str, News]()
    for member in members:
        if not matches(wishes_of(member), subject) or not mark_told(session, mailing.id, member.id):
            continue
        address = address_of(session, member)
        if address is None:
            continue
        if member.locale not in news:
            news[member.locale] = news_of(campaign, update, member.locale, now)
        mail_action(session, member, address, campaign, news[member.locale])


def mark_told(session: Session, mailing_id: int, member_id: int) -> bool:
    """Note that a member is told of a mailing; False where that was done before."""
    marked = session.scalar(
        db.insert_into(session, MailingMember)
        .values(mailing_id=mailing_id, member_id=member_id)
        .on_conflict_do_nothing()
        .returning(MailingMember.member_id)
    )
    return marked is not None


def address_of(session: Session, member: NetworkMember) -> str | None:
    """Return the member's address; None where it cannot be opened: that holds up no other."""
    try:
        return session.scalar(select(NetworkMember.email).where(NetworkMember.id == member.id))
    except WrongKey:
        log.error("address cannot be opened", member=member.id)
        return None
