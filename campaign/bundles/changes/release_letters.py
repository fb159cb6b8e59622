"""Letters that were frozen and not printed wait again, so that none is lost.

Of a bundle that failed, all. What it had printed is removed; where it was ready before, or holds
letters that another mission refused, it stands as given up and its number stays used. Otherwise
nothing of it was ever given out, and its number is free again. Of a bundle that is ready, those
that were set aside: once their cause is mended, the next bundle prints them.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes import cancel_bundle
from campaign.bundles.destinations import is_for
from campaign.core import audit
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, Destination
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter
from campaign.signing.letter.compose import number_of
from campaign.storage import Storage


def release(session: Session, bundle: Bundle, store: Storage, *, actor: str) -> int:
    """Let a bundle's unprinted letters wait again; gives how many.

    Raises Refused: `not-ready` while it is being printed, `handed-over` where it failed after
    letters of it had gone out.
    """
    bundle_status.hold(session, bundle)
    if bundle.state not in {BundleState.FAILED, BundleState.READY}:
        raise Refused("not-ready")
    failed = bundle.state is BundleState.FAILED
    if failed:
        bundle_status.refuse_handed_over(session, bundle)
        stays = has_past(session, bundle)
        freed = cancel_bundle.give_up(session, bundle, store, reason="", actor=actor)
    else:
        _remember(session, bundle)
        freed = _free_set_aside(session, bundle)
    audit.record(
        session,
        actor=actor,
        action="bundle.release",
        subject=f"bundle:{bundle.id}",
        letters=freed,
        failure=bundle.failure,
    )
    if failed and not stays:
        session.execute(delete(Bundle).where(Bundle.id == bundle.id))
    return freed


def has_past(session: Session, bundle: Bundle) -> bool:
    """Whether something is known of it that must stay: its files were ready, or letters moved."""
    return bundle.ready_at is not None or bundle_status.is_rerouted(session, bundle)


def _free_set_aside(session: Session, bundle: Bundle) -> int:
    freed = session.scalars(
        update(Letter)
        .where(Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None))
        .values(**cancel_bundle.WAITS)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(freed)


def _remember(session: Session, bundle: Bundle) -> None:
    """Keep the numbers that leave it: its papers name them, also when they are made again."""
    rows = session.execute(
        select(Letter.sequence, Letter.set_aside)
        .where(Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None))
        .order_by(Letter.sequence)
    )
    left = [{"number": number_of(number or 0), "reason": slug} for number, slug in rows]
    bundle.released = [*bundle.released, *left]


def find_failed(session: Session, *, campaign: Campaign, mission: Destination) -> Bundle | None:
    """Find a bundle of the pair that failed."""
    return session.scalar(
        select(Bundle)
        .where(
            Bundle.campaign_id == campaign.id, is_for(mission), Bundle.state == BundleState.FAILED
        )
        .order_by(Bundle.sequence)
        .limit(1)
    )
