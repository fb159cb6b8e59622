"""The prints of a bundle: which files it was, by their hashes, and handing those files out."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.documents.bundle_zip import ZipPart
from campaign.bundles.documents.packets import FileFacts
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.bundle import Bundle, BundlePrint
from campaign.models.signature import Letter
from campaign.storage import FileDamaged, Storage


def add_print(
    session: Session,
    bundle: Bundle,
    *,
    files: Sequence[FileFacts],
    stored: Mapping[str, str],
    zip_sha256: str,
    letters: int,
    pages: int,
    on_paper: int,
) -> BundlePrint:
    """Record what a bundle now is; `stored` tells where each file lies in the storage.

    The files of earlier prints are not kept any longer: nothing of them was handed over.
    """
    now = db.utcnow()
    for earlier in list_prints(session, bundle):
        if earlier.zip_sha256 != zip_sha256:
            earlier.removed_at = earlier.removed_at or now
    last = session.scalar(
        select(func.max(BundlePrint.number)).where(BundlePrint.bundle_id == bundle.id)
    )
    row = BundlePrint(
        bundle_id=bundle.id,
        number=(last or 0) + 1,
        zip_sha256=zip_sha256,
        letters=letters,
        pages=pages,
        on_paper=on_paper,
        files=[_file(file, stored[file.name]) for file in files],
        made_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _file(facts: FileFacts, stored: str) -> dict[str, object]:
    return {
        "name": facts.name,
        "bytes": facts.bytes,
        "sha256": facts.sha256,
        "pages": facts.pages,
        "stored": stored,
    }


def list_prints(session: Session, bundle: Bundle) -> Sequence[BundlePrint]:
    """List every print of the bundle, the first one first."""
    return session.scalars(
        select(BundlePrint).where(BundlePrint.bundle_id == bundle.id).order_by(BundlePrint.number)
    ).all()


def find_print(session: Session, bundle: Bundle) -> BundlePrint | None:
    """The print that the bundle now is; None of one from before prints were recorded."""
    newest = session.scalars(
        select(BundlePrint)
        .where(BundlePrint.bundle_id == bundle.id)
        .order_by(BundlePrint.number.desc())
        .limit(1)
    ).first()
    return newest if newest is not None and newest.zip_sha256 == bundle.zip_sha256 else None


def letters_of_print() -> ScalarSelect[int]:
    """Letters in the files that a bundle now is, to be asked beside it; NULL as in find_print."""
    return (
        select(BundlePrint.letters)
        .where(BundlePrint.bundle_id == Bundle.id, BundlePrint.zip_sha256 == Bundle.zip_sha256)
        .order_by(BundlePrint.number.desc())
        .limit(1)
        .correlate(Bundle)
        .scalar_subquery()
    )


def count_printed(session: Session, bundle: Bundle) -> int:
    """Count the letters in the files that the bundle now is."""
    recorded = find_print(session, bundle)
    if recorded is not None:
        return recorded.letters
    printed = select(func.count(Letter.first_page)).where(Letter.bundle_id == bundle.id)
    return session.scalar(printed) or 0


def parts_of(session: Session, bundle: Bundle, store: Storage) -> list[ZipPart]:
    """The files of the bundle's ZIP as it now is, in its order. Raises NotFound."""
    recorded = find_print(session, bundle)
    if recorded is not None:
        return parts_in(bundle, recorded, store)
    if bundle.zip_sha256 is None:
        raise NotFound("file")
    papers = file_names.stored_papers(bundle.public_id, bundle.zip_sha256)
    sizes = store.sizes(file_names.stored_folder(bundle.public_id))
    volumes = [
        (file_names.volume_file(volume.sequence), file_names.stored_volume_of(bundle, volume))
        for volume in bundle.volumes
        if volume.sha256
    ]
    before = [(name, f"{papers}/{name}") for name in file_names.BEFORE if name in file_names.ALWAYS]
    after = [(name, f"{papers}/{name}") for name in file_names.AFTER if name in file_names.ALWAYS]
    return [ZipPart.stored(name, store, key, sizes) for name, key in (*before, *volumes, *after)]


def parts_in(bundle: Bundle, recorded: BundlePrint, store: Storage) -> list[ZipPart]:
    """The files of a print, in the order of its ZIP. Raises NotFound."""
    sizes = store.sizes(file_names.stored_folder(bundle.public_id))
    return [ZipPart.stored(file["name"], store, file["stored"], sizes) for file in recorded.files]


def is_damaged(store: Storage, file: Mapping[str, Any]) -> bool:
    """Return whether a file of a print is not, byte for byte, what it was."""
    digest = hashlib.sha256()
    try:
        for piece in store.chunks(file["stored"]):
            digest.update(piece)
    except (NotFound, FileDamaged):
        return True
    return digest.hexdigest() != str(file["sha256"])
