"""Making volumes again without letters that were taken back before the bundle was handed over.

A worker does it by itself within minutes, so that what was erased does not lie on in a file. The
numbers of the other letters stay; what is gone is named on the papers, with the hash of the volume
that still held it.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes.empty_bundle import empty_bundle
from campaign.bundles.changes.withdrawals import (
    awaits_remake,
    everyone_withdrew,
    is_withdrawn,
    list_taken_back,
    note_lists,
    note_taken_out,
)
from campaign.bundles.volumes import print_jobs
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import audit, db, jobs
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, VolumeState
from campaign.models.delivery import Rerouting
from campaign.screening.flag_check import refuse_unchecked_in

ACTOR = "job:bundles.remake"


def remake(session: Session, bundle: Bundle, *, actor: str) -> int:
    """Send the volumes that hold letters which were taken back to be printed without them.

    How many letters are taken out. Where none would be left, the files are deleted, and nothing
    else: the paper may be on its way. The lists are made again too where somebody on the signed
    sheets is gone, or back. Raises Refused: `stopped`, `handed-over`, `moved-on`, `emptied`,
    `not-ready`, `letters-unchecked` (against the newest risk flags).
    """
    bundle_status.lock_bundle(session, bundle)
    refuse_stopped(bundle.campaign)
    bundle_status.refuse_settled(session, bundle)
    bundle_status.refuse_emptied(bundle)
    if bundle.state is not BundleState.READY:
        raise Refused("not-ready")
    if not awaits_remake(session, bundle):
        return 0
    refuse_unchecked_in(session, bundle)
    gone = list_taken_back(session, bundle, limit=None)
    letters = [letter for letter in gone if letter.volume]
    if everyone_withdrew(session, bundle):
        for emptied in (*_list_left(session, bundle), bundle):
            if not empty_bundle(session, emptied, db.utcnow()):
                return 0  # the next run finds this bundle again, and by it the others
            audit.record(session, actor, "bundle.empty", emptied, sha256=emptied.zip_sha256)
        return len(letters)
    if is_withdrawn(session, bundle):
        return 0  # none would be left now, and review may find some good
    note_taken_out(bundle, letters)
    note_lists(session, bundle)
    without = {letter.volume for letter in letters}
    again = [volume for volume in bundle.volumes if volume.sequence in without]
    for volume in again:
        volume.state, volume.lease_until = VolumeState.WAITING, None
    bundle.state, bundle.lease_until = BundleState.PRINTING, None
    bundle.remade_at = db.utcnow()
    session.flush()
    audit.record(
        session,
        actor,
        "bundle.remake",
        bundle,
        letters=len(letters),
        volumes=len(again),
        sha256=bundle.zip_sha256,
    )
    print_jobs.send_for(session, bundle)
    jobs.enqueue(session, "deliveries.bundle-remade", bundle.id)
    return len(letters)


def _list_left(session: Session, bundle: Bundle) -> list[Bundle]:
    """List the bundles that its letters left before, whose files name no one else either."""
    left: list[Bundle] = []
    came_from = select(Bundle).join(Rerouting, Rerouting.from_bundle_id == Bundle.id)
    reached = bundle
    while earlier := session.scalar(came_from.where(Rerouting.to_bundle_id == reached.id)):
        if earlier.emptied_at is None and everyone_withdrew(session, earlier):
            left.append(earlier)
        reached = earlier
    return left


@jobs.job("bundles.remake", every_minutes=3)
def remake_taken_back() -> None:
    """Make again what holds letters that were taken back: every bundle that is still here."""
    is_here = (Bundle.emptied_at.is_(None), ~bundle_status.handed_over(), ~bundle_status.moved_on())
    with db.reading() as session:
        ids = session.scalars(bundle_status.select_ready(*is_here)).all()
        due = [ident for ident in ids if awaits_remake(session, session.get_one(Bundle, ident))]
    for bundle_id in due:
        with db.transaction() as session:
            try:
                remake(session, session.get_one(Bundle, bundle_id), actor=ACTOR)
            except Refused:
                continue  # it was handed over, rerouted or stopped since, or is checked first
