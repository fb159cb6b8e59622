"""Once a day, whatever is no longer needed of people who wrote is erased.

Of a campaign that ended (and whose last letters were handed over) so many months ago: everybody,
but for whom a closed one still has a letter to hand over. Of one that goes on: those whose every
letter was handed over so long ago; that they have signed is still known by a fingerprint, so that
nobody counts twice, until the campaign has ended as well.
"""

from datetime import datetime

from sqlalchemy import select, update

from campaign.core import audit, db, jobs
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature
from campaign.privacy.anonymise import anonymise_signatures, unlink_signatures
from campaign.privacy.bundle_files import delete_files_of_erased
from campaign.privacy.erase_supporter import checkpoint_wal
from campaign.privacy.overdue import DueCampaign, is_due, list_due, lock_if_unchanged
from campaign.privacy.sheet_scans import erase_sheets

ACTOR = "job:retention.erase"
_BATCH = 500
"""Signatures of one transaction: on SQLite nobody signs while it lasts."""


@jobs.job("retention.erase", every_minutes=1440)
def erase_what_is_over() -> None:
    """Erase what the settings say that is kept no longer."""
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
            looked = update(Campaign).where(Campaign.id == due.campaign_id)
            session.execute(looked.values(forgotten_at=now))
        if not (signatures or scans or bundles):
            return False
        audit.record(
            session,
            actor=ACTOR,
            action="mailbox.retention",
            subject=f"campaign:{due.campaign_id}",
            signatures=signatures,
            scans=scans,
            bundles=bundles,
        )
    return True


def _erase_next(due: DueCampaign, last: int, now: datetime) -> list[int]:
    """Erase the next ones after that id, and return their ids."""
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
