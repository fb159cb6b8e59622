"""Files of signatures: kept sealed, rehearsed by a job, then taken in whole or not at all."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.core import audit, db, jobs
from campaign.core.errors import DomainError, Invalid, NotFound, Refused
from campaign.core.file_rollback import when_undone
from campaign.core.leases import Hold, Lease
from campaign.directory.imports.file_types import Opened, samples_of
from campaign.directory.imports.read_rows import UnreadableFile
from campaign.directory.imports.tables import Table
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperImport, PaperImportState, SheetKind
from campaign.models.signature import Origin
from campaign.paper_signatures import data_entry, read_file, sheets
from campaign.paper_signatures.import_rows import SortedRows, insert_rows, sort_rows
from campaign.paper_signatures.read_file import Fault, FileRows
from campaign.storage import storage

VIEW = ("encoding", "sheet", "head")
"""How a file is read, where somebody said it."""
_KEPT = timedelta(days=3)
_SPAN = timedelta(minutes=10)
"""After so long without an end a job is taken for dead."""
_REHEARSALS = Lease(PaperImport, held=PaperImportState.REHEARSING, span=_SPAN)
_IMPORTS = Lease(PaperImport, held=PaperImportState.APPLYING, span=_SPAN)
MOST_FAULTS = 200
"""Faults that are shown; the rest is counted."""
_LOOKED_BACK = 50
"""Files among which one with the same heads is looked for."""
_BUSY = {PaperImportState.REHEARSING, PaperImportState.APPLYING}


def upload_file(
    session: Session, campaign: Campaign, *, data: bytes, file_name: str, staff_id: int
) -> PaperImport:
    """Keep a file, to be mapped. Raises UnreadableFile, or Refused where none is taken now."""
    sheets.refuse_closed(campaign)
    table = read_file.open_table(data)
    made = PaperImport(
        campaign_id=campaign.id,
        owner_id=staff_id,
        file_name=file_name[:200],
        storage_key=f"imports/{secrets.token_hex(16)}",
        options={"meanings": _guess_meanings(session, table)},
        expires_at=db.utcnow() + _KEPT,
    )
    keep_in, key = storage(), made.storage_key
    when_undone(session, lambda: keep_in.delete(key))
    sealed = db.database().keyring.seal_bytes(data, made.storage_key)
    with storage().writing(made.storage_key) as path:
        path.write_bytes(sealed)
    session.add(made)
    session.flush()
    _audit(session, made, "paper.import-upload")
    return made


def _guess_meanings(session: Session, table: Table) -> dict[str, str]:
    """What was chosen for the last file with the same heads, else our guess."""
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


def get_import(session: Session, public_id: str, *, owner_id: int) -> PaperImport:
    """A file of one's own. Raises NotFound, also for another's and one whose time is over."""
    found = session.scalar(
        select(PaperImport).where(
            PaperImport.public_id == public_id,
            PaperImport.owner_id == owner_id,
            PaperImport.expires_at > db.utcnow(),
        )
    )
    if found is None:
        raise NotFound("import")
    return found


def open_import(
    made: PaperImport, view: Mapping[str, str] | None = None
) -> tuple[Opened, Table, dict[str, str]]:
    """The file, its table, and how it reads in other encodings where its own is not sure.

    `view` says how it is read otherwise than was chosen. Raises NotFound once it is applied,
    UnreadableFile where it cannot be read so.
    """
    if not made.storage_key:
        raise NotFound("import")
    with storage().open(made.storage_key) as file:
        data = db.database().keyring.open_bytes(file.read(), made.storage_key)
    said = made.options | dict(view or {})
    opened, table = read_file.open_list(data, **{one: said.get(one, "") for one in VIEW})
    sure = opened.book or (opened.encoding.startswith("utf") and not opened.guessed_from)
    return opened, table, {} if sure else samples_of(data)


def table_of(made: PaperImport) -> Table:
    """The file as a table. Raises NotFound once it is applied."""
    return open_import(made)[1]


def choose_meanings(
    session: Session,
    made: PaperImport,
    *,
    meanings: Mapping[int, str],
    on_paper: bool,
    collected_on: date,
    place: str,
    country: str,
    view: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Take the mapping, and have the dry run done. Raises Invalid or Refused."""
    if made.state in _BUSY or made.state is PaperImportState.APPLIED:
        raise Refused("import-busy")
    if slug := read_file.find_mapping_problem(meanings):
        raise Invalid(fields={"meanings": slug})
    sheets.refuse_day_to_come(collected_on)
    made.options = {
        "meanings": {str(at): meaning for at, meaning in meanings.items() if meaning},
        "on_paper": on_paper,
        "collected_on": collected_on.isoformat(),
        "place": place,
        "country": country,
        "columns": list(columns),
        **{one: said for one, said in (view or {}).items() if one in VIEW},
    }
    made.state, made.counts, made.findings = PaperImportState.REHEARSING, {}, None
    made.lease_until = None
    session.flush()
    _audit(session, made, "paper.import-rehearse")
    jobs.enqueue(session, "paper.rehearse-import", made.id)


def request_import(session: Session, made: PaperImport, *, skip_bad: bool = False) -> None:
    """Have what the dry run showed taken in. Raises Refused where that cannot be.

    Wrong rows keep all from being taken in, unless somebody says that they are left out.
    """
    wrong = made.counts.get("faults") and not skip_bad
    if made.state is not PaperImportState.READY or wrong or not made.counts.get("rows"):
        raise Refused("import-not-ready")
    sheets.refuse_closed(session.get_one(Campaign, made.campaign_id))
    made.state, made.lease_until = PaperImportState.APPLYING, None
    session.flush()
    _audit(session, made, "paper.import-apply")
    jobs.enqueue(session, "paper.apply-import", made.id)


@jobs.job("paper.rehearse-import")
def rehearse_import(import_id: int) -> None:
    """Say what a file would do; nothing is written but that."""
    with db.transaction() as session:
        hold = _REHEARSALS.claim(session, import_id)
    if hold is None:
        return
    with db.reading() as session:
        made = session.get_one(PaperImport, import_id)
        try:
            reading = read_rows(made)
            counts = sort_rows(session, made.campaign_id, reading).counts(reading)
            findings = json.dumps([one.to_json() for one in reading.faults[:MOST_FAULTS]])
            state = PaperImportState.READY
        except (UnreadableFile, DomainError) as problem:
            counts, findings, state = {}, json.dumps([str(problem)]), PaperImportState.FAILED
    keep_rehearsal(hold, counts, findings, state)


def keep_rehearsal(
    hold: Hold, counts: dict[str, int], findings: str, state: PaperImportState
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
        reading = read_rows(session.get_one(PaperImport, import_id))
    with db.transaction() as session:
        if not _IMPORTS.beat(session, hold):
            return
        made = session.get_one(PaperImport, import_id)
        judged = sort_rows(session, made.campaign_id, reading)
        counts = judged.counts(reading)
        if counts != made.counts | {"again": 0}:
            # Somebody signed, or keyed in, meanwhile: what is taken in is what was shown.
            made.counts = counts | {"again": 1}
            made.state, made.lease_until = PaperImportState.READY, None
            return
        _insert_rows(session, made, judged)


@jobs.job("paper.resume-imports", every_minutes=10)
def resume_imports() -> None:
    """Take up what a lost message left behind, and forget files whose time is over."""
    now = db.utcnow()
    with db.transaction() as session:
        left = select(PaperImport).where(or_(_REHEARSALS.is_due(), _IMPORTS.is_due()))
        for made in session.scalars(left):
            word = "apply" if made.state is PaperImportState.APPLYING else "rehearse"
            jobs.enqueue(session, f"paper.{word}-import", made.id)
        for made in session.scalars(select(PaperImport).where(PaperImport.expires_at <= now)):
            _delete_file_after_commit(session, made)
            session.delete(made)


def list_faults(made: PaperImport) -> list[Fault]:
    """The faults that the dry run found, as far as they are shown."""
    if not made.findings or made.state is PaperImportState.FAILED:
        return []
    return [Fault.of_json(one) for one in json.loads(made.findings)]


def get_failure(made: PaperImport) -> str:
    """Why the dry run failed; empty if it did not."""
    if made.state is not PaperImportState.FAILED or not made.findings:
        return ""
    return str(json.loads(made.findings)[0])


def list_wrong_rows(
    made: PaperImport,
) -> tuple[list[str], list[tuple[int, list[Fault], list[str]]]]:
    """Heads of the file, and its wrong rows. Raises UnreadableFile, NotFound, Refused."""
    if made.state is not PaperImportState.READY:
        raise Refused("import-not-ready")
    table = table_of(made)
    return table.columns, read_file.list_wrong_rows(table, read_rows(made))


def read_rows(made: PaperImport) -> FileRows:
    """What the file says by the meanings that were chosen. Raises UnreadableFile, NotFound."""
    meanings = {int(at): meaning for at, meaning in made.options["meanings"].items()}
    return read_file.read_table(table_of(made), meanings, made.options["country"])


def _insert_rows(session: Session, made: PaperImport, judged: SortedRows) -> None:
    campaign, actor = session.get_one(Campaign, made.campaign_id), f"staff:{made.owner_id}"
    on_paper = bool(made.options["on_paper"])
    sheet = sheets.make_sheet(
        session,
        campaign,
        actor=actor,
        kind=SheetKind.SHEET,
        collected_on=date.fromisoformat(made.options["collected_on"]),
        country=made.options["country"],
        place=made.options["place"],
        origin=Origin.PAPER if on_paper else Origin.IMPORT,
        staff_id=made.owner_id,
    )
    insert_rows(session, sheet, judged, made.owner_id)
    data_entry.add_to_number(session, sheet, len(judged.counted))
    _delete_file_after_commit(session, made)
    made.storage_key, made.sheet_id, made.state = "", sheet.id, PaperImportState.APPLIED
    counts = {"counted": len(judged.counted), "doubles": len(judged.twins)}
    sheets.audit_sheet(session, sheet, actor, "paper.import", **counts)


def _audit(session: Session, made: PaperImport, action: str) -> None:
    subject = f"paper-import:{made.id}"
    audit.record(
        session,
        actor=f"staff:{made.owner_id}",
        action=action,
        subject=subject,
        campaign=made.campaign_id,
    )


def _delete_file_after_commit(session: Session, made: PaperImport) -> None:
    keep_in, key = storage(), made.storage_key
    if key:
        db.after_commit(session, lambda: keep_in.delete(key))
