"""Scans of sheets and replies: judged by content, drawn anew, kept sealed.

Nothing of them is ever public; what a reply shows of its scan is a picture of its own.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.file_approvals import refuse_unapproved
from campaign.core import audit, db
from campaign.core.db import on_rollback
from campaign.core.errors import Invalid, NotFound, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.models.paper_signature import PaperSheet, Scan, ScanKind
from campaign.printing.redraw import draw_pages, redraw_picture
from campaign.storage import storage
from campaign.web.edit_conflict import lock_row

MAX_BYTES = 12 * 1024 * 1024
MAX_PAGES = 20  # pages of one PDF that are drawn
MAX_SCANS = 12  # of one sheet or reply
_SIDE = 2000  # longest side of what is kept of a picture, in pixels
_OF_STRANGERS = ("JPEG", "PNG", "WEBP")
_OF_OUR_SCANNERS = (*_OF_STRANGERS, "TIFF")
"""Sheets come from a scanner of ours. No reader of pictures had as many flaws as that of TIFF."""


@dataclass(frozen=True, slots=True)
class ReadScan:
    kind: ScanKind
    pages: list[bytes]
    original: bytes = b""
    """Of a PDF, which is kept as it came."""


def read_upload(file: IO[bytes]) -> bytes:
    """Return the bytes of an upload. Raises Invalid (`scan`): it is too big."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Invalid(fields={"scan": "scan-too-big"})
    return data


def read_scan(data: bytes, *, of_sheet: bool = False, draws: bool = True) -> ReadScan:
    """Judge a file by its content, while nothing is locked. Raises Invalid (`scan`).

    Without `draws`, a PDF is kept as it came until `draw_scan`.
    """
    if data.lstrip()[:5] == b"%PDF-":
        return ReadScan(ScanKind.PDF, _draw_pages(data) if draws else [], data)
    picture = _redraw(data, _OF_OUR_SCANNERS if of_sheet else _OF_STRANGERS)
    return ReadScan(ScanKind.IMAGE, [picture])


def keep_scan(
    session: Session,
    read: ReadScan,
    *,
    actor: str,
    sheet_id: int | None = None,
    reply_id: int | None = None,
) -> Scan:
    pages = read.pages
    scan = Scan(
        sheet_id=sheet_id,
        reply_id=reply_id,
        kind=read.kind,
        folder=secrets.token_hex(16),
        pages=len(pages),
        byte_count=len(read.original or pages[0]),
    )
    db.add_row(session, scan)
    on_rollback(session, _make_deletion(scan))
    _write_pages(scan, pages)
    if read.original:
        _write(scan, "original", read.original)
    audit.record(session, actor, "scan.add", _subject_of(scan), pages=len(pages))
    return scan


def draw_scan(session: Session, scan: Scan, *, actor: str) -> None:
    """Draw the pages of a PDF that was kept as it came. Raises Invalid (`scan`)."""
    if _is_drawn(scan):
        return
    pages = _draw_pages(_read(scan, "original"))
    lock_row(session, scan)
    if _is_drawn(scan):
        return
    scan.pages = len(pages)
    _write_pages(scan, pages)
    session.flush()
    audit.record(session, actor, "scan.draw", _subject_of(scan), pages=len(pages))


def _is_drawn(scan: Scan) -> bool:
    return bool(scan.pages) or scan.kind is not ScanKind.PDF


def _write_pages(scan: Scan, pages: Sequence[bytes]) -> None:
    for number, page in enumerate(pages, start=1):
        _write(scan, f"page-{number}", page)


def _redraw(data: bytes, formats: Sequence[str]) -> bytes:
    try:
        return run_apart(redraw_picture, data, side=_SIDE, formats=formats).body
    except UnreadableFile as problem:
        is_too_big = problem.fault.sentence == "picture-too-big"
        raise Invalid(fields={"scan": "scan-too-big" if is_too_big else "not-a-scan"}) from problem


def _draw_pages(data: bytes) -> list[bytes]:
    try:
        return run_apart(draw_pages, data, most=MAX_PAGES)
    except UnreadableFile as problem:
        raise Invalid(fields={"scan": "pdf-not-drawn"}) from problem


def list_scans_of_sheet(session: Session, sheet: PaperSheet) -> Sequence[Scan]:
    return session.scalars(select(Scan).where(Scan.sheet_id == sheet.id).order_by(Scan.id)).all()


def list_scans_of_reply(session: Session, reply_id: int) -> Sequence[Scan]:
    return session.scalars(select(Scan).where(Scan.reply_id == reply_id).order_by(Scan.id)).all()


def get_scan(
    session: Session, public_id: str, *, sheet_id: int | None = None, reply_id: int | None = None
) -> Scan:
    """Return a scan of that sheet or reply. Raises NotFound, also for another's."""
    owner = Scan.sheet_id == sheet_id if sheet_id else Scan.reply_id == reply_id
    return db.get_row(session, select(Scan).where(Scan.public_id == public_id, owner), "scan")


def read_page(scan: Scan, number: int) -> bytes:
    if not 1 <= number <= scan.pages:
        raise NotFound("scan")
    return _read(scan, f"page-{number}")


def read_original(session: Session, scan: Scan, *, actor: str) -> bytes:
    """Raises NotFound; NeedsApproval where nobody may have a sheet of signatures alone."""
    if scan.kind is not ScanKind.PDF:
        raise NotFound("scan")
    if scan.sheet_id is not None:
        sheet = session.get_one(PaperSheet, scan.sheet_id)
        refuse_unapproved(session, actor=actor, campaign=sheet.campaign)
    body = _read(scan, "original")
    audit.record(session, actor, "scan.download", _subject_of(scan))
    return body


def remove_scan(session: Session, scan: Scan, *, actor: str) -> None:
    delete_files_after_commit(session, scan)
    owner = _subject_of(scan)
    session.delete(scan)
    session.flush()
    audit.record(session, actor, "scan.remove", owner)


def _subject_of(scan: Scan) -> str:
    return f"paper-sheet:{scan.sheet_id}" if scan.sheet_id else f"reply:{scan.reply_id}"


def delete_files_after_commit(session: Session, *scans: Scan) -> None:
    db.after_commit(session, _make_deletion(*scans))


def delete_files(scan: Scan) -> None:
    """Delete a scan's files now. Raises FilesAway, or OSError."""
    _make_deletion(scan)()


def _make_deletion(*scans: Scan) -> Callable[[], None]:
    names = [
        _name_of(scan, part)
        for scan in scans
        for part in (*(f"page-{number}" for number in range(1, scan.pages + 1)), "original")
    ]
    return partial(storage().delete, *names)


def _name_of(scan: Scan, part: str) -> str:
    return f"scans/{scan.folder}/{part}"


def _write(scan: Scan, part: str, data: bytes) -> None:
    name = _name_of(scan, part)
    storage().write(name, db.database().keyring.seal_bytes(data, name))


def _read(scan: Scan, part: str) -> bytes:
    name = _name_of(scan, part)
    return db.database().keyring.open_bytes(storage().read(name), name)
