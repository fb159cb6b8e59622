"""Giving a bundle up before it is handed over: its letters wait again, its number is used up."""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, file_names
from campaign.bundles.changes import prints
from campaign.bundles.changes.return_to_earlier_bundle import give_back
from campaign.bundles.changes.withdrawals import describe_taken_out, list_taken_back
from campaign.bundles.freeze import signed_sheets
from campaign.core import audit, clock, db
from campaign.core.db import after_commit
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, Volume
from campaign.models.signature import Letter
from campaign.storage import Storage

WAITS = {
    "bundle_id": None,
    "volume_id": None,
    "sequence": None,
    "first_page": None,
    "pages": None,
    "set_aside": None,
    "set_aside_detail": None,
}
"""Columns of a letter that is in no bundle."""
_CAN = (BundleState.PRINTING, BundleState.ASSEMBLING, BundleState.READY)


def cancel(session: Session, bundle: Bundle, store: Storage, *, reason: str, actor: str) -> int:
    """Give the bundle up; how many of its letters left it. The sheets on paper wait again too.

    Its row stays with its prints' hashes and the numbers of what was taken back, its files go. A
    worker that prints it just now loses its volume. Raises Refused: `handed-over`, `moved-on`,
    `emptied`, `cancelled`, `not-ready` (it failed: that has a button of its own).
    """
    bundle_status.hold(session, bundle)
    bundle_status.refuse_settled(session, bundle)
    bundle_status.refuse_emptied(bundle)
    if bundle.state is BundleState.CANCELLED:
        raise Refused("cancelled")
    if bundle.state not in _CAN:
        raise Refused("not-ready")
    gone = list_taken_back(session, bundle, limit=None)
    bundle.taken_out = [
        *bundle.taken_out,
        *describe_taken_out(gone, bundle, clock.today(bundle.campaign.timezone)),
    ]
    freed = give_up(session, bundle, store, reason=reason, actor=actor)
    audit.record(
        session,
        actor=actor,
        action="bundle.cancel",
        subject=f"bundle:{bundle.id}",
        letters=freed,
        sha256=bundle.zip_sha256,
    )
    return freed


def give_up(session: Session, bundle: Bundle, store: Storage, *, reason: str, actor: str) -> int:
    """Mark it as given up, whatever its state; how many of its letters left it.

    Letters that another mission had refused lie in their first bundle again.
    """
    freed = give_back(session, bundle, actor=actor) + _let_go(session, bundle)
    now = db.utcnow()
    for earlier in prints.list_prints(session, bundle):
        earlier.removed_at = earlier.removed_at or now
    bundle.state = BundleState.CANCELLED
    bundle.cancelled_at, bundle.cancel_reason = now, reason
    bundle.lease_until = None
    session.flush()
    folder = file_names.stored_folder(bundle.public_id)
    after_commit(session, lambda: store.delete_folder(folder))
    return freed


def _let_go(session: Session, bundle: Bundle) -> int:
    """Its letters and sheets wait again, its volumes go; how many letters they were."""
    freed = session.scalars(
        update(Letter)
        .where(Letter.bundle_id == bundle.id)
        .values(**WAITS)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    signed_sheets.leave_sheets(session, bundle)
    session.execute(delete(Volume).where(Volume.bundle_id == bundle.id))
    session.expire(bundle, ["volumes"])
    return len(freed)
