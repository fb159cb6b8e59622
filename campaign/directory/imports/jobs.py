"""Dry run and import of an upload, as jobs: what was shown is done, all of it or nothing."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TypedDict

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from campaign.core import audit, db, i18n, jobs
from campaign.core.db.batches import batched
from campaign.core.db.leases import Lease, LeasedRow
from campaign.core.errors import N_, Fault, Refused, UnreadableFile
from campaign.directory.imports import uploads
from campaign.directory.imports.apply_import import (
    UNDONE_WITHIN,
    apply_plan,
    make_plan,
    remember_before,
)
from campaign.directory.imports.plan import Plan
from campaign.directory.imports.read_rows import Reading, Title
from campaign.directory.imports.row_parts import ImportChoices
from campaign.models.directory import DirectoryImport, ImportRow, ImportState, Verdict
from campaign.storage import forget_file
from campaign.web.edit_conflict import lock_row
from campaign.web.pagination import Listing, load_page

_SPAN = timedelta(minutes=10)
_REHEARSALS = Lease(DirectoryImport, held=ImportState.REHEARSING, span=_SPAN)
_IMPORTS = Lease(DirectoryImport, held=ImportState.APPLYING, span=_SPAN)
_CHUNK = 1000
_BROKEN = Fault(
    N_(
        "Sorry, something went wrong on our side. Nothing was imported. Try again, or tell the "
        "site operator."
    )
)


class FaultDetail(TypedDict):
    sentence: str
    values: dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDetail:
    """What the dry run says of a row (`PlannedRow.detail`), and of one whose import was undone.

    Kept is only what there is to say: the rest has a value here, so that a page can ask for it.
    """

    row: int
    title: Title
    slug: str
    changes: Sequence[tuple[str, str, str]] = ()
    differs: Sequence[tuple[str, str, str]] = ()
    field: str = ""
    fault: FaultDetail | None = None
    columns: Sequence[str] = ()
    cells: Sequence[str] = ()
    left_out: Sequence[tuple[str, str]] = ()
    why: FaultDetail | None = None
    shown: Mapping[str, str | dict[str, str] | list[str]] = dataclasses.field(default_factory=dict)
    before: Mapping[str, object] | None = None
    stays: str = ""


def ask_rehearsal(
    session: Session, *, kept: DirectoryImport, choices: ImportChoices, actor: str
) -> None:
    """Have a dry run made of the upload, read as `choices` say. Raises Invalid, Refused."""
    uploads.refuse_busy(kept)
    source = uploads.source_of_upload(kept, choices)
    lock_row(session, kept)
    uploads.refuse_busy(kept)
    if source.table is not None and len(choices.mapping) != len(source.table.columns):
        # In another encoding or with another heading the columns are others.
        choices.mapping = uploads.guess_choices(session, source, kept.file_name).mapping
    uploads.refuse_unmapped(source, choices)
    choices.columns = source.table.columns if source.table else []
    choices.delimiter = source.table.delimiter if source.table else ""
    kept.options = asdict(choices)
    kept.state, kept.lease_until, kept.failure = ImportState.REHEARSING, None, None
    session.flush()
    jobs.enqueue(session, "officials.rehearse-import", kept.id)
    audit.record(session, actor, "imports.rehearse", f"import:{kept.public_id}")


def ask_import(session: Session, *, kept: DirectoryImport, skip_bad: bool, actor: str) -> None:
    """Raises Refused: `import-not-ready`, `import-has-bad-rows`, `import-empty`."""
    lock_row(session, kept)
    if kept.state is not ImportState.READY:
        raise Refused("import-not-ready")
    if kept.counts.get("refused") and not skip_bad:
        raise Refused("import-has-bad-rows")
    if not kept.counts.get("added") and not kept.counts.get("changed"):
        raise Refused("import-empty")
    kept.state, kept.lease_until, kept.failure = ImportState.APPLYING, None, None
    session.flush()
    jobs.enqueue(session, "officials.apply-import", kept.id)
    audit.record(session, actor, "imports.start", f"import:{kept.public_id}")


def list_rows(
    session: Session, *, kept: DirectoryImport, verdict: Verdict | None, page: int
) -> tuple[Listing[ImportRow], list[RowDetail]]:
    """Return a page of the rows of one verdict, and what each says; none: those kept in part."""
    chosen = ImportRow.partly if verdict is None else ImportRow.verdict == verdict
    query = select(ImportRow).where(ImportRow.import_id == kept.id, chosen)
    total = int(kept.counts.get(verdict.value if verdict else "partly", 0))
    listing = load_page(session, query.order_by(ImportRow.id), page, total=total)
    return listing, [_read_detail(row) for row in listing.rows]


def list_refused_rows(session: Session, *, kept: DirectoryImport) -> list[RowDetail]:
    query = select(ImportRow).where(
        ImportRow.import_id == kept.id, ImportRow.verdict == Verdict.REFUSED
    )
    return [_read_detail(row) for row in session.scalars(query.order_by(ImportRow.id))]


def _read_detail(row: ImportRow) -> RowDetail:
    return RowDetail(row=row.row, **json.loads(row.detail))


@jobs.job("officials.rehearse-import")
def rehearse(import_id: int) -> None:
    _run(import_id, _REHEARSALS, _rehearse)


@jobs.job("officials.apply-import")
def apply_import(import_id: int) -> None:
    _run(import_id, _IMPORTS, _apply)


@jobs.job("officials.tend-imports", every_minutes=5)
def tend_imports() -> None:
    """Take up again what a worker left behind; throw away what has expired."""
    now = db.utcnow()
    with db.reading() as session:
        due = session.execute(
            select(DirectoryImport.id, DirectoryImport.state).where(
                or_(_REHEARSALS.is_due(), _IMPORTS.is_due())
            )
        ).all()
    for import_id, state in due:
        (rehearse if state is ImportState.REHEARSING else apply_import)(import_id)
    with db.transaction() as session:
        expired = select(DirectoryImport).where(
            DirectoryImport.expires_at <= now, _IMPORTS.is_free()
        )
        for kept in session.scalars(expired).all():
            forget_file(session, kept)
            session.delete(kept)


def _run(import_id: int, lease: Lease, work: Callable[[DirectoryImport, LeasedRow], None]) -> None:
    """Claim the import and do the work; what fails is said on its page."""
    with db.transaction() as session:
        hold = lease.claim(session, import_id)
    if hold is None:
        return
    with db.reading() as session:
        kept = session.get_one(DirectoryImport, import_id)
    try:
        work(kept, hold)
    except UnreadableFile as problem:
        _fail(lease, hold, problem.fault)
    except Exception:
        _fail(lease, hold, _BROKEN)
        raise


def _rehearse(kept: DirectoryImport, hold: LeasedRow) -> None:
    readings, unread = _read_file(kept)
    with db.reading() as session:
        plan = make_plan(
            session, kept.directory, readings, replace=uploads.choices_of(kept).replace
        )
    with db.transaction() as session:
        if _REHEARSALS.beat(session, hold):  # else another was quicker, and the import has moved on
            _keep_plan(session, kept.id, plan, unread=unread)


def _apply(kept: DirectoryImport, hold: LeasedRow) -> None:
    readings, unread = _read_file(kept)
    with db.transaction() as session:
        if not _IMPORTS.beat(session, hold):
            return
        plan = make_plan(
            session, kept.directory, readings, replace=uploads.choices_of(kept).replace
        )
        # Somebody changed the directory in between, or signed: nobody has seen this yet.
        again = "directory" if plan.digest() != kept.digest else ""
        if not again and not plan.rewritten.keys() <= set(kept.counts.get("rewritten", ())):
            again = "letters"
        if again:
            _keep_plan(session, kept.id, plan, unread=unread, again=again)
            return
        remember_before(session, kept, plan)
        apply_plan(session, plan, kept.directory, actor=f"staff:{kept.owner_id}")
        applied = session.get_one(DirectoryImport, kept.id)
        applied.state, applied.lease_until = ImportState.APPLIED, None
        applied.expires_at = db.utcnow() + UNDONE_WITHIN
        forget_file(session, applied)


def _read_file(kept: DirectoryImport) -> tuple[list[Reading], list[str]]:
    """Read the file, and list its unread columns, before the database's lock is taken."""
    choices, languages = uploads.choices_of(kept), tuple(i18n.languages())
    source = uploads.source_of_upload(kept)
    readings = source.readings(choices, today=i18n.today_at_home(), languages=languages)
    return list(readings), source.list_unread(choices)


def _keep_plan(
    session: Session, import_id: int, plan: Plan, *, unread: Sequence[str], again: str = ""
) -> None:
    session.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
    rows = [
        {
            "import_id": import_id,
            "verdict": item.verdict,
            "row": item.row,
            "partly": bool(item.left_out),
            "detail": json.dumps(item.detail(), ensure_ascii=False),
        }
        for item in plan.items
    ]
    for chunk in batched(rows, _CHUNK):
        session.execute(insert(ImportRow), list(chunk))
    kept = session.get_one(DirectoryImport, import_id)
    partly = sum(bool(item.left_out) for item in plan.items)
    more: dict[str, object] = {
        "again": again,
        "partly": partly,
        "crowded": plan.crowded,
        "unread": unread,
        "not_added": plan.count_not_added(),
        "differ": plan.count_differing(),
        "letters": sum(plan.rewritten.values()),
        "rewritten": list(plan.rewritten),
    }
    kept.counts = plan.counts() | {name: count for name, count in more.items() if count}
    kept.digest, kept.failure = plan.digest(), None
    kept.state, kept.lease_until = ImportState.READY, None


def _fail(lease: Lease, hold: LeasedRow, fault: Fault) -> None:
    failure = json.dumps(asdict(fault), ensure_ascii=False)
    with db.transaction() as session:
        lease.finish(session, hold, state=ImportState.FAILED, failure=failure)
