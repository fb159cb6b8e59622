"""Telling the members who want to hear at once. It can be killed anywhere and taken up again.

A batch is one transaction: rows of MailingMember, mails in the outbox, and how far we have come.
The primary key (mailing, member) keeps anybody from being told twice, whatever runs at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from campaign.core import clock, db, jobs, logs
from campaign.core.sealing import WrongKey
from campaign.mail.bad_addresses import is_bad
from campaign.models.campaign import Campaign, Update
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember
from campaign.network import mailings, memberships
from campaign.network.mailings import is_worth_telling, update_of
from campaign.network.mails import News, mail_action, mail_digest, news_of

log = structlog.get_logger()

BATCH = 100
_DIGESTS_AT_ONCE = 50
_OVERLAP = timedelta(hours=1)
"""A mailing may be older than the moment at which others see it; nobody is told twice anyway."""
_OLDEST = timedelta(days=62)
_TOLD_AT = func.coalesce(NetworkMember.told_at, NetworkMember.confirmed_at)


@jobs.job("network.send")
def send(mailing_id: int) -> None:
    while send_batch(mailing_id):
        pass


def send_batch(mailing_id: int) -> bool:
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


def _next_members(session: Session, mailing: Mailing, now: datetime) -> Sequence[NetworkMember]:
    """Return the next in the order of ids; nobody where the campaign has ended meanwhile."""
    campaign = session.get_one(Campaign, mailing.campaign_id)
    if not is_worth_telling(campaign, update_of(session, mailing), now):
        return []
    # Who leaves at this moment waits, and then finds the mail in the outbox to take it back.
    members = _select_members(Frequency.EACH, mailing.last_member_id).limit(BATCH)
    return session.scalars(members.with_for_update(read=True)).all()


def _select_members(frequency: Frequency, last_id: int) -> Select[NetworkMember]:
    return (
        select(NetworkMember)
        .where(
            NetworkMember.id > last_id,
            NetworkMember.state == MemberState.ACTIVE,
            NetworkMember.frequency == frequency,
            ~is_bad(NetworkMember.email_hmac),
        )
        .order_by(NetworkMember.id)
        .options(defer(NetworkMember.email, raiseload=True))
    )


def _tell(
    session: Session, mailing: Mailing, members: Sequence[NetworkMember], now: datetime
) -> None:
    campaign, update = session.get_one(Campaign, mailing.campaign_id), update_of(session, mailing)
    news: dict[str, News] = {}
    for member in members:
        if not wants(member, campaign) or not db.insert_new(
            session, MailingMember, mailing_id=mailing.id, member_id=member.id
        ):
            continue
        address = address_of(session, member)
        if address is None:
            continue
        if member.locale not in news:
            news[member.locale] = news_of(campaign, update, member.locale, now)
        mail_action(session, member, address, campaign, news[member.locale])


def wants(member: NetworkMember, campaign: Campaign) -> bool:
    """Tell whether a member wants to hear of a campaign; an empty wish asks for all. Pure."""
    languages = _without_regions(member.languages)
    return (
        (not member.countries or campaign.country in member.countries)
        and (not member.themes or not set(member.themes).isdisjoint(campaign.themes))
        and (not languages or not languages.isdisjoint(_without_regions(campaign.letter_locales)))
    )


def _without_regions(locales: Sequence[str]) -> set[str]:
    """Who writes `pt` can write to an action in `pt-BR`."""
    return {code.partition("-")[0] for code in locales}


def address_of(session: Session, member: NetworkMember) -> str | None:
    """Return the member's address; None where it cannot be opened: that holds up no other."""
    try:
        return session.scalar(select(NetworkMember.email).where(NetworkMember.id == member.id))
    except WrongKey:
        log.error("address cannot be opened", member=member.id)
        return None


@jobs.job("network.sweep", every_minutes=5)
def sweep() -> None:
    now = db.utcnow()
    with db.transaction() as session:
        mailings.announce_missed(session, now=now)
        unfinished = select(Mailing.id).where(Mailing.finished_at.is_(None)).order_by(Mailing.id)
        waiting = session.scalars(unfinished).all()
    for signature_id in memberships.list_missed_signers():
        _do_anyway(memberships.join_after_confirmation, signature_id)
    for mailing_id in waiting:
        _do_anyway(send, mailing_id)


def _do_anyway(work: Callable[[int], None], subject: int) -> None:
    """Log what fails: it keeps no other from being taken up."""
    try:
        work(subject)
    except Exception as problem:
        log.error(
            "network work failed",
            work=work.__name__,
            subject=subject,
            problem=type(problem).__name__,
            place=logs.place_of(problem),
        )


@dataclass(frozen=True, slots=True)
class _CurrentMailing:
    mailing: Mailing
    campaign: Campaign
    update: Update | None


def due_before(frequency: Frequency, now: datetime) -> datetime:
    """Return the moment before which members who are due were last told. Pure."""
    return now - timedelta(days=7) if frequency is Frequency.WEEKLY else clock.months_before(now, 1)


@jobs.job("network.digest", every_minutes=60)
def send_digests() -> None:
    """Write to everybody whose week or month is over and for whom there is something new.

    Who has no news is looked at again within the hour: the next action reaches them at once.
    """
    for frequency in (Frequency.WEEKLY, Frequency.MONTHLY):
        last_id = 0
        while (next_id := _send_digest_batch(frequency, last_id)) is not None:
            last_id = next_id


def _send_digest_batch(frequency: Frequency, last_id: int) -> int | None:
    now = db.utcnow()
    with db.transaction() as session:
        mailings = _list_current(session, now)
        if not mailings:
            return None
        due = _select_members(frequency, last_id).where(due_before(frequency, now) >= _TOLD_AT)
        locked = due.limit(_DIGESTS_AT_ONCE).with_for_update(key_share=True)
        members = session.scalars(locked).all()
        for member in members:
            _send_digest(session, member, mailings, now)
        return members[-1].id if members else None


def _list_current(session: Session, now: datetime) -> list[_CurrentMailing]:
    recent = select(Mailing).where(Mailing.created_at > now - _OLDEST).order_by(Mailing.id)
    mailings = [
        _CurrentMailing(mailing, session.get_one(Campaign, mailing.campaign_id), update)
        for mailing in session.scalars(recent)
        for update in [update_of(session, mailing)]
    ]
    return [each for each in mailings if is_worth_telling(each.campaign, each.update, now)]


def _send_digest(
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
        and wants(member, current.campaign)
        and db.insert_new(
            session, MailingMember, mailing_id=current.mailing.id, member_id=member.id
        )
    ]
    if not new:
        return
    member.told_at = now
    if address := address_of(session, member):
        news = [news_of(current.campaign, current.update, member.locale, now) for current in new]
        mail_digest(session, member, address, news, member.frequency)
