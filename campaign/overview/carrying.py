"""What there is to do today for those who print and carry. Only reads."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from campaign import i18n
from campaign.accounts.models import StaffUser
from campaign.accounts.sight import sees
from campaign.bundles import prints
from campaign.bundles.models import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.campaigns import lifecycle
from campaign.campaigns.models import Campaign, CampaignStatus
from campaign.deliveries.models import Rerouting
from campaign.overview.today import LATELY, Item, Todo, held, refused, todo, waiting
from campaign.replies.models import Reply

_ANSWERS_WITHIN = timedelta(days=30)
"""So long after a delivery one is asked whether an answer came back with it."""
_TAKEN = (DeliveryOutcome.ACCEPTED, DeliveryOutcome.PART)


def carriers_todos(unit: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """What waits for who screens, prints and carries; what waits for nobody is left out."""
    mine = sees(by, Campaign.id)
    found = [held(unit, mine), waiting(unit, mine), refused(unit, mine, i18n.latest_day(now))]
    return [*(one for one in found if one.total), *deliveries_todos(unit, by=by, now=now)]


def deliveries_todos(unit: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """Of these, what has to do with carrying alone."""
    mine, today = sees(by, Campaign.id), i18n.latest_day(now)
    found = [*_printed(unit, mine), _untold(unit, mine, today), _answers(unit, mine, today)]
    return [one for one in found if one.total]


def _printed(unit: Session, mine: ColumnElement[bool]) -> list[Todo]:
    """Bundles that lie here printed, with nothing written down of their way: by hand, by post."""
    tried = exists().where(DeliveryAttempt.bundle_id == Bundle.id)
    moved = exists().where(Rerouting.from_bundle_id == Bundle.id)
    letters = func.coalesce(prints.letters_of_print(), Bundle.letter_count)
    rows = unit.execute(
        select(Campaign, letters, Bundle.public_id, Bundle.mission_id)
        .join(Bundle, Bundle.campaign_id == Campaign.id)
        .where(
            mine,
            Campaign.status.not_in({*lifecycle.HIDDEN, CampaignStatus.STOPPED}),
            Bundle.state == BundleState.READY,
            ~tried,
            ~moved,
        )
        .order_by(Bundle.ready_at, Bundle.id)
    ).all()
    ways: dict[bool, list[Item]] = {False: [], True: []}
    for one, printed, key, mission_id in rows:
        ways[mission_id is None].append(Item(one, printed, None, key))
    return [todo("to-carry", ways[False]), todo("to-post", ways[True])]


def _untold(unit: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Deliveries of the last weeks of which the case's page says nothing."""
    rows = unit.execute(
        select(Campaign, DeliveryAttempt.happened_on, DeliveryAttempt.public_id)
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .where(
            mine,
            Campaign.status.in_([CampaignStatus.OPEN, CampaignStatus.CLOSED]),
            DeliveryAttempt.outcome.in_(_TAKEN),
            DeliveryAttempt.update_id.is_(None),
            DeliveryAttempt.visit_id.is_not(None),
            DeliveryAttempt.happened_on > today - LATELY,
        )
        .order_by(DeliveryAttempt.happened_on.desc(), DeliveryAttempt.id.desc())
    )
    return todo("tell-delivery", [Item(one, day=day, public_id=key) for one, day, key in rows])


def _answers(unit: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Campaigns that were handed over lately, and to which no reply since then is logged."""
    answered = exists().where(
        Reply.campaign_id == Campaign.id, Reply.received_on >= DeliveryAttempt.happened_on
    )
    rows = unit.execute(
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
