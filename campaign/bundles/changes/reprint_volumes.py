"""Printing a bundle, or a file of it, once more: the same bytes, recorded, and counted nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles import access, file_approvals, file_names, find_bundles
from campaign.bundles.changes import prints, withdrawals
from campaign.bundles.documents.bundle_zip import stream_zip
from campaign.bundles.find_bundles import Download
from campaign.core import audit
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.bundle import Bundle, BundlePrint, BundleReprint
from campaign.storage import Storage

MOST_REASON = 300
"""Characters of the reason."""


@dataclass(frozen=True, slots=True)
class ReprintChoice:
    """What can be printed once more; the whole ZIP has no name."""

    name: str
    pages: int | None


def list_choices(session: Session, bundle: Bundle) -> list[ReprintChoice]:
    """List the whole bundle, and each PDF of it, as far as nobody who is gone is in it."""
    recorded = prints.find_print(session, bundle)
    if recorded is None or bundle.emptied_at is not None:
        return []
    taken_back = withdrawals.list_taken_back(session, bundle, limit=None)
    gone = {file_names.volume_file(letter.volume) for letter in taken_back}
    pdfs = [ReprintChoice(file["name"], file["pages"]) for file in recorded.files if file["pages"]]
    if not gone:
        return [ReprintChoice("", None), *pdfs]
    volumes = {file["name"] for file in recorded.files if file["name"].startswith("letters-")}
    whole = (volumes - gone) | set(file_names.NAME_NOBODY)
    return [pdf for pdf in pdfs if pdf.name in whole]


def reprint(
    session: Session,
    bundle: Bundle,
    store: Storage,
    *,
    name: str,
    reason: str,
    actor: str,
    staff_id: int | None = None,
) -> Download:
    """A file of the bundle (`name` empty: the whole ZIP) once more, as it was, byte for byte.

    Each file is compared with its recorded hash before anything is given out. Raises Refused:
    `stopped`, `emptied`, `not-ready`, `file-differs`, `taken-back`. Raises Invalid:
    `reason-missing`; NeedsApproval where nobody may have it alone.
    """
    access.refuse_files(bundle)
    file_approvals.refuse_unapproved(session, actor=actor, campaign=bundle.campaign, bundle=bundle)
    if not reason.strip():
        raise Invalid(fields={"reason": "reason-missing"})
    recorded = prints.find_print(session, bundle)
    if recorded is None:
        raise NotFound("file")
    if name not in {choice.name for choice in list_choices(session, bundle)}:
        raise Refused("taken-back")
    files = [file for file in recorded.files if name in {"", file["name"]}]
    if any(prints.is_damaged(store, file) for file in files):
        raise Refused("file-differs")
    download = _open(bundle, recorded, files, store, name)
    _record(
        session, bundle, recorded, files, name=name, reason=reason, actor=actor, staff_id=staff_id
    )
    return download


def _open(
    bundle: Bundle, recorded: BundlePrint, files: list[dict[str, Any]], store: Storage, name: str
) -> Download:
    folder = find_bundles.zip_name(bundle)
    if name:
        file = files[0]
        chunks = find_bundles.as_long_as_running(store.chunks(file["stored"]), bundle)
        return Download(f"{folder}_{name}", file["bytes"], chunks)
    parts = prints.parts_in(bundle, recorded, store)
    chunks = stream_zip(folder, parts, bundle.created_at)
    return Download(f"{folder}.zip", len(chunks), find_bundles.as_long_as_running(chunks, bundle))


def _record(
    session: Session,
    bundle: Bundle,
    recorded: BundlePrint,
    files: list[dict[str, Any]],
    *,
    name: str,
    reason: str,
    actor: str,
    staff_id: int | None,
) -> None:
    digest = files[0]["sha256"] if name else recorded.zip_sha256
    session.add(
        BundleReprint(
            bundle_id=bundle.id,
            print_id=recorded.id,
            file=name,
            sha256=digest,
            reason=reason.strip()[:MOST_REASON],
            staff_id=staff_id,
        )
    )
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="bundle.reprint",
        subject=f"bundle:{bundle.id}",
        file=name or "zip",
        sha256=digest,
    )


def list_reprints(session: Session, bundle: Bundle) -> Sequence[BundleReprint]:
    """List what was printed once more, the newest first."""
    return session.scalars(
        select(BundleReprint)
        .where(BundleReprint.bundle_id == bundle.id)
        .order_by(BundleReprint.id.desc())
    ).all()
