"""Handing out a bundle's files: the ZIP, and what is printed once more, the same byte for byte.

Printing again is recorded, and counted nowhere.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles import access, file_approvals, file_names
from campaign.bundles.changes import prints, withdrawals
from campaign.bundles.documents.bundle_zip import ZipPart, stream_zip
from campaign.campaigns.stop_rule import may_go_out
from campaign.core import audit, db
from campaign.core.db import Json
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.bundle import Bundle, BundlePrint, BundleReprint
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser
from campaign.screening.flag_check import refuse_unchecked_in
from campaign.storage import Storage

MOST_REASON = 300  # characters of the reason


@dataclass(frozen=True, slots=True)
class Download:
    name: str
    size: int
    chunks: Iterable[bytes]


def open_download(
    session: Session, bundle: Bundle, store: Storage, *, by: StaffUser | None, actor: str
) -> Download:
    """The bundle's ZIP as a stream; leaves a line in the audit.

    `by` is None for a command, which only who has the machine can give.
    Raises NotFound where the role of `by` has no such bundles.
    Raises Refused as `access.refuse_files`, `file-missing` (the storage lacks `files`),
    `taken-back` (it holds or names what was taken back, and is to be made again without it),
    `lists-changed`, `letters-unchecked` (against the newest risk flags), `names-others` (people who
    are in another bundle by now) or `forgotten` (somebody whose details were deleted);
    NeedsApproval where nobody may have it alone.
    """
    if by is not None:
        access.refuse_role(by, bundle)
    access.refuse_files(bundle)
    if bundle.zip_sha256 is None:
        raise Refused("not-ready")
    file_approvals.refuse_unapproved(session, actor=actor, campaign=bundle.campaign, bundle=bundle)
    withdrawals.refuse_taken_back(session, bundle)
    refuse_unchecked_in(session, bundle)
    withdrawals.refuse_forgotten(session, bundle)
    download = _open_zip(bundle, prints.list_zip_parts(session, bundle, store))
    audit.record(session, actor, "bundle.download", f"bundle:{bundle.id}", bytes=download.size)
    return download


def _open_zip(bundle: Bundle, parts: Iterable[ZipPart]) -> Download:
    name = file_names.zip_name(bundle)
    whole = stream_zip(name, parts, bundle.created_at)
    return Download(f"{name}.zip", len(whole), as_long_as_running(whole, bundle.campaign_id))


def as_long_as_running(chunks: Iterable[bytes], campaign_id: int) -> Iterator[bytes]:
    """The chunks of a download, as long as the campaign that it is of is not stopped."""
    return while_wanted(chunks, partial(_may_still_go_out, db.database(), campaign_id))


def while_wanted(
    chunks: Iterable[bytes], wanted: Callable[[], bool], clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """The chunks, as long as they are wanted: a download under way breaks off within a second."""
    asked = clock()
    for chunk in chunks:
        if clock() - asked >= 1:
            if not wanted():
                return
            asked = clock()
        yield chunk


def _may_still_go_out(database: db.Database, campaign_id: int) -> bool:
    """Whether no stop has come; asked while a download goes out, after its request."""
    with database.sessions() as session:
        status = session.scalar(select(Campaign.status).where(Campaign.id == campaign_id))
    return status is None or may_go_out(status)


def list_choices(session: Session, bundle: Bundle) -> list[str]:
    """List what can be printed once more, as far as nobody gone or forgotten is in it.

    The names of its PDFs; "" is the whole ZIP.
    """
    recorded = prints.find_print(session, bundle)
    if recorded is None or bundle.emptied_at is not None:
        return []
    if withdrawals.awaits_remake(session, bundle):
        return []
    taken_back = withdrawals.list_taken_back(session, bundle, limit=None)
    without = {letter.volume for letter in taken_back}
    forgotten = withdrawals.holds_forgotten(session, bundle)
    named = forgotten or withdrawals.names_others(session, bundle)
    if forgotten:
        without.update(withdrawals.list_forgotten_volumes(session, bundle))
    gone = {file_names.volume_file(volume) for volume in without}
    pdfs = [file["name"] for file in recorded.files if file["pages"]]
    if not gone and not named:
        return ["", *pdfs]
    volumes = {file["name"] for file in recorded.files if file["name"].startswith("letters-")}
    # Of a print that was made again only the volumes are left that stand in the later one too.
    papers = () if recorded.removed_at else file_names.NAME_NOBODY
    whole = (volumes - gone) | set(papers)
    return [name for name in pdfs if name in whole]


def refuse_reprint(session: Session, bundle: Bundle) -> None:
    """Raise Refused where nothing of it can be printed again now.

    As `access.refuse_files`, `letters-unchecked` (against the newest risk flags), or where it is
    made again first: as `refuse_taken_back`.
    """
    access.refuse_files(bundle)
    if withdrawals.awaits_remake(session, bundle):
        withdrawals.refuse_taken_back(session, bundle)
    refuse_unchecked_in(session, bundle)


def reprint(
    session: Session, bundle: Bundle, store: Storage, *, name: str, reason: str, actor: str
) -> Download:
    """A file of the bundle (`name` empty: the whole ZIP) once more, as it was, byte for byte.

    Each file is compared with its recorded hash before anything is given out. Raises Refused as
    `refuse_reprint`, and `file-differs`. Raises Invalid: `reason-missing`; NeedsApproval where
    nobody may have it alone.
    """
    refuse_reprint(session, bundle)
    file_approvals.refuse_unapproved(session, actor=actor, campaign=bundle.campaign, bundle=bundle)
    if not reason.strip():
        raise Invalid(fields={"reason": "reason-missing"})
    recorded = prints.find_print(session, bundle)
    if recorded is None:
        raise NotFound("file")
    if name not in list_choices(session, bundle):
        withdrawals.refuse_forgotten(session, bundle)
        raise Refused("taken-back")
    files = [file for file in recorded.files if name in {"", file["name"]}]
    if any(prints.is_damaged(store, file) for file in files):
        raise Refused("file-differs")
    download = _open_again(bundle, recorded, files, store, name)
    digest = files[0]["sha256"] if name else recorded.zip_sha256
    session.add(
        BundleReprint(
            bundle_id=bundle.id,
            print_id=recorded.id,
            file=name,
            sha256=digest,
            reason=reason.strip()[:MOST_REASON],
            staff_id=audit.staff_id(actor),
        )
    )
    session.flush()
    audit.record(session, actor, "bundle.reprint", bundle, file=name or "zip", sha256=digest)
    return download


def _open_again(
    bundle: Bundle, recorded: BundlePrint, files: list[Json], store: Storage, name: str
) -> Download:
    if not name:
        return _open_zip(bundle, prints.parts_in(bundle, recorded, store))
    chunks = as_long_as_running(store.chunks(files[0]["stored"]), bundle.campaign_id)
    return Download(f"{file_names.zip_name(bundle)}_{name}", files[0]["bytes"], chunks)


def list_reprints(session: Session, bundle: Bundle) -> Sequence[BundleReprint]:
    of_bundle = select(BundleReprint).where(BundleReprint.bundle_id == bundle.id)
    return session.scalars(of_bundle.order_by(BundleReprint.id.desc())).all()
