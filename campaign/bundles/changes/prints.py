"""The prints of a bundle: which files it was, by their hashes, and handing those files out."""

from collections.abc import Sequence

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.documents.bundle_zip import ZipPart, digest_of
from campaign.core import db
from campaign.core.db import Json
from campaign.core.errors import NotFound, Refused
from campaign.models.bundle import Bundle, BundlePrint, CarriedSignature
from campaign.models.signature import Letter
from campaign.storage import FileDamaged, Storage


def add_print(session: Session, bundle: Bundle, newest: BundlePrint) -> None:
    """Record what a bundle now is; earlier prints go."""
    now, earlier = db.utcnow(), list_prints(session, bundle)
    for recorded in earlier:
        if recorded.zip_sha256 != newest.zip_sha256:
            recorded.removed_at = recorded.removed_at or now
    newest.bundle_id, newest.made_at = bundle.id, now
    newest.number = (earlier[-1].number if earlier else 0) + 1
    db.add_row(session, newest)


def list_prints(session: Session, bundle: Bundle) -> Sequence[BundlePrint]:
    return session.scalars(
        select(BundlePrint).where(BundlePrint.bundle_id == bundle.id).order_by(BundlePrint.number)
    ).all()


def had_signed_sheets(session: Session, bundle: Bundle) -> bool:
    """Return whether signed sheets are with the bundle, or were with one of its prints."""
    carried = select(CarriedSignature.position).where(CarriedSignature.bundle_id == bundle.id)
    printed = select(BundlePrint.id).where(
        BundlePrint.bundle_id == bundle.id, BundlePrint.on_paper > 0
    )
    return db.has_row(session, carried) or db.has_row(session, printed)


def find_print(session: Session, bundle: Bundle) -> BundlePrint | None:
    """The print that the bundle now is; None of one from before prints were recorded.

    It is not the newest where an earlier one was on its way when letters were withdrawn.
    """
    return session.scalars(
        select(BundlePrint)
        .where(BundlePrint.bundle_id == bundle.id, BundlePrint.zip_sha256 == bundle.zip_sha256)
        .order_by(BundlePrint.number.desc())
        .limit(1)
    ).first()


def find_check_code(session: Session, bundle: Bundle) -> str:
    """Find the code on the papers that the bundle now has; "" where there is none."""
    recorded = find_print(session, bundle)
    return (recorded.check_code or "") if recorded is not None else ""


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
    recorded = find_print(session, bundle)
    if recorded is not None:
        return recorded.letters
    printed = select(func.count(Letter.first_page)).where(Letter.bundle_id == bundle.id)
    return session.scalar(printed) or 0


def list_zip_parts(session: Session, bundle: Bundle, store: Storage) -> list[ZipPart]:
    """List the files of a bundle's newest print. Raises as `parts_in`."""
    recorded = find_print(session, bundle)
    if recorded is not None:
        return parts_in(bundle, recorded, store)
    if bundle.zip_sha256 is None:
        raise NotFound("file")
    folder = file_names.stored_papers(bundle.public_id, bundle.zip_sha256)
    papers = {name: (name, f"{folder}/{name}") for name in file_names.ALWAYS}
    volumes = {name: (name, key) for name, key in file_names.stored_volumes(bundle).items()}
    return _open_parts(bundle, store, list(file_names.in_order(papers, volumes)))


def parts_in(bundle: Bundle, recorded: BundlePrint, store: Storage) -> list[ZipPart]:
    """The files of a print, in the order of its ZIP. Raises Refused (`file-missing`)."""
    return _open_parts(bundle, store, [(file["name"], file["stored"]) for file in recorded.files])


def _open_parts(bundle: Bundle, store: Storage, files: Sequence[tuple[str, str]]) -> list[ZipPart]:
    """Open files, each by its name and where it is stored."""
    sizes = store.sizes(file_names.stored_folder(bundle.public_id))
    if missing := [name for name, key in files if key not in sizes]:
        raise Refused("file-missing", files=", ".join(missing))
    return [ZipPart.stored(name, store, key, sizes) for name, key in files]


def is_damaged(store: Storage, file: Json) -> bool:
    try:
        return digest_of(store.chunks(file["stored"])) != str(file["sha256"])
    except (NotFound, FileDamaged):
        return True
