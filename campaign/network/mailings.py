"""Mailings: a row for each thing of which the network is told, and telling it to the members.

It can be killed anywhere and taken up again. A batch is one transaction: rows of MailingMember,
mails in the outbox, and how far we have come. The primary key (mailing, member) keeps anybody from
being told twice, whatever runs at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, defer, joinedload

from campaign.campaigns.lifecycle import is_news
from campaign.core import audit, clock, db, jobs, logs
from campaign.core.errors import Refused
from campaign.core.sealing import WrongKey
from campaign.mail.bad_addresses import is_bad
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember
from campaign.network import memberships
from campaign.network.mails import News, mail_action, mail_digest, news_of

_MADE_UP_FOR = timedelta(days=2)
"""For so long an announcement whose message was lost is made up for."""
log = structlog.get_logger()
BATCH = 100
_DIGESTS_AT_ONCE = 50
_OVERLAP = clock.MOST_AHEAD + timedelta(hours=1)
"""A mailing may be older than the moment at which others see it, and a member's day that is kept
be ahead of the moment at which they joined; nobody is told twice anyway."""
_OLDEST = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class MailingReach:
    """A mailing as the desk sees it: how many, never who."""

    mailing: Mailing
    members: int
    gone_through: int = 0
    """Of those who want each mail at once, how many were looked at while it runs."""
    total: int = 0


def is_worth_telling(campaign: Campaign, update: Update | None, now: datetime) -> bool:
    kind = None if update is None else update.kind
    return is_news(kind, campaign.status, campaign.act_by, now)


def announce(session: Session, campaign: Campaign, update: Update | None = None) -> None:
    """Tell the network of an action, or of an update of it; a second time changes nothing."""
    if not is_worth_telling(campaign, update, db.utcnow()):
        return
    update_id = update.id if update else None
    if row := db.insert_new(session, Mailing, campaign_id=campaign.id, update_id=update_id):
        jobs.enqueue(session, "network.send", row.id)


@jobs.job("network.announce")
def announce_opened(campaign_id: int) -> None:
    with db.transaction() as session:
        announce(session, session.get_one(Campaign, campaign_id))


@jobs.job("network.announce-update")
def announce_posted(update_id: int) -> None:
    """Announce an update whose author asked for it."""
    with db.transaction() as session:
        update = session.get_one(Update, update_id)
        if update.tell_network:
            announce(session, update.campaign, update)


def tell_network(session: Session, campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Tell of an action that opened before there was a network. Raises Refused."""
    if is_told(session, campaign):
        raise Refused("network-told")
    if not is_worth_telling(campaign, None, now):
        raise Refused("network-not-now")
    announce(session, campaign)
    audit.record(session, actor, "network.tell", campaign)


def is_told(session: Session, campaign: Campaign) -> bool:
    mailing = select(Mailing.id).where(
        Mailing.campaign_id == campaign.id, Mailing.update_id.is_(None)
    )
    return db.has_row(session, mailing)


def count_concerned(session: Session, campaign: Campaign) -> int:
    """Count members who want to hear of a campaign, at once or with the next email they get."""
    members = session.scalars(_select_reached())
    return sum(wants(member, campaign) for member in members.yield_per(1_000))


def list_reaches(session: Session, campaign: Campaign) -> list[MailingReach]:
    told = (
        select(MailingMember.mailing_id, func.count().label("members"))
        .group_by(MailingMember.mailing_id)
        .subquery()
    )
    rows = session.execute(
        select(Mailing, func.coalesce(told.c.members, 0))
        .outerjoin(told, told.c.mailing_id == Mailing.id)
        .where(Mailing.campaign_id == campaign.id)
        .options(joinedload(Mailing.update))
        .order_by(Mailing.id.desc())
    )
    return [
        MailingReach(mailing, members, *_progress(session, mailing))
        for mailing, members in rows.all()
    ]


def _progress(session: Session, mailing: Mailing) -> tuple[int, int]:
    """Return how many members were gone through, and how many there are; 0 once it is done."""
    if mailing.finished_at is not None:
        return 0, 0
    at_once = select(func.count(NetworkMember.id)).where(
        NetworkMember.state == MemberState.ACTIVE, NetworkMember.frequency == Frequency.EACH
    )
    gone_through = session.scalar(at_once.where(NetworkMember.id <= mailing.last_member_id)) or 0
    return gone_through, session.scalar(at_once) or 0


def is_queued(campaign: Campaign, *, now: datetime) -> bool:
    """Return whether it opened so lately that it is told of by itself, if it was not yet."""
    return campaign.opened_at is not None and campaign.opened_at > now - _MADE_UP_FOR


def count_waiting(session: Session, campaign: Campaign) -> int:
    waiting = select(func.count(OutboxMail.id)).where(
        OutboxMail.campaign_id == campaign.id,
        OutboxMail.kind == "network-action",
        OutboxMail.state.in_([MailState.WAITING, MailState.SENDING]),
    )
    return session.scalar(waiting) or 0


def announce_missed(session: Session, *, now: datetime) -> None:
    """Announce what was opened or posted lately and whose message was lost on its way."""
    since = now - _MADE_UP_FOR
    opened = select(Campaign).where(
        Campaign.status == CampaignStatus.OPEN,
        Campaign.opened_at > since,
        ~select(Mailing.id)
        .where(Mailing.campaign_id == Campaign.id, Mailing.update_id.is_(None))
        .exists(),
    )
    for campaign in session.scalars(opened):
        announce(session, campaign)
    updates = select(Update).where(
        Update.tell_network,
        Update.published_at > since,
        ~select(Mailing.id).where(Mailing.update_id == Update.id).exists(),
    )
    for update in session.scalars(updates):
        announce(session, update.campaign, update)


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
    if not is_worth_telling(mailing.campaign, mailing.update, now):
        return []
    # Who leaves at this moment waits, and then finds the mail in the outbox to take it back.
    members = _select_members(Frequency.EACH, mailing.last_member_id).limit(BATCH)
    return session.scalars(members.with_for_update(read=True)).all()


def _select_reached() -> Select[NetworkMember]:
    """Select those who are emailed: for who writes to them, and who says how many they are."""
    reached = (NetworkMember.state == MemberState.ACTIVE, ~is_bad(NetworkMember.email_hmac))
    return select(NetworkMember).where(*reached).options(defer(NetworkMember.email, raiseload=True))


def _select_members(frequency: Frequency, last_id: int) -> Select[NetworkMember]:
    members = _select_reached().where(
        NetworkMember.id > last_id, NetworkMember.frequency == frequency
    )
    return members.order_by(NetworkMember.id)


def _tell(
    session: Session, mailing: Mailing, members: Sequence[NetworkMember], now: datetime
) -> None:
    campaign, update = mailing.campaign, mailing.update
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
        announce_missed(session, now=now)
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
        recent = select(Mailing).where(Mailing.created_at > now - _OLDEST).order_by(Mailing.id)
        mailings = [
            mailing
            for mailing in session.scalars(recent)
            if is_worth_telling(mailing.campaign, mailing.update, now)
        ]
        if not mailings:
            return None
        due = _select_members(frequency, last_id).where(_is_due(due_before(frequency, now)))
        locked = due.limit(_DIGESTS_AT_ONCE).with_for_update(key_share=True)
        members = session.scalars(locked).all()
        for member in members:
            _send_digest(session, member, mailings, now)
        return members[-1].id if members else None


def _is_due(before: datetime) -> ColumnElement[bool]:
    """Whether they were last told before, or never and may have joined then: their day is kept."""
    joined = NetworkMember.confirmed_at <= before + clock.MOST_AHEAD
    return func.coalesce(NetworkMember.told_at <= before, joined)


def _send_digest(
    session: Session, member: NetworkMember, mailings: list[Mailing], now: datetime
) -> None:
    since = member.told_at or member.confirmed_at
    assert since is not None  # it was just compared
    told_before = set(
        session.scalars(
            select(MailingMember.mailing_id).where(
                MailingMember.member_id == member.id,
                MailingMember.mailing_id.in_([mailing.id for mailing in mailings]),
            )
        )
    )
    new = [
        mailing
        for mailing in mailings
        if mailing.created_at > since - _OVERLAP
        and mailing.id not in told_before
        and wants(member, mailing.campaign)
        and db.insert_new(session, MailingMember, mailing_id=mailing.id, member_id=member.id)
    ]
    if not new:
        return
    member.told_at = now
    if address := address_of(session, member):
        news = [news_of(mailing.campaign, mailing.update, member.locale, now) for mailing in new]
        mail_digest(session, member, address, news, member.frequency)
