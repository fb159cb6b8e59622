"""Weekly and monthly mails: all that was new since the last one, in one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from campaign.core import db, jobs
from campaign.mail.bad_addresses import is_bad
from campaign.models.campaign import Campaign, Update
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember
from campaign.network.mailings import is_worth_telling, update_of
from campaign.network.mails import mail_digest, news_of
from campaign.network.send_mailings import address_of, mark_told
from campaign.network.wishes import due_before, matches, subject_of, wishes_of

_BATCH = 50
_OVERLAP = timedelta(hours=1)
"""A mailing may be older than the moment at which others see it; nobody is told twice anyway."""
_OLDEST = timedelta(days=62)
_TOLD_AT = func.coalesce(NetworkMember.told_at, NetworkMember.confirmed_at)


@dataclass(frozen=True, slots=True)
class _CurrentMailing:
    """A mailing that is still news, with what it is about."""

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
        while (next_id := _send_batch(frequency, last_id)) is not None:
            last_id = next_id


def _send_batch(frequency: Frequency, last_id: int) -> int | None:
    """Write to the next members; return the last one's id, None where none was left."""
    now = db.utcnow()
    with db.transaction() as session:
        mailings = _list_current(session, now)
        members = _list_due(session, frequency, last_id, now) if mailings else []
        for member in members:
            _send(session, member, mailings, now)
        return members[-1].id if members else None


def _list_current(session: Session, now: datetime) -> list[_CurrentMailing]:
    """List mailings of the last two months that are still news."""
    recent = select(Mailing).where(Mailing.created_at > now - _OLDEST).order_by(Mailing.id)
    mailings = [
        _CurrentMailing(mailing, session.get_one(Campaign, mailing.campaign_id), update)
        for mailing in session.scalars(recent)
        for update in [update_of(session, mailing)]
    ]
    return [each for each in mailings if is_worth_telling(each.campaign, each.update, now)]


def _list_due(
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


def _send(
    session: Session, member: NetworkMember, mailings: list[_CurrentMailing], now: datetime
) -> None:
    since = member.told_at or member.confirmed_at
    assert since is not None  # it was just compared
    told_before = set(
        session.scalars(
            select(MailingMember.mailing_id).where(
                MailingMember.member_id == member.id,
                MailingMember.mailing_id.in_([current.mailing.id for current in mailings]),
            )
        )
    )
    new = [
        current
        for current in mailings
        if current.mailing.created_at > since - _OVERLAP
        and current.mailing.id not in told_before
        and matches(wishes_of(member), subject_of(current.campaign))
        and mark_told(session, current.mailing.id, member.id)
    ]
    if not new:
        return
    member.told_at = now
    if address := address_of(session, member):
        news = [news_of(current.campaign, current.update, member.locale, now) for current in new]
        mail_digest(session, member, address, news, member.frequency)
