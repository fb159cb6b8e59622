"""News that is due to signers: found in what was recorded, told by a job, once to a mailbox.

Services below only say by a job's name that there is something to tell. Should that message be
lost, `following.find-news` finds the same within minutes: the database is the ledger.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped_sql
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, Update, UpdateKind
from campaign.models.notice import Notice, NoticeKind

_LATELY = timedelta(days=2)
"""How far back a lost message is looked for; what is older is no news."""
_TOLD = {UpdateKind.REPLY: NoticeKind.REPLY, UpdateKind.OUTCOME: NoticeKind.OUTCOME}
"""Posts that are told in any case; of others, those whose author asked for it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that signers of a campaign are told."""

    campaign_id: int
    kind: NoticeKind
    delivery_id: int | None = None
    update_id: int | None = None
    next_id: int | None = None
    """The campaign that continues it."""


@jobs.job("following.delivery-recorded")
def delivery_recorded(delivery_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_deliveries(session, DeliveryAttempt.id == delivery_id))


@jobs.job("following.update-posted")
def update_posted(update_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_updates(session, Update.id == update_id))


@jobs.job("following.campaign-stopped")
def campaign_stopped(campaign_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_stops(session, Campaign.id == campaign_id))


@jobs.job("following.continued")
def continued(next_id: int) -> None:
    """Tell of a campaign that continues another one, and was opened."""
    with db.transaction() as session:
        _store_notices(session, _find_continuations(session, Campaign.id == next_id))


@jobs.job("following.find-news", every_minutes=5)
def find_news() -> None:
    """Find what nobody was told yet, and go on with what is not finished."""
    since = db.utcnow() - _LATELY
    with db.transaction() as session:
        events = [
            *_find_deliveries(session, DeliveryAttempt.created_at > since),
            *_find_updates(session, Update.published_at > since),
            *_find_stops(session, Campaign.id.in_(_stopped_since(session, since))),
            *_find_continuations(session, Campaign.opened_at > since),
        ]
        _store_notices(session, events)
        notice_ids = session.scalars(
            select(Notice.id).where(Notice.finished_at.is_(None)).order_by(Notice.id)
        ).all()
        for notice_id in notice_ids:
            jobs.enqueue(session, "following.tell", notice_id)


def tell_nobody(session: Session, campaign_id: int, kind: NoticeKind, update_id: int) -> None:
    """Note that a post needs no mail: its signers were told before it was taken back."""
    now = db.utcnow()
    session.add(
        Notice(
            campaign_id=campaign_id, kind=kind, update_id=update_id, created_at=now, finished_at=now
        )
    )
    session.flush()


def _store_notices(session: Session, events: list[Event]) -> None:
    """Store a notice for each, and enqueue the job that tells it; of two at once, one does."""
    for event in events:
        notice_id = session.scalar(
            db.insert_into(session, Notice)
            .values(
                **asdict(event),
                public_id=db.new_public_id(),
                last_signature_id=0,
                created_at=db.utcnow(),
            )
            .on_conflict_do_nothing()
            .returning(Notice.id)
        )
        if notice_id is not None:
            jobs.enqueue(session, "following.tell", notice_id)


def _find_deliveries(session: Session, *conditions: ColumnElement[bool]) -> list[Event]:
    """Find deliveries of our bundles that got rid of letters; a refusal is no news.

    Of a part, once somebody has said which letters were taken.
    """
    rows = session.execute(
        select(DeliveryAttempt.campaign_id, DeliveryAttempt.id).where(
            DeliveryAttempt.bundle_id.is_not(None),
            DeliveryAttempt.outcome.in_(GONE_OUT),
            or_(DeliveryAttempt.outcome != DeliveryOutcome.PART, DeliveryAttempt.taken.any()),
            ~exists().where(Notice.delivery_id == DeliveryAttempt.id),
            *conditions,
        )
    )
    return [
        Event(campaign, NoticeKind.HANDED_OVER, delivery_id=delivery_id)
        for campaign, delivery_id in rows
    ]


def _find_updates(session: Session, *conditions: ColumnElement[bool]) -> list[Event]:
    rows = session.execute(
        select(Update.campaign_id, Update.kind, Update.id).where(
            or_(Update.kind.in_(_TOLD), Update.tell_signers),
            ~exists().where(Notice.update_id == Update.id),
            *conditions,
        )
    )
    return [
        Event(campaign, _TOLD.get(kind, NoticeKind.NEWS), update_id=update_id)
        for campaign, kind, update_id in rows
    ]


def _find_stops(session: Session, *conditions: ColumnElement[bool]) -> list[Event]:
    is_told = exists().where(Notice.campaign_id == Campaign.id, Notice.kind == NoticeKind.STOP)
    rows = session.scalars(select(Campaign.id).where(is_stopped_sql(), ~is_told, *conditions))
    return [Event(campaign_id, NoticeKind.STOP) for campaign_id in rows]


def _find_continuations(session: Session, *conditions: ColumnElement[bool]) -> list[Event]:
    """Find open campaigns that continue one whose signers were not told of it."""
    rows = session.execute(
        select(Campaign.follows_id, Campaign.id).where(
            Campaign.status == CampaignStatus.OPEN,
            Campaign.follows_id.is_not(None),
            ~exists().where(Notice.next_id == Campaign.id),
            *conditions,
        )
    )
    return [
        Event(earlier, NoticeKind.CONTINUED, next_id=next_id)
        for earlier, next_id in rows
        if earlier is not None
    ]


def _stopped_since(session: Session, since: datetime) -> list[int]:
    """Return campaigns that somebody stopped since then, as the audit has it."""
    subjects = session.scalars(
        select(AuditEntry.subject).where(
            AuditEntry.action == "campaign.stopped", AuditEntry.at > since
        )
    )
    return [int(subject.partition(":")[2]) for subject in subjects]
