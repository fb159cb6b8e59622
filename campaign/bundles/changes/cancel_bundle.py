"""Giving a bundle up before it is handed over: its letters wait again, its number is used up.

Letters that came from another bundle go back into that one.
"""

from datetime import time
from functools import partial

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, file_names
from campaign.bundles.changes import prints
from campaign.bundles.changes.withdrawals import is_withdrawn, list_taken_back, note_taken_out
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.volumes.load_letters import UNREADABLE
from campaign.core import audit, clock, db, jobs
from campaign.core.db import after_commit
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, Volume
from campaign.models.campaign import Campaign
from campaign.models.delivery import LetterMove, Rerouting
from campaign.models.signature import Letter, Signature
from campaign.storage import Storage, storage

_CAN = (BundleState.PRINTING, BundleState.ASSEMBLING, BundleState.READY)
_IN_NO_BUNDLE = dict.fromkeys(
    (
        "bundle_id",
        "volume_id",
        "sequence",
        "first_page",
        "pages",
        "set_aside",
        "set_aside_detail",
        "salt",
    )
)
_PLACES = (LetterMove.sequence, LetterMove.volume_id, LetterMove.first_page, LetterMove.pages)


def cancel(session: Session, bundle: Bundle, store: Storage, *, reason: str, actor: str) -> int:
    """Give the bundle up; how many of its letters left it. The sheets on paper wait again too.

    Its row stays with its prints' hashes and the numbers of what was taken back, its files go. A
    worker that prints it just now loses its volume. Raises Refused.
    """
    bundle_status.lock_bundle(session, bundle)
    refuse_uncancellable(session, bundle)
    note_taken_out(bundle, list_taken_back(session, bundle, limit=None))
    freed = give_up(session, bundle, store, reason=reason, actor=actor)
    audit.record(session, actor, "bundle.cancel", bundle, letters=freed, sha256=bundle.zip_sha256)
    return freed


def refuse_uncancellable(session: Session, bundle: Bundle) -> None:
    """Raise Refused: `handed-over`, `moved-on`, `cancelled`, `emptied`, `not-ready`.

    The last says that it failed: that has a button of its own.
    """
    bundle_status.refuse_settled(session, bundle)
    if bundle.state is BundleState.CANCELLED:
        raise Refused("cancelled")
    if bundle.emptied_at is not None and not is_withdrawn(session, bundle):
        raise Refused("emptied")
    if bundle.state not in _CAN:
        raise Refused("not-ready")


def give_up(session: Session, bundle: Bundle, store: Storage, *, reason: str, actor: str) -> int:
    """Mark it as given up, whatever its state; how many of its letters left it."""
    freed = _give_back(session, bundle, actor)
    freed += let_wait(session, bundle.campaign, Letter.bundle_id == bundle.id)
    signed_sheets.leave_sheets(session, bundle)
    session.execute(delete(Volume).where(Volume.bundle_id == bundle.id))
    session.expire(bundle, ["volumes"])
    now = db.utcnow()
    for earlier in prints.list_prints(session, bundle):
        earlier.removed_at = earlier.removed_at or now
    bundle.state = BundleState.CANCELLED
    bundle.cancelled_at, bundle.cancel_reason = now, reason
    bundle.lease_until = None
    session.flush()
    folder = file_names.stored_folder(bundle.public_id)
    after_commit(session, partial(store.delete_folder, folder))
    return freed


def let_wait(session: Session, campaign: Campaign, *conditions: ColumnElement[bool]) -> int:
    """Take these letters out of their bundles; how many they were.

    What their people wrote is searched for the risk flags that were set meanwhile; for all of them,
    where it did not open.
    """
    if campaign.risk_flags:
        unread = select(Letter.signature_id).where(Letter.set_aside == UNREADABLE, *conditions)
        db.update_rows(session, Signature, Signature.id.in_(unread), flags_checked=0)
        jobs.enqueue(session, "screening.check-flags", campaign.id)
    return db.update_rows(session, Letter, *conditions, **_IN_NO_BUNDLE)


def find_bundle_before(session: Session, bundle: Bundle) -> Bundle | None:
    """Find the bundle that letters and sheets came from, if they can go back into it.

    Not where more was recorded of it since they left: they would seem to have been part of that.
    Nor where the place of one in it is unknown.
    """
    before = session.scalar(
        select(Bundle)
        .join(Rerouting, Rerouting.from_bundle_id == Bundle.id)
        .where(
            Rerouting.to_bundle_id == bundle.id,
            Bundle.state == BundleState.READY,
            Bundle.emptied_at.is_(None),
        )
    )
    if before is None or _was_tried_since(session, before, bundle):
        return None
    unplaced = select(LetterMove.letter_id).where(
        LetterMove.bundle_id == before.id,
        LetterMove.letter_id.in_(select(Letter.id).where(Letter.bundle_id == bundle.id)),
        LetterMove.volume_id.is_(None),
    )
    return None if db.has_row(session, unplaced) else before


def _was_tried_since(session: Session, before: Bundle, bundle: Bundle) -> bool:
    since = select(DeliveryAttempt).where(
        DeliveryAttempt.bundle_id == before.id, DeliveryAttempt.created_at > bundle.created_at
    )
    for attempt in session.scalars(since):
        at = clock.moment_of(attempt.happened_on, attempt.happened_time or time.min, attempt.zone)
        if attempt.outcome not in bundle_status.STILL_HERE or at > bundle.created_at:
            return True
    return False


def _give_back(session: Session, bundle: Bundle, actor: str) -> int:
    """Put letters and sheets back where they were before; 0 where they wait again instead."""
    first = find_bundle_before(session, bundle)
    if first is None:
        return 0
    back = _move_back(session, bundle, first)
    signed_sheets.move(session, bundle, first)
    db.delete_rows(session, Rerouting, Rerouting.to_bundle_id == bundle.id)
    bundle.returned_to_id = first.id
    session.flush()
    audit.record(session, actor, "bundle.give-back", first, letters=back)
    return back


def _move_back(session: Session, bundle: Bundle, first: Bundle) -> int:
    was_in_first = LetterMove.bundle_id == first.id
    of_letter = (was_in_first, LetterMove.letter_id == Letter.id)
    places = {
        place.key: select(place).where(*of_letter).correlate(Letter).scalar_subquery()
        for place in _PLACES
    }
    came_from_first = Letter.id.in_(select(LetterMove.letter_id).where(was_in_first))
    back = {"bundle_id": first.id, "set_aside": None, "set_aside_detail": None, **places}
    moved = db.update_rows(session, Letter, Letter.bundle_id == bundle.id, came_from_first, **back)
    is_back = LetterMove.letter_id.in_(select(Letter.id).where(Letter.bundle_id == first.id))
    db.delete_rows(session, LetterMove, was_in_first, is_back)
    return moved


def remove_rehearsed(session: Session, campaign: Campaign) -> None:
    """Remove a rehearsal's bundles with their volumes and, once that is committed, their files."""
    bundles = session.execute(
        select(Bundle.id, Bundle.public_id).where(Bundle.campaign_id == campaign.id)
    ).all()
    ids = [bundle.id for bundle in bundles]
    if not ids:
        return
    let_wait(session, campaign, Letter.bundle_id.in_(ids))
    session.execute(delete(Volume).where(Volume.bundle_id.in_(ids)))
    session.execute(delete(Bundle).where(Bundle.id.in_(ids)))
    for bundle in bundles:
        folder = file_names.stored_folder(bundle.public_id)
        after_commit(session, partial(storage().delete_folder, folder))
