"""What lists say of bundles that are printed: how they fared at the gate, or what holds them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped
from campaign.deliveries.attempt_order import oldest_first
from campaign.deliveries.recording_rules import SENT
from campaign.deliveries.stopped_bundles import is_held_back
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt
from campaign.models.delivery import Envelope, EnvelopeRun, HeldBundle, Rerouting


@dataclass(frozen=True, slots=True)
class BundleOutcome:
    """How a bundle fared: an outcome's slug, `rerouted`, `held-back`, `destroyed` or `kept`."""

    slug: str
    posted: int = 0
    """Of its envelopes, where not all went yet."""
    envelopes: int = 0


def find_outcomes(session: Session, bundles: Iterable[Bundle]) -> dict[int, BundleOutcome]:
    """Return how each of these bundles fared, by its id; those that nobody carried are left out."""
    rows = [
        bundle
        for bundle in bundles
        if bundle.state is BundleState.READY or bundle.ready_at is not None
    ]
    rows = [row for row in rows if row.state is not BundleState.CANCELLED]
    ids = [row.id for row in rows]
    ends = {key: BundleOutcome(slug) for key, slug in _find_newest_outcomes(session, ids).items()}
    for key, posted, total in _count_posted(session, ids):
        if 0 < posted < total and key in ends and ends[key].slug in SENT:
            ends[key] = BundleOutcome("posted", posted, total)
    moved = select(Rerouting.from_bundle_id).where(Rerouting.from_bundle_id.in_(ids))
    ends |= {key: BundleOutcome("rerouted") for key in session.scalars(moved)}
    stopped = [row.id for row in rows if is_stopped(row.campaign.status)]
    return ends | _find_held_back(session, set(ids) & set(stopped))


def _find_newest_outcomes(session: Session, ids: list[int]) -> dict[int, str]:
    tried = session.execute(
        select(DeliveryAttempt.bundle_id, DeliveryAttempt.outcome)
        .where(DeliveryAttempt.bundle_id.in_(ids))
        .order_by(*oldest_first())
    )
    return {bundle_id: outcome.value for bundle_id, outcome in tried if bundle_id}


def _count_posted(session: Session, ids: list[int]) -> list[tuple[int, int, int]]:
    """Return bundles in envelopes: how many were posted, of how many."""
    rows = session.execute(
        select(EnvelopeRun.bundle_id, func.count(Envelope.attempt_id), func.count(Envelope.id))
        .join(Envelope, Envelope.run_id == EnvelopeRun.id)
        .where(EnvelopeRun.bundle_id.in_(ids))
        .group_by(EnvelopeRun.bundle_id)
    )
    return [(bundle_id, posted, total) for bundle_id, posted, total in rows]


def _find_held_back(session: Session, ids: set[int]) -> dict[int, BundleOutcome]:
    if not ids:
        return {}
    rows = session.execute(
        select(Bundle.id, HeldBundle.fate)
        .outerjoin(HeldBundle, HeldBundle.bundle_id == Bundle.id)
        .where(Bundle.id.in_(ids), is_held_back())
    )
    return {key: BundleOutcome(fate.value if fate else "held-back") for key, fate in rows}
