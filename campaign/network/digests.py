"""Weekly and monthly mails: all that was new since the last one, in one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from campaign.campaigns.lifecycle import is_news
from campaign.core import db, jobs
from campaign.mail.bad_addresses import is_bad
from campaign.models.campaign import Campaign, Update
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember
from campaign.network.mailings import due_before, matches, subject_of, update_of
from campaign.network.mails import mail_digest, news_of
from campaign.network.send_mailings import address_of, mark_told, wishes_of

_BATCH = 50
_OVERLAP = timedelta(hours=1)
"""A mailing may be older than the moment at which others see it; nobody is told twice anyway."""
_OLDEST = timedelta(days=62)
_TOLD_AT = func.coalesce(NetworkMember.told_at, NetworkMember.confirmed_at)


@dataclass(frozen=True, slots=True)
class _Told:
    """A mailing, with what it is about."""

    mailing: Mailing
    campaign: Campaign
    update: Update | None


@jobs.job("network.digest", every_minutes=60)
def send_digests() -> None:
    """Write to everybody whose week or month is over and for whom there is something new.

    Who has no news is looked at again within the hour: the next action reaches them at once.
    """
    for frequency in (Frequency.WEEKLY, Frequency.MONTHLY):
        last_id = 0
        while (reached := _send_batch(frequency, last_id)) is not None:
            last_id = reached


def _send_batch(frequency: Frequency, last_id: int) -> int | None:
    """Write to the next members; gives the last one's id, None where none was left."""
    now = db.utcnow()
    with db.transaction() as session:
        current = _current(session, now)
        members = _due(session, frequency, last_id, now) if current else []
        for member in members:
            _send(session, member, current, now)
        return members[-1].id if members else None


def _current(session: Session, now: datetime) -> list[_Told]:
    """Mailings of the last two months that are still news."""
    found = []
    recent = select(Mailing).where(Mailing.created_at > now - _OLDEST).order_by(Mailing.id)
    for mailing in session.scalars(recent):
        campaign, posted = (
            session.get_one(Campaign, mailing.campaign_id),
            update_of(session, mailing),
        )
        if is_news(posted.kind if posted else None, campaign.status, campaign.act_by, now):
            found.append(_Told(mailing, campaign, posted))
    return found


def _due(
    session: Session, frequency: Frequency, last_id: int, now: datetime
) -> list[NetworkMember]:
    statement = (
        select(NetworkMember)
        .where(
            NetworkMember.id > last_id,
            NetworkMember.state == MemberState.ACTIVE,
            NetworkMember.frequency == frequency,
            due_before(frequency, now) >= _TOLD_AT,
            ~is_bad(NetworkMember.email_hmac),
        )
        .order_by(NetworkMember.id)
        .limit(_BATCH)
        .options(defer(NetworkMember.email, raiseload=True))
        .with_for_update(key_share=True)
    )
    return list(session.scalars(statement))


def _send(session: Session, member: NetworkMember, current: list[_Told], now: datetime) -> None:
    since = member.told_at or member.confirmed_at
    assert since is not None  # it was just compared
    known = set(
        session.scalars(
            select(MailingMember.mailing_id).where(
                MailingMember.member_id == member.id,
                MailingMember.mailing_id.in_([one.mailing.id for one in current]),
            )
        )
    )
    wanted = [
        one
        for one in current
        if one.mailing.created_at > since - _OVERLAP
        and one.mailing.id not in known
        and matches(wishes_of(member), subject_of(one.campaign))
    ]
    told = [one for one in wanted if mark_told(session, one.mailing.id, member.id)]
    if not told:
        return
    member.told_at = now
    if address := address_of(session, member):
        items = [news_of(one.campaign, one.update, member.locale, now) for one in told]
        mail_digest(session, member, address, items, member.frequency)
