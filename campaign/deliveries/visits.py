"""Finding visits and attempts, for the desk's pages."""

from collections.abc import Collection, Sequence
from datetime import time
from typing import NamedTuple

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION, is_for
from campaign.campaigns import lifecycle
from campaign.campaigns.stop_rule import is_stopped, is_stopped_sql
from campaign.core.errors import NotFound
from campaign.deliveries.attempt_order import newest_first, oldest_first
from campaign.deliveries.recording_rules import went_after_stop
from campaign.models.bundle import (
    Bundle,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
    Destination,
)
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit, Rerouting

PAGE = 100
"""Attempts on one page."""


class AttemptRow(NamedTuple):
    """An attempt with its campaign, where it was to go, and its visit."""

    attempt: DeliveryAttempt
    campaign: Campaign
    destination: Destination
    visit: GateVisit | None


def get_visit(session: Session, public_id: str) -> GateVisit:
    visit = session.scalar(
        select(GateVisit)
        .where(GateVisit.public_id == public_id)
        .options(selectinload(GateVisit.files), joinedload(GateVisit.mission))
    )
    if visit is None:
        raise NotFound("visit")
    return visit


def get_attempt(session: Session, public_id: str) -> DeliveryAttempt:
    attempt = session.scalar(select(DeliveryAttempt).where(DeliveryAttempt.public_id == public_id))
    if attempt is None:
        raise NotFound("delivery")
    return attempt


def get_visit_of(session: Session, attempt: DeliveryAttempt) -> GateVisit:
    """Return an attempt's visit. Raises NotFound where the attempt is known from elsewhere."""
    visit = session.get(GateVisit, attempt.visit_id) if attempt.visit_id else None
    if visit is None:
        raise NotFound("visit")
    return visit


def list_attempts(session: Session, *, page: int = 1) -> tuple[list[AttemptRow], int]:
    """Return a page of attempts, the newest first; and how many there are."""
    total = session.scalar(select(func.count(DeliveryAttempt.id))) or 0
    rows = session.execute(
        select(DeliveryAttempt, Campaign, GateVisit)
        .join(Campaign, Campaign.id == DeliveryAttempt.campaign_id)
        .options(*ATTEMPT_WITH_DESTINATION)
        .outerjoin(GateVisit, GateVisit.id == DeliveryAttempt.visit_id)
        .order_by(*newest_first())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    attempts = [
        AttemptRow(attempt, campaign, attempt.destination, visit)
        for attempt, campaign, visit in rows
    ]
    return attempts, total


def list_attempts_of(session: Session, bundle: Bundle) -> Sequence[DeliveryAttempt]:
    """List what was tried with a bundle, the oldest first."""
    return session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.bundle_id == bundle.id)
        .order_by(*oldest_first())
    ).all()


def list_companions(
    session: Session, bundle: Bundle, *, only_stopped: bool = False, limit: int = 8
) -> Sequence[Bundle]:
    """List bundles for the same destination that nobody has carried there yet.

    A rehearsal travels with none. With `only_stopped` those of stopped campaigns.
    """
    tried = select(DeliveryAttempt.bundle_id).where(DeliveryAttempt.bundle_id.is_not(None))
    moved = select(Rerouting.from_bundle_id)
    return session.scalars(
        select(Bundle)
        .join(Campaign, Campaign.id == Bundle.campaign_id)
        .where(
            is_for(bundle.destination),
            Bundle.id != bundle.id,
            Bundle.state == BundleState.READY,
            Bundle.id.not_in(tried),
            Bundle.id.not_in(moved),
            Campaign.status.not_in(lifecycle.HIDDEN),
            is_stopped_sql() if only_stopped else true(),
        )
        .options(contains_eager(Bundle.campaign))
        .order_by(Bundle.id.desc())
        .limit(limit)
    ).all()


def list_ticked(session: Session, bundle: Bundle, ids: Collection[int]) -> Sequence[Bundle]:
    """List those of the ticked bundles that are for the same destination, whatever became of them.

    What was written down out of reach is sent later: by then they may be on no page any more.
    """
    return session.scalars(
        select(Bundle)
        .where(Bundle.id.in_(ids), is_for(bundle.destination), Bundle.id != bundle.id)
        .options(joinedload(Bundle.campaign))
        .order_by(Bundle.id.desc())
    ).all()


def list_late(session: Session, attempts: Sequence[DeliveryAttempt]) -> set[int]:
    """Return the ids of attempts with which letters went out after their campaign was stopped."""
    maybe = [attempt for attempt in attempts if is_stopped(attempt.campaign.status)]
    times = find_times(session, maybe)
    return {attempt.id for attempt in maybe if went_after_stop(attempt, times.get(attempt.id))}


def find_times(session: Session, attempts: Sequence[DeliveryAttempt]) -> dict[int, time]:
    """Return the time of day of each attempt of which it is known, by its id."""
    if not attempts:
        return {}
    rows = session.execute(
        select(DeliveryAttempt.id, GateVisit.happened_time)
        .join(GateVisit, GateVisit.id == DeliveryAttempt.visit_id)
        .where(
            DeliveryAttempt.id.in_([attempt.id for attempt in attempts]),
            GateVisit.happened_time.is_not(None),
        )
    )
    return {attempt_id: at for attempt_id, at in rows if at is not None}


def list_late_of(session: Session, campaign: Campaign) -> list[DeliveryAttempt]:
    """List attempts by which letters of a campaign went out after its stop, newest first."""
    if not is_stopped(campaign.status):
        return []
    attempts = session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.campaign_id == campaign.id)
        .options(*ATTEMPT_WITH_DESTINATION)
        .order_by(*newest_first())
    ).all()
    late = list_late(session, attempts)
    return [attempt for attempt in attempts if attempt.id in late]


def find_attempts(session: Session, ids: Sequence[int]) -> dict[int, DeliveryAttempt]:
    """Return attempts by their id."""
    attempts = session.scalars(select(DeliveryAttempt).where(DeliveryAttempt.id.in_(ids)))
    return {attempt.id: attempt for attempt in attempts}


def is_unnamed_part(attempt: DeliveryAttempt) -> bool:
    """Whether nobody has said which letters of a part were taken."""
    return attempt.outcome is DeliveryOutcome.PART and not attempt.taken
