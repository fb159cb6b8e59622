"""Files of signatures: kept sealed, rehearsed by a job, then taken in whole or not at all."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, insert, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import gives_letters
from campaign.core import audit, db, jobs
from campaign.core.db import on_rollback
from campaign.core.db.leases import Lease, LeasedRow
from campaign.core.errors import DomainError, Invalid, NotFound, Refused, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.core.sealing import log_wrong_key
from campaign.directory.imports.read_list import Opened, samples_of
from campaign.directory.imports.tables import Table
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import (
    PaperImport,
    PaperImportState,
    PaperRow,
    PaperSheet,
    RowVerdict,
    SheetKind,
)
from campaign.models.signature import Origin, Signature
from campaign.models.staff import StaffUser
from campaign.paper_signatures import (
    data_entry,
    double_ticks,
    duplicates,
    read_file,
    row_signatures,
    sheets,
)
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.read_file import FileRows, RowFault
from campaign.staff.deciders import refuse_role
from campaign.storage import forget_file, storage
from campaign.web.edit_conflict import lock_row


@dataclass(frozen=True, slots=True)
class SortedRow:
    """A right row of a file; none of the ids: it counts."""

    number: int  # where it stands in the file, and on the paper
    details: Details
    prints: duplicates.Fingerprints
    twin_id: int | None = None  # the signature of the same person
    withdrew: bool = False  # whether that one was withdrawn
    earlier: int | None = None  # the row of the file that names the same person before
    gets_email: bool = False

    @property
    def counts(self) -> bool:
        return self.twin_id is None and self.earlier is None


def sort_rows(session: Session, campaign_id: int, reading: FileRows) -> list[SortedRow]:
    prints = [duplicates.fingerprints_of(details) for _number, details in reading.rows]
    matches = duplicates.find_matches(session, campaign_id, prints)
    names = duplicates.read_names(session, matches, prints)
    news_addresses = row_signatures.list_news_addresses(session, campaign_id)
    met: dict[object, int] = {}
    judged: list[SortedRow] = []
    for (number, details), marks in zip(reading.rows, prints, strict=True):
        name = duplicates.name_of(details)
        by_name = (marks.email, name) if marks.email else None
        own = [mark for mark in (marks.person, by_name, marks.email) if mark]
        twin, earlier = None, met.get(marks.person)
        if earlier is None:
            twin = duplicates.choose_namesake(matches, marks, name, names)
        if earlier is None and twin is None:
            earlier = next((met[mark] for mark in own if mark in met), None)
        if earlier is None and twin is None:
            twin = duplicates.choose_by_address(matches, marks)
        for mark in own:
            met.setdefault(mark, number if earlier is None else earlier)
        if earlier is not None:
            row = SortedRow(number, details, marks, earlier=earlier)
        elif twin is not None:
            row = SortedRow(number, details, marks, twin.signature_id, withdrew=not twin.counts)
        else:
            tell = row_signatures.keeps_address(details) and marks.email not in news_addresses
            row = SortedRow(number, details, marks, gets_email=tell)
        judged.append(row)
    return judged


def count_sorted(reading: FileRows, judged: Sequence[SortedRow]) -> dict[str, int]:
    return {
        "rows": len(reading.rows),
        "counted": sum(row.counts for row in judged),
        "doubles": sum(row.twin_id is not None and not row.withdrew for row in judged),
        "withdrawn": sum(row.withdrew for row in judged),
        "within": sum(row.earlier is not None for row in judged),
        "faults": len({fault.row for fault in reading.faults}),
        "unticked": len(reading.unticked),
        "news": sum(row.counts and row.details.news for row in judged),
        "network": sum(row.counts and row.details.network for row in judged),
        "again": 0,
    }


def insert_rows(
    session: Session, sheet: PaperSheet, judged: Sequence[SortedRow], staff_id: int
) -> None:
    common = row_signatures.common_columns(session, sheet)
    shared: dict[str, object] = {"sheet_id": sheet.id, "keyed_by_id": staff_id, "told_apart": False}
    counted = [row for row in judged if row.counts]
    ids: dict[int, int] = {}  # of signatures, by the number of the row
    if counted:
        values = [
            common
            | row_signatures.own_columns(common, row.details, row.prints, gets_email=row.gets_email)
            for row in counted
        ]
        statement = insert(Signature).returning(Signature.id, sort_by_parameter_order=True)
        new_ids = session.scalars(statement, values)
        ids = {row.number: new_id for row, new_id in zip(counted, new_ids, strict=True)}
    twins = ids | {row.number: row.twin_id for row in judged if row.twin_id is not None}
    rows = [
        shared
        | {
            "position": row.number,
            "verdict": RowVerdict.COUNTED if row.counts else RowVerdict.DOUBLE,
            "email_hmac": row.prints.email,
            "signature_id": ids.get(row.number),
            "twin_id": None if row.counts else twins[row.earlier or row.number],
            "details": None if row.counts else row.details.to_json(),
        }
        for row in judged
    ]
    if rows:
        session.execute(insert(PaperRow), rows)
        mine = select(PaperRow).where(PaperRow.sheet_id == sheet.id)
        for row in session.scalars(mine.where(PaperRow.verdict == RowVerdict.DOUBLE)):
            double_ticks.give_news(session, row)


VIEW = ("encoding", "sheet", "head")  # how a file is read, where somebody said it
_KEPT = timedelta(days=3)
_SPAN = timedelta(minutes=10)  # after so long without an end a job is taken for dead
_REHEARSALS = Lease(PaperImport, held=PaperImportState.REHEARSING, span=_SPAN)
_IMPORTS = Lease(PaperImport, held=PaperImportState.APPLYING, span=_SPAN)
_UNDOS = Lease(PaperImport, held=PaperImportState.UNDOING, span=_SPAN)
MOST_FAULTS = 200  # faults that are shown; the rest is counted
_LOOKED_BACK = 50  # files among which one with the same heads is looked for
_MAPPED_FOR_GOOD = {
    PaperImportState.REHEARSING,
    PaperImportState.APPLYING,
    PaperImportState.APPLIED,
    PaperImportState.UNDOING,
}


def upload_file(
    session: Session, campaign: Campaign, *, data: bytes, file_name: str, staff_id: int
) -> PaperImport:
    """Keep a file, to be mapped. Raises UnreadableFile, or Refused where none is taken now."""
    sheets.refuse_closed(campaign)
    table = read_file.open_list(data)[1]
    paper_import = PaperImport(
        campaign_id=campaign.id,
        owner_id=staff_id,
        file_name=file_name[:200],
        storage_key=f"imports/{secrets.token_hex(16)}",
        options={"meanings": _guess_meanings(session, table)},
        expires_at=db.utcnow() + _KEPT,
    )
    keep_in, key = storage(), paper_import.storage_key
    on_rollback(session, lambda: keep_in.delete(key))
    keep_in.write(key, db.database().keyring.seal_bytes(data, key))
    db.add_row(session, paper_import)
    _audit(session, paper_import, "paper.import-upload")
    return paper_import


def _guess_meanings(session: Session, table: Table) -> dict[str, str]:
    """Return what was chosen for the last file with the same heads, else our guess."""
    query = (
        select(PaperImport.options)
        .where(PaperImport.state.in_({PaperImportState.READY, PaperImportState.APPLIED}))
        .order_by(PaperImport.id.desc())
        .limit(_LOOKED_BACK)
    )
    for before in session.scalars(query):
        if before.get("columns") == table.columns:
            return dict(before["meanings"])
    return {str(at): meaning for at, meaning in read_file.guess_meanings(table.columns).items()}


def get_import(session: Session, public_id: str, *, by: StaffUser) -> PaperImport:
    """Return a file of one's own. Raises NotFound, also for another's or one whose time is over."""
    refuse_role(by, sheets.KEYERS, "import")
    return db.get_row(
        session,
        select(PaperImport).where(
            PaperImport.public_id == public_id,
            PaperImport.owner_id == by.id,
            PaperImport.expires_at > db.utcnow(),
        ),
        "import",
    )


def open_import(
    paper_import: PaperImport, view: Mapping[str, str] | None = None
) -> tuple[Opened, Table, dict[str, str]]:
    """Return file, table, and how it reads in other encodings. Raises NotFound, UnreadableFile."""
    if not paper_import.storage_key:
        raise NotFound("import")
    sealed = storage().read(paper_import.storage_key)
    data = db.database().keyring.open_bytes(sealed, paper_import.storage_key)
    options = paper_import.options | dict(view or {})
    opened, table = read_file.open_list(data, **{name: options.get(name, "") for name in VIEW})
    sure = opened.book or (opened.encoding.startswith("utf") and not opened.guessed_from)
    return opened, table, {} if sure else run_apart(samples_of, data)


def table_of(paper_import: PaperImport) -> Table:
    return open_import(paper_import)[1]


def choose_meanings(
    session: Session,
    paper_import: PaperImport,
    meanings: Mapping[int, str],
    *,
    collected_on: date,
    **options: object,
) -> None:
    """Take the mapping and other options, and have the dry run done. Raises Invalid, Refused."""
    lock_row(session, paper_import)
    if paper_import.state in _MAPPED_FOR_GOOD:
        raise Refused("import-busy")
    if slug := read_file.find_mapping_problem(meanings):
        raise Invalid(fields={"meanings": slug})
    campaign = session.get_one(Campaign, paper_import.campaign_id)
    sheets.refuse_impossible_day(collected_on, campaign)
    paper_import.options = options | {
        "meanings": {str(at): meaning for at, meaning in meanings.items() if meaning},
        "collected_on": collected_on.isoformat(),
    }
    paper_import.state, paper_import.lease_until = PaperImportState.REHEARSING, None
    paper_import.counts, paper_import.findings = {}, None
    session.flush()
    _audit(session, paper_import, "paper.import-rehearse")
    jobs.enqueue(session, "paper.rehearse-import", paper_import.id)


def request_import(session: Session, paper_import: PaperImport, *, skip_bad: bool = False) -> None:
    """Raises Refused where there is no dry run, or rows are wrong and nobody leaves them out."""
    lock_row(session, paper_import)
    counts = paper_import.counts
    is_right = bool(counts.get("rows")) and (skip_bad or not counts.get("faults"))
    if paper_import.state is not PaperImportState.READY or not is_right:
        raise Refused("import-not-ready")
    sheets.refuse_closed(session.get_one(Campaign, paper_import.campaign_id))
    paper_import.state, paper_import.lease_until = PaperImportState.APPLYING, None
    session.flush()
    _audit(session, paper_import, "paper.import-apply")
    jobs.enqueue(session, "paper.apply-import", paper_import.id)


@jobs.job("paper.rehearse-import")
def rehearse_import(import_id: int) -> None:
    """Say what a file would do; nothing is written but that."""
    with db.transaction() as session:
        hold = _REHEARSALS.claim(session, import_id)
    if hold is None:
        return
    with db.reading() as session:
        paper_import = session.get_one(PaperImport, import_id)
    try:
        reading = read_rows(paper_import)
        with db.reading() as session:
            judged = sort_rows(session, paper_import.campaign_id, reading)
        counts = count_sorted(reading, judged)
        findings = json.dumps(reading.faults[:MOST_FAULTS])
        state = PaperImportState.READY
    except (UnreadableFile, DomainError) as problem:
        counts, findings, state = {}, json.dumps([str(problem)]), PaperImportState.FAILED
    keep_rehearsal(hold, counts, findings, state)


def keep_rehearsal(
    hold: LeasedRow, counts: dict[str, int], findings: str, state: PaperImportState
) -> None:
    """Keep what a dry run found, unless another was quicker, and the file has moved on."""
    with db.transaction() as session:
        _REHEARSALS.finish(session, hold, state=state, counts=counts, findings=findings)


@jobs.job("paper.apply-import")
def apply_import(import_id: int) -> None:
    """Take a file in, in one transaction: all of it, or nothing."""
    with db.transaction() as session:
        hold = _IMPORTS.claim(session, import_id)
    if hold is None:
        return
    with db.reading() as session:
        paper_import = session.get_one(PaperImport, import_id)
    reading = read_rows(paper_import)
    with db.transaction() as session:
        if not _IMPORTS.beat(session, hold):
            return
        paper_import = session.get_one(PaperImport, import_id)
        judged = sort_rows(session, paper_import.campaign_id, reading)
        counts = count_sorted(reading, judged)
        if counts != counts | paper_import.counts | {"again": 0}:
            # Somebody signed, or keyed in, meanwhile: what is taken in is what was shown.
            paper_import.counts = counts | {"again": 1}
            paper_import.state, paper_import.lease_until = PaperImportState.READY, None
            return
        _insert_rows(session, paper_import, judged)


def can_undo(session: Session, sheet: PaperSheet) -> bool:
    applied = PaperImport.state == PaperImportState.APPLIED
    is_imported = db.has_row(session, _select_import_of(sheet).where(applied))
    return is_imported and gives_letters(sheet.campaign.status)


def is_being_undone(session: Session, sheet: PaperSheet) -> bool:
    undoing = PaperImport.state == PaperImportState.UNDOING
    return db.has_row(session, _select_import_of(sheet).where(undoing))


def request_undo(session: Session, sheet: PaperSheet, *, by: StaffUser) -> None:
    """Have all rows removed. Raises NotFound where it is none; Refused where none is put back."""
    paper_import = session.scalar(_select_import_of(sheet).with_for_update())
    if paper_import is None:
        raise NotFound("import")
    sheets.refuse_closed(sheet.campaign)
    if paper_import.state is PaperImportState.UNDOING:
        return
    paper_import.state, paper_import.lease_until = PaperImportState.UNDOING, None
    asked = {"undone_by": by.id, "undone_at": db.utcnow().isoformat()}
    paper_import.options = paper_import.options | asked
    rows = sheets.count_rows(session, sheet).keyed
    sheets.audit_sheet(session, sheet, f"staff:{by.id}", "paper.import-undo", rows=rows)
    jobs.enqueue(session, "paper.undo-import", paper_import.id)


@jobs.job("paper.undo-import")
def undo_import(import_id: int) -> None:
    """Remove each row as by hand, the last first: no double takes the place of one that goes.

    What was entered or put back after the undo was asked for stays.
    """
    with db.transaction() as session:
        hold = _UNDOS.claim(session, import_id)
    if hold is None:
        return
    with db.reading() as session:
        paper_import = session.get_one(PaperImport, import_id)
        sheet_id, options = paper_import.sheet_id, paper_import.options
        rows = select(PaperRow).where(
            PaperRow.sheet_id == sheet_id,
            PaperRow.verdict != RowVerdict.REMOVED,
            PaperRow.keyed_at <= datetime.fromisoformat(options["undone_at"]),
        )
        last_first = rows.order_by(PaperRow.position.desc())
        row_ids = session.scalars(last_first.with_only_columns(PaperRow.id)).all()
    for row_id in row_ids:
        with log_wrong_key("row cannot be opened", row=row_id), db.transaction() as session:
            # The sheet before the import, as who deletes it locks them.
            sheet = session.get(PaperSheet, sheet_id, with_for_update=True)
            if sheet is None or not _UNDOS.beat(session, hold):
                return
            if row := session.scalar(rows.where(PaperRow.id == row_id)):
                data_entry.remove_row(session, row, actor=f"staff:{options['undone_by']}")
    with db.transaction() as session:
        _UNDOS.finish(session, hold, state=PaperImportState.APPLIED)


def _select_import_of(sheet: PaperSheet) -> Select[PaperImport]:
    return select(PaperImport).where(PaperImport.sheet_id == sheet.id)


@jobs.job("paper.resume-imports", every_minutes=10)
def resume_imports() -> None:
    """Resume what a lost message left behind, and delete files whose time is over."""
    job_names = {
        PaperImportState.REHEARSING: "paper.rehearse-import",
        PaperImportState.APPLYING: "paper.apply-import",
        PaperImportState.UNDOING: "paper.undo-import",
    }
    is_due = or_(_REHEARSALS.is_due(), _IMPORTS.is_due(), _UNDOS.is_due())
    is_over = (PaperImport.expires_at <= db.utcnow(), PaperImport.state != PaperImportState.UNDOING)
    with db.transaction() as session:
        for paper_import in session.scalars(select(PaperImport).where(is_due)):
            jobs.enqueue(session, job_names[paper_import.state], paper_import.id)
        for paper_import in session.scalars(select(PaperImport).where(*is_over)):
            forget_file(session, paper_import)
            session.delete(paper_import)


def list_faults(paper_import: PaperImport) -> list[RowFault]:
    if not paper_import.findings or paper_import.state is PaperImportState.FAILED:
        return []
    return [RowFault(*parts) for parts in json.loads(paper_import.findings)]


def get_failure(paper_import: PaperImport) -> str:
    if paper_import.state is not PaperImportState.FAILED or not paper_import.findings:
        return ""
    return str(json.loads(paper_import.findings)[0])


def list_wrong_rows(
    paper_import: PaperImport,
) -> tuple[Table, list[tuple[int, list[RowFault], list[str]]]]:
    """Return the file and its wrong rows. Raises UnreadableFile, NotFound, Refused."""
    if paper_import.state is not PaperImportState.READY:
        raise Refused("import-not-ready")
    table = table_of(paper_import)
    return table, read_file.list_wrong_rows(table, read_rows(paper_import))


def read_rows(paper_import: PaperImport) -> FileRows:
    """Read the file by the meanings that were chosen. Raises UnreadableFile, NotFound."""
    meanings = {int(at): meaning for at, meaning in paper_import.options["meanings"].items()}
    return read_file.read_table(table_of(paper_import), meanings, paper_import.options["country"])


def _insert_rows(session: Session, paper_import: PaperImport, judged: Sequence[SortedRow]) -> None:
    actor, options = f"staff:{paper_import.owner_id}", paper_import.options
    sheet = PaperSheet(
        campaign=session.get_one(Campaign, paper_import.campaign_id),
        kind=SheetKind.SHEET,
        collected_on=date.fromisoformat(options["collected_on"]),
        country=options["country"],
        locale=options.get("locale", ""),
        place=options["place"],
        origin=Origin.PAPER if options["on_paper"] else Origin.IMPORT,
        created_by_id=paper_import.owner_id,
    )
    sheets.make_sheet(session, sheet, actor=actor)
    insert_rows(session, sheet, judged, paper_import.owner_id)
    counted = sum(row.counts for row in judged)
    data_entry.add_to_number(session, sheet, counted)
    forget_file(session, paper_import)
    paper_import.sheet_id, paper_import.state = sheet.id, PaperImportState.APPLIED
    counts = {"counted": counted, "doubles": len(judged) - counted}
    sheets.audit_sheet(session, sheet, actor, "paper.import", **counts)


def _audit(session: Session, paper_import: PaperImport, action: str) -> None:
    actor, subject = f"staff:{paper_import.owner_id}", f"paper-import:{paper_import.id}"
    audit.record(session, actor, action, subject, campaign=paper_import.campaign_id)
