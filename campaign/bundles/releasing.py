"""Letters that were frozen and not printed wait again, so that none is lost.

Of a bundle that failed, all: nothing of it was ever handed out, so its number is free again and
what it had printed is removed. Of a bundle that is ready, those that were set aside: once their
cause is mended, the next bundle prints them.
"""

from sqlalchemy import delete, select, true, update
from sqlalchemy.orm import Session

from campaign import audit
from campaign.bundles import files
from campaign.bundles.cancelling import WAITS
from campaign.bundles.loading import number_of
from campaign.bundles.models import Bundle, BundleState, Volume
from campaign.campaigns.models import Campaign
from campaign.db import after_commit
from campaign.errors import Refused
from campaign.officials.models import Mission
from campaign.signing.models import Letter
from campaign.storage import Storage


def release(unit: Session, bundle: Bundle, store: Storage, *, actor: str) -> int:
    """Let a bundle's unprinted letters wait again; gives how many.

    Raises Refused while it is being printed.
    """
    if bundle.state not in {BundleState.FAILED, BundleState.READY}:
        raise Refused("not-ready")
    failed = bundle.state is BundleState.FAILED
    if not failed:
        _remember(unit, bundle)
    freed = unit.scalars(
        update(Letter)
        .where(
            Letter.bundle_id == bundle.id,
            true() if failed else Letter.set_aside.is_not(None),
        )
        .values(**WAITS)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    audit.record(
        unit,
        actor=actor,
        action="bundle.release",
        subject=f"bundle:{bundle.id}",
        letters=len(freed),
        failure=bundle.failure,
    )
    if failed:
        _remove(unit, bundle, store)
    return len(freed)


def _remember(unit: Session, bundle: Bundle) -> None:
    """Keep the numbers that leave it: its papers name them, also when they are made again."""
    rows = unit.execute(
        select(Letter.sequence, Letter.set_aside)
        .where(Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None))
        .order_by(Letter.sequence)
    )
    left = [{"number": number_of(number or 0), "reason": slug} for number, slug in rows]
    bundle.released = [*bundle.released, *left]


def _remove(unit: Session, bundle: Bundle, store: Storage) -> None:
    folder = files.stored_folder(bundle.public_id)
    unit.execute(delete(Volume).where(Volume.bundle_id == bundle.id))
    unit.execute(delete(Bundle).where(Bundle.id == bundle.id))
    after_commit(unit, lambda: store.delete_folder(folder))


def find_failed(unit: Session, *, campaign: Campaign, mission: Mission) -> Bundle | None:
    """A bundle of the pair that failed, if there is one."""
    return unit.scalar(
        select(Bundle)
        .where(
            Bundle.campaign_id == campaign.id,
            Bundle.mission_id == mission.id,
            Bundle.state == BundleState.FAILED,
        )
        .order_by(Bundle.sequence)
        .limit(1)
    )
