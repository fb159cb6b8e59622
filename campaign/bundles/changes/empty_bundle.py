"""A bundle whose files are deleted: nobody is to be found in them any more.

Its row, numbers, counts and hashes stay: what is on paper may be on its way, and its delivery is
still to be recorded.
"""

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.core.db import after_commit
from campaign.models.bundle import Bundle
from campaign.storage import FilesAway, storage

log = structlog.get_logger()


def empty_bundle(session: Session, bundle: Bundle, now: datetime) -> bool:
    """Delete its files, also those of its envelopes, and write that down.

    False where the storage does not let go of all of them: then the bundle is as it was, and the
    next run of the job that asks tries again.
    """
    folder = file_names.stored_folder(bundle.public_id)
    if not _delete_files(folder):
        return False
    # Envelopes that were being made may have come meanwhile; from then on none are kept.
    after_commit(session, partial(storage().delete_folder, folder))
    bundle.emptied_at, bundle.letter_secret = now, None
    for volume in bundle.volumes:
        volume.letter_codes = None
    for bundle_print in prints.list_prints(session, bundle):
        bundle_print.removed_at = bundle_print.removed_at or now
        bundle_print.tree = None
    session.flush()
    return True


def _delete_files(folder: str) -> bool:
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
