"""A bundle whose files are deleted: nobody is to be found in them any more.

Its row, numbers, counts and hashes stay: what is on paper may be on its way, and its delivery is
still to be recorded.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from campaign.bundles.changes import prints
from campaign.models.bundle import Bundle


def empty_bundle(session: Session, bundle: Bundle, now: datetime) -> None:
    """Write down that its files are deleted; the caller deletes them (`stored_folder`)."""
    bundle.emptied_at, bundle.letter_secret = now, None
    for volume in bundle.volumes:
        volume.letter_codes = None
    for bundle_print in prints.list_prints(session, bundle):
        bundle_print.removed_at = bundle_print.removed_at or now
        bundle_print.tree = None
    session.flush()
