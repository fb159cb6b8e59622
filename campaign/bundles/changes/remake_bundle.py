"""Making volumes again without letters that were taken back before the bundle was handed over.

A worker does it by itself within minutes, so that what was erased does not lie on in a file. The
numbers of the other letters stay; what is gone is named on the papers, with the hash of the volume
that still held it.
"""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import bundle_status
from campaign.bundles.changes import cancel_bundle, prints
from campaign.bundles.changes.withdrawals import (
    GONE,
    TakenBack,
    describe_taken_out,
    list_taken_back,
)
from campaign.bundles.freeze import signed_sheets
from campaign.campaigns.stop_rule import may_go_out_sql, refuse_stopped
from campaign.core import audit, clock, db, jobs
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundleState, VolumeState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature

ACTOR = "job:bundles.remake"


def remake(session: Session, bundle: Bundle, *, actor: str) -> int:
    """Send the volumes that hold letters which were taken back to be printed without them.

    How many letters are taken out. Where nothing would be left, the bundle is cancelled. The
    lists are made again too where somebody on the signed sheets is gone. Raises Refused:
    `stopped`, `handed-over`, `moved-on`, `emptied`, `not-ready`.
    """
    bundle_status.hold(session, bundle)
    refuse_stopped(bundle.campaign)
    bundle_status.refuse_settled(session, bundle)
    bundle_status.refuse_emptied(bundle)
    if bundle.state is not BundleState.READY:
        raise Refused("not-ready")
    gone = list_taken_back(session, bundle, limit=None)
    if not gone and not lists_are_stale(session, bundle):
        return 0
    if _is_empty_without(session, bundle, gone):
        return cancel_bundle.cancel(session, bundle, storage.storage(), reason="", actor=actor)
    _note(session, bundle, gone)
    sent = [volume for volume in bundle.volumes if volume.state is VolumeState.WAITING]
    audit.record(
        session,
        actor=actor,
        action="bundle.remake",
        subject=f"bundle:{bundle.id}",
        letters=len(gone),
        volumes=len(sent),
        sha256=bundle.zip_sha256,
    )
    settings = current_settings()
    for volume in sent[: settings.worker_threads]:
        jobs.enqueue(session, "bundles.print_volume", volume.id)
    if not sent:
        jobs.enqueue(session, "bundles.assemble", bundle.id)
    jobs.enqueue(session, "deliveries.bundle-remade", bundle.id)
    return len(gone)


def _note(session: Session, bundle: Bundle, gone: list[TakenBack]) -> None:
    """Write down what is taken out, and have its volumes wait for the press."""
    now = db.utcnow()
    bundle.taken_out = [
        *bundle.taken_out,
        *describe_taken_out(gone, bundle, clock.day_of(now, bundle.campaign.timezone)),
    ]
    without = {letter.volume for letter in gone}
    for volume in bundle.volumes:
        if volume.sequence in without:
            volume.state, volume.lease_until = VolumeState.WAITING, None
    bundle.state, bundle.lease_until, bundle.remade_at = BundleState.PRINTING, None, now
    session.flush()


def _is_empty_without(session: Session, bundle: Bundle, gone: list[TakenBack]) -> bool:
    """Whether every printed letter is gone; of signed sheets alone, everybody on them."""
    printed = select(func.count(Letter.first_page)).where(Letter.bundle_id == bundle.id)
    if len(gone) != session.scalar(printed):
        return False
    return bool(gone) or not signed_sheets.count_carried(session, bundle.id)


def lists_are_stale(session: Session, bundle: Bundle) -> bool:
    """Whether the lists name people on signed sheets who are gone, or lack who was put back."""
    recorded = prints.find_print(session, bundle)
    return recorded is not None and recorded.on_paper != signed_sheets.count_carried(
        session, bundle.id
    )


@jobs.job("bundles.remake", every_minutes=3)
def remake_taken_back() -> None:
    """Make again what holds letters that were taken back: every bundle that is still here."""
    with db.reading() as session:
        ids = session.scalars(
            select(Bundle.id)
            .join(Campaign, Campaign.id == Bundle.campaign_id)
            .where(
                Bundle.state == BundleState.READY,
                Bundle.emptied_at.is_(None),
                ~bundle_status.handed_over(),
                ~bundle_status.moved_on(),
                may_go_out_sql(),
            )
            .order_by(Bundle.id)
        ).all()
        due = [
            bundle_id for bundle_id in ids if _is_due(session, session.get_one(Bundle, bundle_id))
        ]
    for bundle_id in due:
        with db.transaction() as session:
            try:
                remake(session, session.get_one(Bundle, bundle_id), actor=ACTOR)
            except Refused:
                continue  # it was handed over, rerouted or stopped since


def _is_due(session: Session, bundle: Bundle) -> bool:
    printed = (Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
    gone = (
        exists()
        .where(Letter.signature_id == Signature.id, *printed)
        .where(Signature.campaign_id == bundle.campaign_id, Signature.state.in_(GONE))
    )
    return bool(session.scalar(select(gone))) or lists_are_stale(session, bundle)
