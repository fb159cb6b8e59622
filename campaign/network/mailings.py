"""Mailings: a row for each thing of which the network is told, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.lifecycle import is_news
from campaign.core import audit, db, jobs
from campaign.core.errors import Refused
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember

_MADE_UP_FOR = timedelta(days=2)
"""For so long an announcement whose message was lost is made up for."""


@dataclass(frozen=True, slots=True)
class MailingReach:
    """A mailing as the desk sees it: how many, never who."""

    update: Update | None
    started_at: datetime
    finished_at: datetime | None
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
    return session.scalar(mailing) is not None


def update_of(session: Session, mailing: Mailing) -> Update | None:
    """Return the update that a mailing tells of; None where it tells of a new action."""
    return None if mailing.update_id is None else session.get_one(Update, mailing.update_id)


def list_reaches(session: Session, campaign: Campaign) -> list[MailingReach]:
    told = (
        select(MailingMember.mailing_id, func.count().label("members"))
        .group_by(MailingMember.mailing_id)
        .subquery()
    )
    rows = session.execute(
        select(Mailing, Update, func.coalesce(told.c.members, 0))
        .outerjoin(Update, Update.id == Mailing.update_id)
        .outerjoin(told, told.c.mailing_id == Mailing.id)
        .where(Mailing.campaign_id == campaign.id)
        .order_by(Mailing.id.desc())
    )
    return [
        MailingReach(
            update, mailing.created_at, mailing.finished_at, members, *_progress(session, mailing)
        )
        for mailing, update, members in rows.all()
    ]


def _progress(session: Session, mailing: Mailing) -> tuple[int, int]:
    """Return how many members were gone through, and how many there are; 0 once it is done."""
    if mailing.finished_at is not None:
        return 0, 0
    at_once = select(func.count(NetworkMember.id)).where(
        NetworkMember.state == MemberState.ACTIVE, NetworkMember.frequency == Frequency.EACH
    )
    done = session.scalar(at_once.where(NetworkMember.id <= mailing.last_member_id)) or 0
    return done, session.scalar(at_once) or 0


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
