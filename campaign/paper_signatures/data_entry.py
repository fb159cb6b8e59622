"""Rows of a sheet: keyed in, corrected, found double, removed and put back.

A row that counts is a confirmed signature without letters: the sheet itself is carried to the
mission. Whoever keyed it in answers for it. No mail goes to these people, but to those who
ticked news and gave an address.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Select, func, or_, select, true
from sqlalchemy.orm import Session, joinedload

from campaign.bundles.freeze import signed_sheets
from campaign.campaigns import public_counts
from campaign.campaigns.stop_rule import gives_letters_sql
from campaign.core import audit, db, jobs
from campaign.core.db.batches import read_each
from campaign.core.errors import Refused
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.paper_signatures import (
    double_ticks,
    duplicates,
    network_ticks,
    row_signatures,
    sheets,
)
from campaign.paper_signatures.check_row import PERSON, Details
from campaign.web.edit_conflict import lock_row

log = structlog.get_logger()
_LOOKED_AT = 20  # rows among which one with a name is looked for
KEPT_DAYS = 7  # how long a removed row can be put back


def list_rows(
    session: Session, sheet: PaperSheet, *, first: int = 0, most: int = 50
) -> Sequence[PaperRow]:
    return session.scalars(
        select(PaperRow)
        .where(PaperRow.sheet_id == sheet.id)
        .options(joinedload(PaperRow.signature), joinedload(PaperRow.twin))
        .order_by(PaperRow.position.desc())
        .offset(first)
        .limit(most)
    ).all()


def find_rows_to_complete(session: Session, doubles: Iterable[PaperRow]) -> dict[int, PaperRow]:
    """Return the rows that count without an address, by id of their doubles, which have one.

    Nobody but who holds the sheets can tell whether the address belongs there too.
    """
    twins = {
        row.id: row.twin_id
        for row in doubles
        if row.verdict is RowVerdict.DOUBLE
        and row.twin is not None
        and row.twin.state is SignatureState.CONFIRMED
        and not row.twin.email
        and (details := details_of(row))
        and details.email
    }
    counting = select(PaperRow).where(PaperRow.signature_id.in_(twins.values()))
    by_signature = {row.signature_id: row for row in session.scalars(counting)} if twins else {}
    return {
        row_id: by_signature[twin_id]
        for row_id, twin_id in twins.items()
        if twin_id in by_signature
    }


def get_row(session: Session, sheet: PaperSheet, public_id: str, *, lock: bool = False) -> PaperRow:
    """Return a row of that sheet; with `lock`, once nobody else writes to the sheet.

    Raises NotFound, also for another's.
    """
    if lock:
        lock_row(session, sheet)
    query = select(PaperRow).where(PaperRow.public_id == public_id, PaperRow.sheet_id == sheet.id)
    return db.get_row(session, query, "row")


def details_of(row: PaperRow) -> Details | None:
    """Return what the row says; None where its person was erased."""
    if row.details is not None:
        return Details.of_json(row.details)
    signature = row.signature
    if signature is None or signature.is_nobodys:
        return None
    person = {name: getattr(signature, name) for name in (*PERSON, "email")}
    stopped_at = signature.news_stopped_at
    return Details(
        **person,
        news_stopped_at=stopped_at.isoformat() if stopped_at else "",
        news=signature.consent_updates_at is not None,
        network=signature.consent_network_at is not None,
    )


def add_row(
    session: Session,
    sheet: PaperSheet,
    details: Details,
    *,
    actor: str,
    position: int | None = None,
) -> PaperRow:
    """Key in a row: a signature, or a double of one. Raises Refused where no sheets are taken.

    Where a row was taken out, its place on the paper may be keyed in anew.
    """
    sheets.refuse_closed(sheet.campaign)
    lock_row(session, sheet)  # two who key in one sheet take turns
    removed = select(PaperRow).where(
        PaperRow.sheet_id == sheet.id,
        PaperRow.position == position,
        PaperRow.verdict == RowVerdict.REMOVED,
    )
    if position is not None and (row := session.scalar(removed)):
        correct_row(session, row, details, actor=actor)
        return row
    row = PaperRow(
        sheet=sheet,
        position=position or next_position(session, sheet),
        verdict=RowVerdict.DOUBLE,
        keyed_by_id=audit.staff_id(actor),
    )
    session.add(row)
    _judge_row(session, row, details)
    _audit(session, row, actor, "paper.row-add")
    return row


def next_position(session: Session, sheet: PaperSheet) -> int:
    last = session.scalar(select(func.max(PaperRow.position)).where(PaperRow.sheet_id == sheet.id))
    return (last or 0) + 1


def list_taken_positions(
    session: Session, sheet: PaperSheet, *, besides: PaperRow | None
) -> set[int]:
    """List the numbers that no other row may have; of a row taken out, none that is corrected."""
    query = select(PaperRow.position).where(PaperRow.sheet_id == sheet.id)
    if besides is None:
        query = query.where(PaperRow.verdict != RowVerdict.REMOVED)
    else:
        query = query.where(PaperRow.id != besides.id)
    return set(session.scalars(query))


def list_next_to(session: Session, row: PaperRow) -> list[tuple[PaperRow, Details]]:
    """List the nearest rows above and below of which the names are there: at most two."""
    near = []
    for beyond, order in (
        (PaperRow.position < row.position, PaperRow.position.desc()),
        (PaperRow.position > row.position, PaperRow.position.asc()),
    ):
        query = select(PaperRow).where(
            PaperRow.sheet_id == row.sheet_id, PaperRow.verdict != RowVerdict.REMOVED, beyond
        )
        for other in session.scalars(query.order_by(order).limit(_LOOKED_AT)):
            if details := details_of(other):
                near.append((other, details))
                break
    return near


def correct_row(
    session: Session, row: PaperRow, details: Details, *, actor: str, position: int | None = None
) -> None:
    """Key in the row anew; its signature stays the same, and travels on with its bundle."""
    sheets.refuse_closed(row.sheet.campaign)
    email_hmac, row.email_hmac, row.told_apart = row.email_hmac, None, False
    row.position = position or row.position
    _judge_row(session, row, details)
    network_ticks.end_membership(session, row, email_hmac)
    _audit(session, row, actor, "paper.row-edit")


def count_row(session: Session, row: PaperRow, *, actor: str) -> None:
    sheets.refuse_closed(row.sheet.campaign)
    details = _get_details(row, RowVerdict.DOUBLE)
    row.told_apart = True
    _judge_row(session, row, details)
    _audit(session, row, actor, "paper.row-count")


def remove_row(session: Session, row: PaperRow, *, actor: str) -> None:
    """Take a row out, for some days so that it can be put back; a double of it counts instead."""
    details = details_of(row)
    if row.verdict is RowVerdict.REMOVED:
        raise Refused("row-removed")
    _take_row_out(session, row)
    double_ticks.take_news_back(session, row)
    row.verdict, row.twin = RowVerdict.REMOVED, None
    keyed_at = row.keyed_at.isoformat()
    row.details = replace(details, keyed_at=keyed_at).to_json() if details else None
    row.keyed_at = db.utcnow()
    session.flush()
    network_ticks.end_membership(session, row, row.email_hmac)
    _audit(session, row, actor, "paper.row-remove")


def restore_row(session: Session, row: PaperRow, *, actor: str) -> None:
    """Put a removed row back in its place. Raises Refused."""
    sheets.refuse_closed(row.sheet.campaign)
    _judge_row(session, row, _get_details(row, RowVerdict.REMOVED))
    _audit(session, row, actor, "paper.row-restore")


def make_double(session: Session, row: PaperRow, twin_id: int) -> None:
    """Count a row no more: its person has signed online since."""
    details, doubles = details_of(row), _prepare_doubles(session, row)
    _take_row_out(session, row, heirs=False)
    row.verdict, row.twin = RowVerdict.DOUBLE, session.get_one(Signature, twin_id)
    row.details = details.to_json() if details else None
    session.flush()
    double_ticks.give_news(session, row)
    _judge_again(session, doubles)


def empty_rows_of(session: Session, signature_ids: Sequence[int]) -> None:
    """Empty rows that double these signatures: their people are being erased."""
    for row in session.scalars(select(PaperRow).where(PaperRow.twin_id.in_(signature_ids))):
        row.details, row.email_hmac = None, None
    for row in session.scalars(select(PaperRow).where(PaperRow.signature_id.in_(signature_ids))):
        row.email_hmac = None
    session.flush()


def empty_rows_with_address(
    session: Session, email_hmac: bytes, owns: Callable[[str], bool]
) -> None:
    """Empty rows that are no signature, of a person whose address `owns` knows.

    Rows taken out, and doubles of somebody whose own address is another. Where the address itself
    was not kept, its fingerprint decides.
    """
    for row in session.scalars(select(PaperRow).where(PaperRow.email_hmac == email_hmac)):
        email = Details.of_json(row.details).email if row.details is not None else None
        if email is not None and (not email or owns(email)):
            row.details, row.email_hmac = None, None
    session.flush()


def forget_removed_rows(session: Session) -> None:
    """Empty rows that can no longer be put back; delete them once their sheet is no longer here.

    Until then a row keeps its number, by which it is made unreadable on the sheet, and its place.
    """
    limit = db.utcnow() - timedelta(days=KEPT_DAYS)
    over = (PaperRow.verdict == RowVerdict.REMOVED, PaperRow.keyed_at < limit)
    filled = or_(PaperRow.details.is_not(None), PaperRow.email_hmac.is_not(None))
    db.update_rows(session, PaperRow, *over, filled, details=None, email_hmac=None)
    has_gone = or_(PaperSheet.origin != Origin.PAPER, signed_sheets.is_out())
    rows = select(PaperRow.id).join(PaperRow.sheet).where(*over, has_gone)
    # Read first: kept places, deleted next, tell what is out. `over` again: for what is keyed in.
    ids = session.scalars(rows).all()
    row_signatures.delete_kept_places(session, PaperRow.id.in_(ids), *over)
    db.delete_rows(session, PaperRow, PaperRow.id.in_(ids), *over)


def _judge_row(session: Session, row: PaperRow, details: Details) -> None:
    """Make the row a signature, or the double of one."""
    details = double_ticks.keep_stop(row, details, details_of(row))
    prints = _take_prints(details, row.email_hmac)
    duplicates.lock_person(session, prints)
    double_ticks.take_news_back(session, row)
    twin = None
    if not row.told_apart:
        twin = duplicates.find_twin(
            session, row.sheet.campaign_id, details, prints, besides=row.signature_id
        )
    row.email_hmac = prints.email
    if twin is not None:
        _take_row_out(session, row)
        row.verdict, row.twin, row.details = RowVerdict.DOUBLE, twin, details.to_json()
        session.flush()
        double_ticks.give_news(session, row)
        return
    doubles = _prepare_doubles(session, row)
    one_more = row_signatures.write_signature(session, row, details, prints)
    row.verdict, row.twin, row.details = RowVerdict.COUNTED, None, None
    session.flush()
    if one_more:
        add_to_number(session, row.sheet, 1)
    _judge_again(session, doubles)


def _take_prints(details: Details, email_hmac: bytes | None) -> duplicates.Fingerprints:
    """Return the fingerprints; of an address that was not kept, the one beside the row."""
    prints = duplicates.fingerprints_of(details)
    return prints if details.email else replace(prints, email=email_hmac)


def _take_row_out(session: Session, row: PaperRow, *, heirs: bool = True) -> None:
    """Let the row be no signature any more; the first double of it takes its place."""
    doubles = _prepare_doubles(session, row)
    for double in doubles:
        double.twin = None
    waiting = (
        [double_row for double_row in doubles if double_row.details is not None] if heirs else []
    )
    if row_signatures.take_out_signature(session, row, waiting[0] if waiting else None):
        add_to_number(session, row.sheet, -1)
    _judge_again(session, waiting)


def _prepare_doubles(session: Session, row: PaperRow) -> Sequence[PaperRow]:
    """List the doubles of a row that is about to change, each with the stop of its news."""
    if row.signature_id is None:
        return []
    doubles = session.scalars(
        select(PaperRow).where(PaperRow.twin_id == row.signature_id).order_by(PaperRow.id)
    ).all()
    for double in doubles:
        if double.details is not None:
            own = Details.of_json(double.details)
            double.details = double_ticks.keep_stop(double, own, own).to_json()
    return doubles


def _judge_again(session: Session, waiting: Sequence[PaperRow]) -> None:
    for double in waiting:
        if double.details is not None:
            _judge_row(session, double, Details.of_json(double.details))


def _get_details(row: PaperRow, verdict: RowVerdict) -> Details:
    if row.verdict is not verdict or row.details is None:
        raise Refused("row-gone")
    return Details.of_json(row.details)


def add_to_number(session: Session, sheet: PaperSheet, people: int) -> None:
    """Move the number of a campaign that is no longer counted."""
    on_paper = people if sheet.origin is Origin.PAPER else 0
    public_counts.add_on_paper(session, sheet.campaign, people, on_paper)


def _audit(session: Session, row: PaperRow, actor: str, action: str) -> None:
    sheets.audit_sheet(
        session, row.sheet, actor, action, row=row.position, verdict=row.verdict.value
    )


_BATCH = 500
_ROWS = select(
    PaperRow.id,
    PaperRow.signature_id,
    PaperRow.twin_id,
    PaperRow.email_hmac,
    Signature.campaign_id,
    Signature.person_hmac,
    Signature.state,
)
_Rows = Sequence[Row[int, int | None, int | None, bytes | None, int, bytes | None, SignatureState]]
_ACTOR = "job:paper.match"


@jobs.job("paper.match", every_minutes=15)
def match_online(*campaign_ids: int) -> None:
    """Count those once who signed a sheet and then online: the letter is what counts.

    Of these campaigns, or of all. Who withdrew it, or another row, is not counted; whose letter was
    rejected is, by the row. A double goes over to its own person, who has signed since: until then,
    it doubled whoever has the address.
    """
    counted = _ROWS.join(Signature, Signature.id == PaperRow.signature_id).where(
        PaperRow.verdict == RowVerdict.COUNTED, PaperRow.told_apart.is_(False)
    )
    counts = Signature.state.in_((*duplicates.COUNTS, SignatureState.WITHDRAWN))
    rejected = Signature.state == SignatureState.REJECTED
    doubles = (
        _ROWS.join(Signature, Signature.id == PaperRow.twin_id)
        .join(Signature.campaign)
        .where(
            PaperRow.verdict == RowVerdict.DOUBLE,
            PaperRow.details.is_not(None),
            or_(rejected & gives_letters_sql(), PaperRow.email_hmac.is_not(None) & counts),
        )
    )
    in_these = Signature.campaign_id.in_(campaign_ids) if campaign_ids else true()
    _match_rows(counted.where(in_these), _find_twins)
    _match_rows(doubles.where(in_these), _find_outdated)


def _match_rows(
    query: Select[*tuple[Any, ...]], find: Callable[[Session, _Rows], dict[int, int | None]]
) -> None:
    """Go through these rows. `find` names those that are doubles, of whom, or to be judged again.

    A transaction for each: one that holds the locks of several people, or of the audit, and waits
    for a keyer may be what that keyer waits for.
    """
    last = 0
    while True:
        with db.reading() as session:
            batch = query.where(PaperRow.id > last).order_by(PaperRow.id).limit(_BATCH)
            rows = session.execute(batch).all()
            due = find(session, rows)
        for row_id, twin_id in due.items():
            with db.transaction() as session:
                row = session.get(PaperRow, row_id, with_for_update=True)
                if row is None:
                    continue
                if twin_id is None and row.verdict is RowVerdict.DOUBLE:
                    _judge_again(session, [row])
                elif twin_id is not None and row.verdict is RowVerdict.COUNTED:
                    make_double(session, row, twin_id)
        if due:
            with db.transaction() as session:
                audit.record(session, _ACTOR, "paper.match", "paper", rows=len(due))
        if len(rows) < _BATCH:
            return
        last = rows[-1].id


def _find_twins(session: Session, rows: _Rows) -> dict[int, int | None]:
    due: dict[int, int | None] = {}
    for campaign_id in {row.campaign_id for row in rows}:
        own = [
            row
            for row in rows
            if row.campaign_id == campaign_id and row.person_hmac and row.state in duplicates.COUNTS
        ]
        fingerprints = [duplicates.Fingerprints(row.person_hmac, row.email_hmac) for row in own]
        matches = duplicates.find_matches(session, campaign_id, fingerprints, online_alone=True)
        same_address = [row.signature_id for row in own if row.email_hmac in matches]
        names = duplicates.read_names(session, matches, fingerprints, *same_address)
        # Who withdrew as well: a letter may be signed and withdrawn between two runs.
        for row, prints in zip(own, fingerprints, strict=True):
            name = names.get(row.signature_id)
            twin = duplicates.choose_namesake(matches, prints, name, names)
            twin = twin or duplicates.choose_by_address(matches, prints)
            if twin is not None:
                due[row.id] = twin.signature_id
    return due


def _find_outdated(session: Session, rows: _Rows) -> dict[int, int | None]:
    due: dict[int, int | None] = {}
    for campaign_id in {row.campaign_id for row in rows}:
        own = {row.id: row for row in rows if row.campaign_id == campaign_id}
        read = {}
        query = select(PaperRow.id, PaperRow.details)
        for row_id, sealed in read_each(session, query, PaperRow.id, list(own)):
            if sealed is None:
                log.error("row cannot be opened", row=row_id)
            elif sealed.details is not None:
                read[row_id] = Details.of_json(sealed.details)
        fingerprints = [
            _take_prints(details, own[row_id].email_hmac) for row_id, details in read.items()
        ]
        matches = duplicates.find_matches(session, campaign_id, fingerprints)
        names = duplicates.read_names(session, matches, fingerprints)
        for (row_id, details), prints in zip(read.items(), fingerprints, strict=True):
            name, row = duplicates.name_of(details), own[row_id]
            twin = duplicates.choose_namesake(matches, prints, name, names)
            is_others = twin is not None and twin.signature_id != row.twin_id
            if is_others or row.state is SignatureState.REJECTED:
                due[row_id] = None
    return due


@jobs.job("paper.forget", every_minutes=60)
def forget_removed() -> None:
    with db.transaction() as session:
        forget_removed_rows(session)
