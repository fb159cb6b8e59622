"""Removing the scans of sheets of a campaign that is over, and what rows say that did not count.

The files go first and the rows that tell of them second: where a storage fails, the next run finds
them again.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from campaign.core import db
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict, Scan
from campaign.models.signature import Signature
from campaign.paper_signatures import scans
from campaign.privacy.overdue import DueCampaign, is_awaited, lock_if_unchanged
from campaign.storage import FilesAway

log = structlog.get_logger()
_BATCH = 20
"""Scans of one transaction, of up to twenty files each."""


def erase_sheets(due: DueCampaign) -> tuple[int, bool]:
    """Erase what is due of an ended campaign's sheets; how many scans, and whether none is left.

    Where somebody on a sheet still waits to be handed over, nothing is due.
    """
    removed = last = left = 0
    while True:
        with db.transaction() as session:
            if not lock_if_unchanged(session, due):
                return removed, False
            if _waits_for_hand_over(session, due):
                return removed, True
            if not last:
                _empty_rows(session, due)
            batch = _list_next(session, due, last)
            gone = [scan for scan in batch if _delete_files(scan)]
            for scan in gone:
                session.delete(scan)
            session.flush()
            if batch:
                last = batch[-1].id
        removed += len(gone)
        left += len(batch) - len(gone)
        if len(batch) < _BATCH or left:
            return removed, not left


def _waits_for_hand_over(session: Session, due: DueCampaign) -> bool:
    own = Signature.campaign_id == due.campaign_id
    return due.hands_over and bool(
        session.scalar(select(Signature.id).where(own, is_awaited()).limit(1))
    )


def _is_due(due: DueCampaign) -> list[ColumnElement[bool]]:
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


def _empty_rows(session: Session, due: DueCampaign) -> None:
    session.execute(
        update(PaperRow)
        .where(PaperRow.sheet_id.in_(select(PaperSheet.id).where(*_is_due(due))))
        .values(details=None, email_hmac=None)
        .execution_options(synchronize_session=False)
    )


def _list_next(session: Session, due: DueCampaign, last: int) -> Sequence[Scan]:
    return session.scalars(
        select(Scan)
        .join(PaperSheet, PaperSheet.id == Scan.sheet_id)
        .where(Scan.id > last, *_is_due(due))
        .order_by(Scan.id)
        .limit(_BATCH)
    ).all()


def _delete_files(scan: Scan) -> bool:
    try:
        scans.delete_files(scan)
    except (FilesAway, OSError) as problem:
        log.error("a scan left to the next run", problem=type(problem).__name__)
        return False
    return True
