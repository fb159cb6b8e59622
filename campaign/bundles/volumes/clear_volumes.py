"""Removing what of a bundle's files is not wanted: they name people."""

from campaign import storage
from campaign.bundles import file_names
from campaign.campaigns.stop_rule import may_go_out
from campaign.core import db
from campaign.models.bundle import Bundle, BundleState, Volume


def drop_unwanted(bundle: Bundle, digest: str, store: storage.Storage) -> bool:
    """Remove papers before which a stop came, the end of a rehearsal, or a cancelling.

    Gives whether the bundle is to be assembled later.
    """
    with db.reading() as unit:
        found = unit.get(Bundle, bundle.id)
        stopped = found is not None and not may_go_out(found.campaign.status)
    if found is None or found.state is BundleState.CANCELLED:
        store.delete_folder(file_names.stored_folder(bundle.public_id))
    elif stopped and found.state is not BundleState.READY:
        store.delete_folder(file_names.stored_papers(bundle.public_id, digest))
        return True
    return False


def tidy(bundle: Bundle, volumes: list[Volume], digest: str, store: storage.Storage) -> None:
    """Remove what attempts that were cut short have left, and prints that were replaced.

    Files of envelopes stay: they are made anew by themselves.
    """
    papers = f"{file_names.stored_papers(bundle.public_id, digest)}/"
    apart = (papers, file_names.stored_envelopes(bundle.public_id))
    keep = {file_names.stored_volume_of(bundle, volume) for volume in volumes}
    for name in list(store.names(file_names.stored_folder(bundle.public_id))):
        if name not in keep and not name.startswith(apart):
            store.delete(name)
