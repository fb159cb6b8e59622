"""Scans of sheets and replies: judged by content, drawn anew, kept sealed.

Nothing of them is ever public; what a reply shows of its scan is a picture of its own.
"""

import io
import secrets
import warnings
from collections.abc import Callable, Sequence
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.file_approvals import refuse_unapproved
from campaign.core import audit, db
from campaign.core.errors import Invalid, NotFound
from campaign.core.file_rollback import on_rollback
from campaign.models.paper_signature import PaperSheet, Scan, ScanKind
from campaign.printing.sheets.rasterise import SIDE, CannotDraw, draw
from campaign.storage import storage

MAX_BYTES = 12 * 1024 * 1024
MAX_PAGES = 20
"""Pages of one PDF that are drawn."""
MAX_SCANS = 12
"""Of one sheet or reply."""
_MOST_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")


def read_upload(file: BinaryIO) -> bytes:
    """Return the bytes of an upload. Raises Invalid (`scan`): it is too big."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Invalid(fields={"scan": "scan-too-big"})
    return data


def keep_scan(
    session: Session,
    data: bytes,
    *,
    actor: str,
    sheet_id: int | None = None,
    reply_id: int | None = None,
    must_draw: bool = True,
) -> Scan:
    """Keep a scan of a sheet or a reply.

    Raises Invalid with the field `scan`: it is neither picture nor PDF, has too many pixels, or
    cannot be drawn. With `must_draw` off, a PDF that cannot be drawn is kept all the same.
    """
    kind = kind_of(data)
    pages = _draw_pages(data, kind, must_draw=must_draw)
    scan = Scan(
        sheet_id=sheet_id,
        reply_id=reply_id,
        kind=kind,
        folder=secrets.token_hex(16),
        pages=len(pages),
        byte_count=len(data) if kind is ScanKind.PDF else len(pages[0]),
    )
    session.add(scan)
    session.flush()
    on_rollback(session, _make_deletion(scan))
    for number, page in enumerate(pages, start=1):
        _write(scan, f"page-{number}", page)
    if kind is ScanKind.PDF:
        _write(scan, "original", data)
    audit.record(
        session, actor=actor, action="scan.add", subject=_subject_of(scan), pages=len(pages)
    )
    return scan


def kind_of(data: bytes) -> ScanKind:
    """Judge it by its first bytes and by what opens it. Raises Invalid."""
    if data.lstrip()[:5] == b"%PDF-":
        return ScanKind.PDF
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS):
            return ScanKind.IMAGE
    except Image.DecompressionBombError as problem:
        raise Invalid(fields={"scan": "scan-too-big"}) from problem
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as problem:
        raise Invalid(fields={"scan": "not-a-scan"}) from problem


def _draw_pages(data: bytes, kind: ScanKind, *, must_draw: bool) -> list[bytes]:
    if kind is ScanKind.IMAGE:
        return [redraw(data)]
    try:
        return draw(data, most=MAX_PAGES)
    except CannotDraw as problem:
        if not must_draw:
            return []
        raise Invalid(fields={"scan": "pdf-not-drawn"}) from problem


def redraw(data: bytes) -> bytes:
    """Make a picture anew from its pixels, as JPEG. Raises Invalid."""
    out = io.BytesIO()
    open_picture(data).save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()


def open_picture(data: bytes) -> Image.Image:
    """Return the pixels of a picture, upright and of a bounded size. Raises Invalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
            if picture.width * picture.height > _MOST_PIXELS:
                raise Invalid(fields={"scan": "scan-too-big"})
            picture.load()
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as problem:
        raise Invalid(fields={"scan": "not-a-scan"}) from problem
    upright.thumbnail((SIDE, SIDE))
    upright.info.clear()  # a comment would ride along
    return upright


def list_scans_of_sheet(session: Session, sheet: PaperSheet) -> Sequence[Scan]:
    return session.scalars(select(Scan).where(Scan.sheet_id == sheet.id).order_by(Scan.id)).all()


def list_scans_of_reply(session: Session, reply_id: int) -> Sequence[Scan]:
    return session.scalars(select(Scan).where(Scan.reply_id == reply_id).order_by(Scan.id)).all()


def get_scan(
    session: Session, public_id: str, *, sheet_id: int | None = None, reply_id: int | None = None
) -> Scan:
    """Return a scan of that sheet or reply. Raises NotFound, also for another's."""
    owner = Scan.sheet_id == sheet_id if sheet_id else Scan.reply_id == reply_id
    scan = session.scalar(select(Scan).where(Scan.public_id == public_id, owner))
    if scan is None:
        raise NotFound("scan")
    return scan


def read_page(scan: Scan, number: int) -> bytes:
    """Return a page as JPEG. Raises NotFound."""
    if not 1 <= number <= scan.pages:
        raise NotFound("scan")
    return _read(scan, f"page-{number}")


def read_original(session: Session, scan: Scan, *, actor: str) -> bytes:
    """Return a PDF as it came, and note it in the audit.

    Raises NotFound; NeedsApproval where nobody may have a sheet of signatures alone.
    """
    if scan.kind is not ScanKind.PDF:
        raise NotFound("scan")
    if scan.sheet_id is not None:
        sheet = session.get_one(PaperSheet, scan.sheet_id)
        refuse_unapproved(session, actor=actor, campaign=sheet.campaign)
    body = _read(scan, "original")
    audit.record(session, actor=actor, action="scan.download", subject=_subject_of(scan))
    return body


def remove_scan(session: Session, scan: Scan, *, actor: str) -> None:
    """Remove a scan, and its files once that is committed."""
    delete_files_after_commit(session, scan)
    owner = _subject_of(scan)
    session.delete(scan)
    session.flush()
    audit.record(session, actor=actor, action="scan.remove", subject=owner)


def _subject_of(scan: Scan) -> str:
    return f"paper-sheet:{scan.sheet_id}" if scan.sheet_id else f"reply:{scan.reply_id}"


def delete_files_after_commit(session: Session, *scans: Scan) -> None:
    """Delete the files of these scans once the session's work is committed."""
    db.after_commit(session, _make_deletion(*scans))


def delete_files(scan: Scan) -> None:
    """Delete a scan's files now. Raises FilesAway, or OSError."""
    _make_deletion(scan)()


def _make_deletion(*scans: Scan) -> Callable[[], None]:
    keep_in = storage()
    names = [
        name
        for scan in scans
        for name in (
            *(_name_of(scan, f"page-{number}") for number in range(1, scan.pages + 1)),
            _name_of(scan, "original"),
        )
    ]

    def delete() -> None:
        for name in names:
            keep_in.delete(name)

    return delete


def _name_of(scan: Scan, part: str) -> str:
    return f"scans/{scan.folder}/{part}"


def _write(scan: Scan, part: str, data: bytes) -> None:
    name = _name_of(scan, part)
    sealed = db.database().keyring.seal_bytes(data, name)
    with storage().writing(name) as path:
        path.write_bytes(sealed)


def _read(scan: Scan, part: str) -> bytes:
    name = _name_of(scan, part)
    with storage().open(name) as file:
        return db.database().keyring.open_bytes(file.read(), name)
