"""Putting the papers of a bundle in place, and removing what is not wanted: it names people."""

import os
import shutil
from pathlib import Path

from campaign import db, storage
from campaign.bundles import files
from campaign.bundles.models import Bundle, BundleState, Volume
from campaign.campaigns.models import CampaignStatus


def put_in_place(making: Path, final: Path) -> None:
    """Give the folder of papers its final name, so that it survives a crash."""
    if not final.exists():
        making.rename(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def drop_unwanted(bundle: Bundle, digest: str, store: storage.Storage) -> bool:
    """Remove papers before which a stop came, the end of a rehearsal, or a cancelling.

    Gives whether the bundle is to be assembled later.
    """
    with db.reading() as unit:
        found = unit.get(Bundle, bundle.id)
        stopped = found is not None and found.campaign.status is CampaignStatus.STOPPED
    if found is None or found.state is BundleState.CANCELLED:
        shutil.rmtree(store.path(files.stored_folder(bundle.public_id)), ignore_errors=True)
    elif stopped and found.state is not BundleState.READY:
        shutil.rmtree(store.path(files.stored_papers(bundle.public_id, digest)), ignore_errors=True)
        return True
    return False


def tidy(bundle: Bundle, volumes: list[Volume], digest: str, store: storage.Storage) -> None:
    """Remove what attempts that were cut short have left: it names people."""
    home = store.path(files.stored_folder(bundle.public_id))
    keep = {store.path(files.stored_papers(bundle.public_id, digest)).name}
    for volume in volumes:
        keep.add(store.path(files.stored_volume_of(bundle, volume)).name)
    for path in home.iterdir():
        if path.name in keep:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
