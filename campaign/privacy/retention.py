"""Once a day, whatever is no longer needed of people who wrote is erased.

Of a campaign that ended (and whose last letters were handed over) so many months ago: everybody,
but for whom a closed one still has a letter to hand over. Of one that goes on: those whose every
letter was handed over so long ago; that they have signed is still known by a fingerprint, so that
nobody counts twice, until the campaign has ended as well.
"""

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from campaign.bundles.changes.empty_bundle import empty_bundle
from campaign.core import audit, db, jobs
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundleState, CarriedSignature
from campaign.models.campaign import Campaign
from campaign.models.delivery import LetterMove
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict, Scan
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.paper_signatures import scans
from campaign.privacy.anonymise import anonymise_signatures, unlink_signatures
from campaign.privacy.erase_supporter import checkpoint_wal
from campaign.privacy.overdue import DueCampaign, is_awaited, is_due, list_due, lock_if_unchanged
from campaign.storage import FilesAway

ACTOR = "job:retention.erase"
_BATCH = 500  # Signatures of one transaction: on SQLite nobody signs while it lasts
log = structlog.get_logger()
_IDLE = (BundleState.READY, BundleState.FAILED)
_SCANS_AT_ONCE = 20  # Scans of one transaction, of up to twenty files each


@jobs.job("retention.erase", every_minutes=1440)
def erase_what_is_over() -> None:
    settings = current_settings()
    now = db.utcnow()
    if not settings.retention_months:
        return
    with db.reading() as session:
        due = list_due(session, months=settings.retention_months, now=now)
    erased = [erase_due(campaign, now, keep_files=settings.keep_printed_files) for campaign in due]
    if any(erased):
        checkpoint_wal()


def erase_due(due: DueCampaign, now: datetime, *, keep_files: bool) -> bool:
    """Erase it batch by batch; one line in the audit tells of all. Whether there was anything.

    It ends where the campaign is closed, opened again or stopped meanwhile: another day looks anew.
    """
    signatures = last = 0
    while ids := _erase_next(due, last, now):
        signatures, last = signatures + len(ids), ids[-1]
    scans, no_scan_left = erase_sheets(due) if due.ended is not None else (0, True)
    bundles, no_file_left = (0, True) if keep_files else delete_files_of_erased(due, now)
    with db.transaction() as session:
        if (
            due.ended is not None
            and no_scan_left
            and no_file_left
            and lock_if_unchanged(session, due)
        ):
            db.update_row(session, Campaign, due.campaign_id, forgotten_at=now)
        if not (signatures or scans or bundles):
            return False
        audit.record(
            session,
            ACTOR,
            "mailbox.retention",
            f"campaign:{due.campaign_id}",
            signatures=signatures,
            scans=scans,
            bundles=bundles,
        )
    return True


def _erase_next(due: DueCampaign, last: int, now: datetime) -> list[int]:
    with db.transaction() as session:
        if not lock_if_unchanged(session, due):
            return []
        next_ids = (
            select(Signature.id)
            .where(Signature.id > last, *is_due(due))
            .order_by(Signature.id)
            .limit(_BATCH)
            .with_for_update()
        )
        if ids := list(session.scalars(next_ids)):
            anonymise_signatures(session, ids, now)
            if due.ended is not None:
                unlink_signatures(session, due.campaign_id, ids, now)
        return ids


def delete_files_of_erased(due: DueCampaign, now: datetime) -> tuple[int, bool]:
    """Remove files of bundles in which nobody is known; how many, and whether none was left."""
    with db.reading() as session:
        ids = session.scalars(
            select(Bundle.id).where(*_is_bundle_due(due)).order_by(Bundle.id)
        ).all()
    emptied = 0
    for bundle_id in ids:
        with db.transaction() as session:
            if not lock_if_unchanged(session, due):
                break
            bundle = session.scalar(
                select(Bundle).where(Bundle.id == bundle_id, *_is_bundle_due(due))
            )
            if bundle is not None and empty_bundle(session, bundle, now):
                emptied += 1
    return emptied, emptied == len(ids)


def _is_bundle_due(due: DueCampaign) -> list[ColumnElement[bool]]:
    """The bundles with files in which nobody is known: of a campaign that may still print, at rest.

    Nor, while it goes on, those that hold nobody at all.
    """
    is_known = (Signature.forgotten_at.is_(None), Signature.state != SignatureState.ERASED)
    own = (Bundle.campaign_id == due.campaign_id, Bundle.emptied_at.is_(None))
    state = Bundle.state.in_(_IDLE) if due.hands_over else Bundle.state != BundleState.CANCELLED
    held = _holds(due.campaign_id)
    somebody = [or_(*held)] if due.ended is None else []
    return [
        *own,
        state,
        *somebody,
        *(~condition for condition in _holds(due.campaign_id, *is_known)),
    ]


def _holds(campaign_id: int, *of: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Whether a bundle holds letters `of` such signatures, or sheets, or held letters before."""
    letters = exists().where(
        Letter.bundle_id == Bundle.id, Signature.id == Letter.signature_id, *of
    )
    sheets = exists().where(
        CarriedSignature.bundle_id == Bundle.id, Signature.id == CarriedSignature.signature_id, *of
    )
    moved = (
        select(LetterMove.bundle_id)
        .join(Letter, Letter.id == LetterMove.letter_id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Signature.campaign_id == campaign_id, *of)
    )
    return [letters, sheets, Bundle.id.in_(moved)]


def erase_sheets(due: DueCampaign) -> tuple[int, bool]:
    """Erase what is due of an ended campaign's sheets; how many scans, and whether none is left.

    Where somebody on a sheet still waits to be handed over, nothing is due.
    """
    removed = last = left = 0
    while True:
        with db.transaction() as session:
            if not lock_if_unchanged(session, due):
                return removed, False
            awaited = select(Signature.id).where(
                Signature.campaign_id == due.campaign_id, is_awaited()
            )
            if due.hands_over and db.has_row(session, awaited):
                return removed, True
            if not last:
                of_due = PaperRow.sheet_id.in_(select(PaperSheet.id).where(*_is_sheet_due(due)))
                db.update_rows(session, PaperRow, of_due, details=None, email_hmac=None)
            batch = session.scalars(
                select(Scan)
                .join(PaperSheet, PaperSheet.id == Scan.sheet_id)
                .where(Scan.id > last, *_is_sheet_due(due))
                .order_by(Scan.id)
                .limit(_SCANS_AT_ONCE)
            ).all()
            gone = [scan for scan in batch if _delete_scan(scan)]
            for scan in gone:
                session.delete(scan)
            session.flush()
            if batch:
                last = batch[-1].id
        removed += len(gone)
        left += len(batch) - len(gone)
        if len(batch) < _SCANS_AT_ONCE or left:
            return removed, not left


def _is_sheet_due(due: DueCampaign) -> list[ColumnElement[bool]]:
    """Sheets whose time is over. One that came late, or is not yet keyed in, is still worked at."""
    own = PaperSheet.campaign_id == due.campaign_id
    if not due.hands_over:
        return [own]
    keyed = (
        select(func.count(PaperRow.id))
        .where(PaperRow.sheet_id == PaperSheet.id, PaperRow.verdict != RowVerdict.REMOVED)
        .correlate(PaperSheet)
        .scalar_subquery()
    )
    young = aliased(Scan)
    scanned = exists().where(young.sheet_id == PaperSheet.id, young.created_at >= due.young_from)
    whole = or_(PaperSheet.rows_by_hand.is_(None), PaperSheet.rows_by_hand <= keyed)
    return [own, PaperSheet.created_at < due.young_from, ~scanned.correlate(PaperSheet), whole]


def _delete_scan(scan: Scan) -> bool:
    try:
        scans.delete_files(scan)
    except (FilesAway, OSError) as problem:
        log.error("a scan left to the next run", problem=type(problem).__name__)
        return False
    return True
