"""Removing the files of bundles whose writers are erased; their hashes and numbers stay.

The files go first, and then it is written down: where a storage fails, the next run tries again.
"""

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.core import db
from campaign.models.bundle import Bundle, BundleState
from campaign.models.bundle_print import CarriedSignature
from campaign.models.delivery import LetterMove
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.privacy.overdue import DueCampaign, lock_if_unchanged
from campaign.storage import FilesAway, storage

log = structlog.get_logger()
_IDLE = (BundleState.READY, BundleState.FAILED)
"""States in which nobody prints."""


def delete_files_of_erased(due: DueCampaign, now: datetime) -> tuple[int, bool]:
    """Remove the files of the campaign's bundles in which nobody is known, each by itself.

    How many bundles they were, and whether none was left to another run.
    """
    with db.reading() as session:
        ids = session.scalars(select(Bundle.id).where(*_is_due(due)).order_by(Bundle.id)).all()
    emptied = 0
    for bundle_id in ids:
        with db.transaction() as session:
            if not lock_if_unchanged(session, due):
                break
            bundle = session.scalar(select(Bundle).where(Bundle.id == bundle_id, *_is_due(due)))
            if bundle is not None and _delete_folder(file_names.stored_folder(bundle.public_id)):
                _set_emptied(session, bundle, now)
                emptied += 1
    return emptied, emptied == len(ids)


def _is_due(due: DueCampaign) -> list[ColumnElement[bool]]:
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


def _delete_folder(folder: str) -> bool:
    """Delete a folder's files; whether none is left."""
    store = storage()
    try:
        store.delete_folder(folder)
        gone = next(store.names(folder), None) is None
    except (FilesAway, OSError) as problem:
        log.error("files of a bundle left to the next run", problem=type(problem).__name__)
        return False
    if not gone:
        log.error("files of a bundle left to the next run", problem="still there")
    return gone


def _set_emptied(session: Session, bundle: Bundle, now: datetime) -> None:
    bundle.emptied_at = now
    for bundle_print in prints.list_prints(session, bundle):
        bundle_print.removed_at = bundle_print.removed_at or now
    session.flush()
