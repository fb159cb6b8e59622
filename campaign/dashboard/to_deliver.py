"""What there is to do today for those who print and carry. Only reads."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from campaign.bundles.changes import prints
from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION
from campaign.bundles.nouns import noun_of, noun_of_campaign
from campaign.campaigns.stop_rule import gives_letters_sql, is_stopped_sql
from campaign.core import clock, i18n
from campaign.dashboard.today import LATELY, Item, Todo, held, refused, todo, waiting
from campaign.deliveries.recording_rules import GONE_OUT, SENT
from campaign.deliveries.remaining_letters import count_paper
from campaign.deliveries.stopped_bundles import is_held_back, is_unsettled
from campaign.deliveries.visits import list_late
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import Rerouting
from campaign.models.export import DataExport, ExportState
from campaign.models.reply import Reply
from campaign.models.staff import Role, StaffUser, sees

_ANSWERS_WITHIN = timedelta(days=30)
"""So long after a delivery one is asked whether an answer came back with it."""
_TAKEN = (DeliveryOutcome.ACCEPTED, DeliveryOutcome.PART)
_FLAGGED_FOR = timedelta(days=14)
"""How long a delivery after a stop stands on Today; on the campaign it stays."""


def carriers_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """What waits for who screens, prints and carries; what waits for nobody is left out."""
    mine = sees(by, Campaign.id)
    found = [
        held(session, mine),
        waiting(session, mine),
        refused(session, mine, i18n.latest_day(now)),
    ]
    return [
        *stop_todos(session, by=by, now=now),
        *(one for one in found if one.total),
        *deliveries_todos(session, by=by, now=now),
    ]


def stop_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """What a stop asks of who carries, and of who answers for the campaign: before all else."""
    mine = sees(by, Campaign.id)
    found = []
    if by.role is not Role.ORGANIZER:
        found.append(_held_back(session, mine))
    if by.role is not Role.STAFF:
        found.append(_after_stop(session, mine, now))
    return [one for one in found if one.total]


def deliveries_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """Of these, what has to do with carrying alone."""
    mine, today = sees(by, Campaign.id), i18n.latest_day(now)
    found = [
        _parts(session, mine),
        _exports(session, mine, by, now),
        *_printed(session, mine),
        _untold(session, mine, today),
        _answers(session, mine, today),
    ]
    return [one for one in found if one.total]


def _held_back(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Printed bundles of stopped campaigns, of whose paper nobody has said what became of it."""
    rows = session.execute(
        select(Campaign, Bundle)
        .join(Bundle, Bundle.campaign_id == Campaign.id)
        .where(mine, is_unsettled(), is_held_back())
        .order_by(Campaign.stopped_at.desc(), Bundle.id)
    ).all()
    return todo(
        "held-back", [_item(one, bundle, count_paper(session, bundle)) for one, bundle in rows]
    )


def _item(campaign: Campaign, bundle: Bundle, letters: int) -> Item:
    """A bundle, with its letters or cards; of signed sheets alone, with the people on them."""
    number = letters if bundle.letter_count else bundle.frozen.get("on_paper", 0)
    return Item(campaign, number, None, bundle.public_id, noun_of(bundle))


def _after_stop(session: Session, mine: ColumnElement[bool], now: datetime) -> Todo:
    """Deliveries, recorded lately, with which letters went out after a stop."""
    attempts = session.scalars(
        select(DeliveryAttempt)
        .join(Campaign, Campaign.id == DeliveryAttempt.campaign_id)
        .where(mine, is_stopped_sql(), DeliveryAttempt.created_at > now - _FLAGGED_FOR)
        .options(*ATTEMPT_WITH_DESTINATION, contains_eager(DeliveryAttempt.campaign))
        .order_by(DeliveryAttempt.id.desc())
    ).all()
    late = list_late(session, attempts)
    flagged = [one for one in attempts if one.id in late]
    items = [
        Item(
            one.campaign,
            one.messages,
            one.happened_on,
            noun=noun_of(one.bundle) if one.bundle else noun_of_campaign(one.campaign),
        )
        for one in flagged
    ]
    return todo("after-stop", items)


def _parts(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Bundles of which a part was taken, and nobody has said yet which letters."""
    rows = session.execute(
        select(Campaign, Bundle, DeliveryAttempt.messages)
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .join(Bundle, Bundle.id == DeliveryAttempt.bundle_id)
        .where(mine, DeliveryAttempt.outcome == DeliveryOutcome.PART, ~DeliveryAttempt.taken.any())
        .order_by(DeliveryAttempt.happened_on, DeliveryAttempt.id)
    )
    return todo("name-part", [_item(*row) for row in rows])


def _exports(session: Session, mine: ColumnElement[bool], by: StaffUser, now: datetime) -> Todo:
    """Exports that wait for a second person, who is not the one who asked."""
    rows = session.execute(
        select(Campaign, DataExport.requested_at, DataExport.public_id)
        .join(DataExport, DataExport.campaign_id == Campaign.id)
        .where(
            mine,
            DataExport.state == ExportState.ASKED,
            DataExport.expires_at > now,
            DataExport.requested_by_id != by.id,
        )
        .order_by(DataExport.id)
    )
    items = [
        Item(one, day=clock.day_of(asked, one.timezone), public_id=key) for one, asked, key in rows
    ]
    return todo("export", items)


def _printed(session: Session, mine: ColumnElement[bool]) -> list[Todo]:
    """Bundles that lie here printed, with nothing written down of their way: by hand, by post."""
    tried = exists().where(DeliveryAttempt.bundle_id == Bundle.id)
    moved = exists().where(Rerouting.from_bundle_id == Bundle.id)
    letters = func.coalesce(prints.letters_of_print(), Bundle.letter_count)
    rows = session.execute(
        select(Campaign, Bundle, letters)
        .join(Bundle, Bundle.campaign_id == Campaign.id)
        .where(mine, gives_letters_sql(), Bundle.state == BundleState.READY, ~tried, ~moved)
        .order_by(Bundle.ready_at, Bundle.id)
    ).all()
    ways: dict[bool, list[Item]] = {False: [], True: []}
    for one, bundle, printed in rows:
        ways[bundle.mission_id is None].append(_item(one, bundle, printed))
    return [todo("to-carry", ways[False]), todo("to-post", ways[True])]


def _untold(session: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Deliveries of the last weeks of which the case's page says nothing."""
    rows = session.execute(
        select(Campaign, DeliveryAttempt.happened_on, DeliveryAttempt.public_id)
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .where(
            mine,
            gives_letters_sql(),
            DeliveryAttempt.outcome.in_(GONE_OUT),
            DeliveryAttempt.update_id.is_(None),
            DeliveryAttempt.visit_id.is_not(None),
            ~_posted_since(),
            DeliveryAttempt.happened_on > today - LATELY,
        )
        .order_by(DeliveryAttempt.happened_on.desc(), DeliveryAttempt.id.desc())
    )
    return todo("tell-delivery", [Item(one, day=day, public_id=key) for one, day, key in rows])


def _posted_since() -> ColumnElement[bool]:
    """Whether more of the bundle was posted later, or a post tells of some: one line is enough."""
    other = aliased(DeliveryAttempt)
    return and_(
        DeliveryAttempt.outcome.in_(SENT),
        exists().where(
            other.bundle_id == DeliveryAttempt.bundle_id,
            other.outcome.in_(SENT),
            or_(other.id > DeliveryAttempt.id, other.update_id.is_not(None)),
        ),
    )


def _answers(session: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Campaigns that were handed over lately, and to which no reply since then is logged."""
    answered = exists().where(
        Reply.campaign_id == Campaign.id, Reply.received_on >= DeliveryAttempt.happened_on
    )
    rows = session.execute(
        select(Campaign, func.max(DeliveryAttempt.happened_on).label("day"))
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .where(
            mine,
            DeliveryAttempt.outcome.in_(_TAKEN),
            DeliveryAttempt.bundle_id.is_not(None),
            DeliveryAttempt.happened_on > today - _ANSWERS_WITHIN,
            ~answered,
        )
        .group_by(Campaign.id)
        .order_by(func.max(DeliveryAttempt.happened_on).desc())
    )
    return todo("answer", [Item(campaign, day=day) for campaign, day in rows])
