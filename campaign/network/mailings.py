"""Mailings: a row for each thing of which the network is told, and what became of it.

Who is told of what, and when. Pure.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.lifecycle import is_news
from campaign.core import audit, db, jobs
from campaign.core.errors import Refused
from campaign.mail.models import MailState, OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.network import Frequency, Mailing, MailingMember, MemberState, NetworkMember

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a member wants to hear of; an empty list asks for all."""

    countries: Sequence[str] = ()
    themes: Sequence[str] = ()
    languages: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a mailing is about, as far as wishes go by it."""

    country: str
    themes: Sequence[str]
    languages: Sequence[str]
    """Those in which letters can be written."""


def matches(wishes: Wishes, subject: Subject) -> bool:
    """Whether somebody with these wishes wants to hear of it."""
    return (
        (not wishes.countries or subject.country in wishes.countries)
        and _share(wishes.themes, subject.themes)
        and _share(_spoken(wishes.languages), _spoken(subject.languages))
    )


def due_before(frequency: Frequency, now: datetime) -> datetime:
    """Members of that frequency who were last told before this moment are due for a mail."""
    if frequency is Frequency.EACH:
        return now
    if frequency is Frequency.WEEKLY:
        return now - _WEEK
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    last = calendar.monthrange(year, month)[1]
    return now.replace(year=year, month=month, day=min(now.day, last))


def _share(wanted: Sequence[str], given: Sequence[str]) -> bool:
    return not wanted or not set(wanted).isdisjoint(given)


def _spoken(locales: Sequence[str]) -> list[str]:
    """Languages without their regions: who writes `pt` can write to an action in `pt-BR`."""
    return [code.partition("-")[0] for code in locales]


_FOUND_AGAIN = timedelta(days=2)
"""For so long an announcement whose message was lost is made up for."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A mailing as the desk sees it: how many, never who."""

    update: Update | None
    started_at: datetime
    finished_at: datetime | None
    members: int
    gone_through: int = 0
    """Of those who want each mail at once, how many were looked at while it runs."""
    total: int = 0


def announce(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Tell the network of a new action; a second time changes nothing."""
    if is_news(None, campaign.status, campaign.act_by, now):
        _make(session, campaign.id, None)


def announce_update(session: Session, posted: Update, *, now: datetime) -> None:
    """Tell the network of an update whose author asked for it; a second time changes nothing."""
    campaign = posted.campaign
    if posted.tell_network and is_news(posted.kind, campaign.status, campaign.act_by, now):
        _make(session, campaign.id, posted.id)


def tell_network(session: Session, campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Tell the network by hand of an action that opened before there was one.

    Raises Refused (`network-told`, `network-not-now`).
    """
    if is_told(session, campaign):
        raise Refused("network-told")
    if not is_news(None, campaign.status, campaign.act_by, now):
        raise Refused("network-not-now")
    announce(session, campaign, now=now)
    audit.record(session, actor=actor, action="network.tell", subject=f"campaign:{campaign.id}")


def is_told(session: Session, campaign: Campaign) -> bool:
    """Whether there is a mailing of the action itself."""
    made = select(Mailing.id).where(Mailing.campaign_id == campaign.id, Mailing.update_id.is_(None))
    return session.scalar(made) is not None


def subject_of(campaign: Campaign) -> Subject:
    """What members' wishes go by."""
    return Subject(campaign.country, campaign.themes, campaign.letter_locales)


def update_of(session: Session, mailing: Mailing) -> Update | None:
    """The update that a mailing tells of; none where it tells of a new action."""
    return None if mailing.update_id is None else session.get_one(Update, mailing.update_id)


def reaches(session: Session, campaign: Campaign) -> list[Reach]:
    """The campaign's mailings, the newest first, with how many members each has reached."""
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
        Reach(
            posted, mailing.created_at, mailing.finished_at, members, *_progress(session, mailing)
        )
        for mailing, posted, members in rows.all()
    ]


def _progress(session: Session, mailing: Mailing) -> tuple[int, int]:
    """How many members were gone through, and how many there are; nothing once it is done."""
    if mailing.finished_at is not None:
        return 0, 0
    at_once = select(func.count(NetworkMember.id)).where(
        NetworkMember.state == MemberState.ACTIVE, NetworkMember.frequency == Frequency.EACH
    )
    done = session.scalar(at_once.where(NetworkMember.id <= mailing.last_member_id)) or 0
    return done, session.scalar(at_once) or 0


def is_queued(campaign: Campaign, *, now: datetime) -> bool:
    """Whether it opened so lately that it is told of by itself, if it was not yet."""
    return campaign.opened_at is not None and campaign.opened_at > now - _FOUND_AGAIN


def count_waiting(session: Session, campaign: Campaign) -> int:
    """Mails of the campaign to members that lie in the outbox."""
    waiting = select(func.count(OutboxMail.id)).where(
        OutboxMail.campaign_id == campaign.id,
        OutboxMail.kind == "network-action",
        OutboxMail.state.in_([MailState.WAITING, MailState.SENDING]),
    )
    return session.scalar(waiting) or 0


def announce_missed(session: Session, *, now: datetime) -> None:
    """Announce what was opened or posted lately and whose message was lost on its way."""
    since = now - _FOUND_AGAIN
    opened = select(Campaign).where(
        Campaign.status == CampaignStatus.OPEN,
        Campaign.opened_at > since,
        ~select(Mailing.id)
        .where(Mailing.campaign_id == Campaign.id, Mailing.update_id.is_(None))
        .exists(),
    )
    for campaign in session.scalars(opened):
        announce(session, campaign, now=now)
    posted = select(Update).where(
        Update.tell_network,
        Update.published_at > since,
        ~select(Mailing.id).where(Mailing.update_id == Update.id).exists(),
    )
    for update in session.scalars(posted):
        announce_update(session, update, now=now)


def unfinished(session: Session) -> list[int]:
    """Mailings that have not reached everybody yet, the oldest first."""
    waiting = select(Mailing.id).where(Mailing.finished_at.is_(None)).order_by(Mailing.id)
    return list(session.scalars(waiting))


def _make(session: Session, campaign_id: int, update_id: int | None) -> None:
    made = session.scalar(
        db.insert_into(session, Mailing)
        .values(campaign_id=campaign_id, update_id=update_id)
        .on_conflict_do_nothing()
        .returning(Mailing.id)
    )
    if made is not None:
        jobs.enqueue(session, "network.send", made)
