"""Making an export: a job that leases its row.

The file's name is recorded before the file is made: the next attempt removes what a killed worker
left.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.volumes.print_queue import MOST_TRIES, fault_of
from campaign.core import age, audit, db, jobs
from campaign.core.db.leases import LEASE, Lease, LeasedRow
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.exports import consent_list, records, write_file
from campaign.exports.export_rules import Watermark, refuse_source
from campaign.exports.mails import send_failed, send_ready
from campaign.exports.people_in_file import NotePerson, name_people, note_in
from campaign.models.export import DataExport, ExportState

T = TypeVar("T")
log = structlog.get_logger()
_PROGRESS_SECONDS = 1.0
GONE = "campaign-stopped"
EMPTY = "emptied"
ACTOR = "job:exports.make"
EXPORTS = Lease(DataExport, held=ExportState.MAKING)


@dataclass(frozen=True, slots=True)
class Claim(LeasedRow):
    storage_key: str  # of the file that this attempt makes


class NoLongerOurs(Exception):
    """Another worker has taken the export."""


@jobs.job("exports.make")
def make(export_id: int) -> None:
    hold = claim(export_id)
    if hold is None:
        return
    try:
        with EXPORTS.keep_alive(hold):
            _make(hold)
    except NoLongerOurs:
        log.info("export lost", export=export_id, attempt=hold.attempt)
        delete_file(hold.storage_key)
    except Refused as problem:
        _fail(hold, EMPTY if problem.slug == EMPTY else GONE)
    except BaseException as problem:
        with db.transaction() as session:
            EXPORTS.give_back(session, hold, LEASE)
        if hold.attempt >= MOST_TRIES:
            _fail(hold, fault_of(problem))
        raise


def claim(export_id: int) -> Claim | None:
    """Take the export for making; None where it is not due."""
    key = f"exports/{secrets.token_hex(16)}"
    with db.transaction() as session:
        old = session.scalar(select(DataExport.storage_key).where(DataExport.id == export_id))
        hold = EXPORTS.claim(session, export_id, storage_key=key, rows_done=0, rows_unreadable=0)
    if hold is None:
        return None
    if old:
        delete_file(old)
    return Claim(export_id, hold.attempt, key)


def delete_file(storage_key: str) -> None:
    storage.storage().delete(storage_key, name_people(storage_key))


def forget_file(session: Session, export: DataExport) -> None:
    """Delete its file, and who was in it, once the session's work is committed."""
    key, export.storage_key = export.storage_key, ""
    if key:
        db.after_commit(session, partial(delete_file, key))


def _make(hold: Claim) -> None:
    store = storage.storage()
    with db.reading() as session:
        export = session.get_one(DataExport, hold.row_id)
        refuse_source(export)
        keys, name = list(export.recipients), _file_name(export)
        progress = _Progress(hold)
        make_chunks = _consents(session, export, progress) or _records(session, export, progress)
    with (
        store.workshop() as workshop,
        store.create(name_people(hold.storage_key)) as people,
        store.create(hold.storage_key) as file,
    ):
        out = _MeasuredFile(file)
        chunks = make_chunks(Path(workshop), note_in(people))
        if keys:
            age.encrypt(chunks, keys, out)
        else:
            for chunk in chunks:
                out.write(chunk)
    _finish(hold, progress, out, name)


_Chunks = Callable[[Path, NotePerson], Iterator[bytes]]
"""Yields the file, given a private folder and what keeps who is in it."""


def _consents(session: Session, export: DataExport, progress: "_Progress") -> _Chunks | None:
    """Return how a list of consents is written; None where the export is of a campaign."""
    columns, since = export.columns, export.told_since
    if columns is None:
        return None
    progress.total = consent_list.count(session, since)

    def write(_workshop: Path, note: NotePerson) -> Iterator[bytes]:
        rows = consent_list.iter_rows(since, progress.count_unreadable, note)
        return consent_list.write(columns, progress.count(rows))

    return write


def _records(session: Session, export: DataExport, progress: "_Progress") -> _Chunks:
    approved = export.decided_by
    source = records.Source.of(export)
    mark = Watermark(
        number=export.id,
        reference=export.campaign.reference if export.campaign else "",
        kind=export.kind,
        asked_by=export.requested_by.name or export.requested_by.email,
        asked_at=export.requested_at,
        reason=export.reason,
        approved_by=(approved.name or approved.email) if approved else "",
        bundle=export.bundle_sequence,
    )
    chosen, locale = export.format, export.locale
    progress.total = records.count(session, source)
    if source.bundle_id and not progress.total:
        # Its printed files may be kept longer than the names of those who wrote.
        raise Refused(EMPTY)

    def write(workshop: Path, note: NotePerson) -> Iterator[bytes]:
        rows = progress.count(records.iter_records(source, progress.count_unreadable, note))
        return write_file.write(chosen, mark, source.columns, rows, workshop, locale=locale)

    return write


def _file_name(export: DataExport) -> str:
    ending = f"{export.format.value}{'.age' if export.recipients else ''}"
    if export.campaign is None:
        return f"export-{export.id}_network_{export.columns}.{ending}"
    safe = re.sub(r"[^A-Za-z0-9]+", "-", export.campaign.reference).strip("-")
    part = f"_{export.bundle_sequence:03d}" if export.bundle_sequence else ""
    name = safe or export.campaign.slug
    return f"export-{export.id}_{name}{part}_{export.kind.value}.{ending}"


@dataclass(slots=True)
class _MeasuredFile:
    """Passes on what is written, with its size and digest."""

    file: age.Writable
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size: int = 0

    def write(self, data: bytes) -> int:
        self.file.write(data)
        self.digest.update(data)
        self.size += len(data)
        return len(data)


@dataclass(slots=True)
class _Progress:
    """Counts rows and notes them, once a second at most. Raises NoLongerOurs."""

    hold: Claim
    total: int = 0
    done: int = 0
    unreadable: int = 0
    noted_at: float = 0.0

    def count_unreadable(self) -> None:
        self.unreadable += 1

    def count(self, rows: Iterable[T]) -> Iterator[T]:
        for row in rows:
            yield row
            self.done += 1
            if self.done % 500 != 0 and self.done != 1:
                continue
            now = time.monotonic()
            if now - self.noted_at < _PROGRESS_SECONDS:
                continue
            self.noted_at = now
            with db.transaction() as session:
                if not EXPORTS.beat(session, self.hold, rows_done=self.done, rows_total=self.total):
                    raise NoLongerOurs


def _fail(hold: Claim, slug: str) -> None:
    with db.transaction() as session:
        if EXPORTS.finish(session, hold, state=ExportState.FAILED, failure=slug):
            audit.record(session, ACTOR, "export.failed", f"export:{hold.row_id}", reason=slug)
            send_failed(session, session.get_one(DataExport, hold.row_id), slug)
    delete_file(hold.storage_key)


def _finish(hold: Claim, progress: _Progress, out: _MeasuredFile, name: str) -> None:
    now, sha256 = db.utcnow(), out.digest.hexdigest()
    with db.transaction() as session:
        ours = EXPORTS.finish(
            session,
            hold,
            state=ExportState.READY,
            rows_done=progress.done,
            rows_total=progress.done,
            rows_unreadable=progress.unreadable,
            file_name=name,
            byte_count=out.size,
            sha256=sha256,
            ready_at=now,
            expires_at=now + timedelta(hours=current_settings().export_hours),
        )
        if not ours:
            raise NoLongerOurs
        audit.record(
            session,
            ACTOR,
            "export.ready",
            f"export:{hold.row_id}",
            rows=progress.done,
            sha256=sha256,
        )
        send_ready(session, session.get_one(DataExport, hold.row_id))
