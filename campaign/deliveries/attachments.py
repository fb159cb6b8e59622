"""Pictures and receipts of a visit: judged by content, drawn anew, kept sealed.

What a post shows of them is a picture of its own, which `publish_delivery` makes.
"""

import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content import pictures
from campaign.core import audit, db
from campaign.core.db import on_rollback
from campaign.core.errors import Invalid, NotFound, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.models.delivery import GateFile, GateFileFormat, GateFileKind, GateVisit
from campaign.printing.redraw import draw_pages
from campaign.storage import storage

MAX_BYTES = pictures.MAX_BYTES  # of one file
MAX_PICTURES = 8  # of one visit
MAX_PAGES = 6  # pages of a receipt that are drawn
MAX_REQUEST_BYTES = 60 * 1024 * 1024
"""Of all that is sent at once: phones make pictures smaller before they send them."""


@dataclass(frozen=True, slots=True)
class RedrawnFile:
    """A file as it will be kept: its pages as JPEG, and a PDF as it came."""

    kind: GateFileKind
    pages: tuple[bytes, ...]
    original: bytes = b""


def draw_picture(file: BinaryIO, name: str) -> RedrawnFile:
    """Return a picture without place, camera and comment. Raises Invalid (`pictures`)."""
    try:
        return RedrawnFile(GateFileKind.PICTURE, (pictures.redrawn(file, name=name).body,))
    except Invalid as problem:
        raise Invalid(fields={"pictures": problem.fields["picture"]}) from problem


def draw_receipt(file: BinaryIO, name: str) -> RedrawnFile:
    """Return the receipt, a picture or a PDF. Raises Invalid (`receipt`)."""
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Invalid(fields={"receipt": "receipt-too-big"})
    is_pdf = body.lstrip()[:5] == b"%PDF-"
    if is_pdf != name.lower().endswith(".pdf"):
        raise Invalid(fields={"receipt": "receipt-lies"})
    try:
        if is_pdf:
            pages = tuple(run_apart(draw_pages, body, most=MAX_PAGES))
            return RedrawnFile(GateFileKind.RECEIPT, pages, body)
        page = pictures.redrawn(io.BytesIO(body), name=name).body
        return RedrawnFile(GateFileKind.RECEIPT, (page,))
    except UnreadableFile as problem:
        raise Invalid(fields={"receipt": "pdf-not-drawn"}) from problem
    except Invalid as problem:
        raise Invalid(fields={"receipt": problem.fields["picture"]}) from problem


def keep_file(session: Session, visit: GateVisit, drawn: RedrawnFile) -> None:
    file = GateFile(
        kind=drawn.kind,
        format=GateFileFormat.PDF if drawn.original else GateFileFormat.IMAGE,
        folder=secrets.token_hex(16),
        pages=len(drawn.pages),
    )
    visit.files.append(file)
    session.flush()
    on_rollback(session, _make_deletion(file))
    for number, page in enumerate(drawn.pages, start=1):
        storage().write(_name_of(file, f"page-{number}"), page)
    if drawn.original:
        storage().write(_name_of(file, "original"), drawn.original)


def get_file(session: Session, visit: GateVisit, public_id: str) -> GateFile:
    """Return a file of that visit. Raises NotFound, also for another's."""
    query = select(GateFile).where(GateFile.public_id == public_id, GateFile.visit_id == visit.id)
    return db.get_row(session, query, "gate-file")


def read_page(file: GateFile, number: int) -> bytes:
    """Return a page as JPEG. Raises NotFound."""
    if not 1 <= number <= file.pages:
        raise NotFound("gate-file")
    return storage().read(_name_of(file, f"page-{number}"))


def read_original(session: Session, file: GateFile, *, actor: str) -> bytes:
    """Return a PDF as it came, and note it in the audit. Raises NotFound."""
    if file.format is not GateFileFormat.PDF:
        raise NotFound("gate-file")
    body = storage().read(_name_of(file, "original"))
    for attempt in file.visit.attempts:
        audit.record(session, actor, "delivery.receipt", f"delivery:{attempt.id}")
    return body


def delete_files(session: Session, visit: GateVisit) -> None:
    """Delete the files of a visit once the session's work is committed."""
    db.after_commit(session, _make_deletion(*visit.files))


def _make_deletion(*files: GateFile) -> Callable[[], None]:
    names = [
        _name_of(file, part)
        for file in files
        for part in (*(f"page-{number}" for number in range(1, file.pages + 1)), "original")
    ]
    return partial(storage().delete, *names)


def _name_of(file: GateFile, part: str) -> str:
    return f"gate/{file.folder}/{part}"
