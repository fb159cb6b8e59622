"""Removing the files of bundles whose writers are erased; their hashes and numbers stay."""

from datetime import datetime
from functools import partial

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import files, prints
from campaign.bundles.models import Bundle
from campaign.bundles.print_models import CarriedSignature
from campaign.db import after_commit
from campaign.signing.models import Letter, Signature, SignatureState


def empty_forgotten(unit: Session, campaign_id: int, now: datetime) -> int:
    """Remove the files of the campaign's bundles in which nobody is known; how many they were."""
    known = (Signature.forgotten_at.is_(None), Signature.state != SignatureState.ERASED)
    letters = exists().where(
        Letter.bundle_id == Bundle.id, Signature.id == Letter.signature_id, *known
    )
    sheets = exists().where(
        CarriedSignature.bundle_id == Bundle.id,
        Signature.id == CarriedSignature.signature_id,
        *known,
    )
    found = unit.scalars(
        select(Bundle).where(
            Bundle.campaign_id == campaign_id,
            Bundle.zip_sha256.is_not(None),
            Bundle.emptied_at.is_(None),
            ~letters,
            ~sheets,
        )
    ).all()
    store = storage.storage()
    for bundle in found:
        bundle.emptied_at = now
        for one in prints.list_prints(unit, bundle):
            one.removed_at = one.removed_at or now
        folder = files.stored_folder(bundle.public_id)
        after_commit(unit, partial(store.delete_folder, folder))
    unit.flush()
    return len(found)
