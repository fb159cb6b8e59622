"""Rows of a sheet: keyed in, corrected, found double, removed and put back.

A row that counts is a confirmed signature without letters: the sheet itself is carried to the
mission. Whoever keyed it in answers for it. No mail goes to these people, but to those who
ticked news and gave an address.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign.campaigns import public_counts
from campaign.campaigns.stop_rule import gives_letters_sql
from campaign.core import audit, db, jobs
from campaign.core.errors import Refused
from campaign.core.sealing import log_wrong_key
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.network import memberships
from campaign.paper_signatures import duplicates, row_signatures, sheets
from campaign.paper_signatures.check_row import PERSON, Details
from campaign.web.edit_conflict import lock_row

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
    return Details(
        **person,
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
    row.told_apart, row.email_hmac = False, None
    row.position = position or row.position
    _judge_row(session, row, details)
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
    row.verdict, row.twin = RowVerdict.REMOVED, None
    row.details = details.to_json() if details else None
    row.keyed_at = db.utcnow()
    session.flush()
    _audit(session, row, actor, "paper.row-remove")


def restore_row(session: Session, row: PaperRow, *, actor: str) -> None:
    """Put a removed row back in its place. Raises Refused."""
    sheets.refuse_closed(row.sheet.campaign)
    _judge_row(session, row, _get_details(row, RowVerdict.REMOVED))
    _audit(session, row, actor, "paper.row-restore")


def make_double(session: Session, row: PaperRow, twin_id: int) -> None:
    """Count a row no more: its person has signed online since."""
    details, doubles = details_of(row), _list_doubles(session, row)
    _take_row_out(session, row, heirs=False)
    row.verdict, row.twin_id = RowVerdict.DOUBLE, twin_id
    row.details = details.to_json() if details else None
    session.flush()
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


def delete_removed_rows(session: Session) -> None:
    over = db.utcnow() - timedelta(days=KEPT_DAYS)
    row_signatures.delete_kept_places(session, PaperRow.keyed_at < over)
    db.delete_rows(
        session, PaperRow, PaperRow.verdict == RowVerdict.REMOVED, PaperRow.keyed_at < over
    )


def _judge_row(session: Session, row: PaperRow, details: Details) -> None:
    """Make the row a signature, or the double of one."""
    prints = _take_prints(details, row.email_hmac)
    duplicates.lock_person(session, prints)
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
        return
    doubles = _list_doubles(session, row)
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
    doubles = _list_doubles(session, row)
    for double in doubles:
        double.twin = None
    waiting = (
        [double_row for double_row in doubles if double_row.details is not None] if heirs else []
    )
    if row_signatures.take_out_signature(session, row, waiting[0] if waiting else None):
        add_to_number(session, row.sheet, -1)
    _judge_again(session, waiting)


def _list_doubles(session: Session, row: PaperRow) -> Sequence[PaperRow]:
    if row.signature_id is None:
        return []
    return session.scalars(
        select(PaperRow).where(PaperRow.twin_id == row.signature_id).order_by(PaperRow.id)
    ).all()


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


_Row = Row[int, bytes | None, int, bytes | None, SignatureState]
_BATCH = 500
_ACTOR = "job:paper.match"
_SETTLED, _LATELY = timedelta(hours=2), timedelta(days=7)
"""A tick becomes a membership after this long: by then a slip of the keyer is mended."""


@jobs.job("paper.match", every_minutes=15)
def match_online() -> None:
    """Count those once who signed a sheet and then online: the letter is what counts.

    Who withdrew it, or another row, is not counted; whose letter was rejected is, by the row.
    """
    last = 0
    while True:
        with db.reading() as session:
            rows = _list_rows_after(session, last)
            pairs = _find_twins(session, rows)
        if pairs:
            with db.transaction() as session:
                for row_id, twin_id in pairs:
                    row = session.get(PaperRow, row_id, with_for_update=True)
                    if row is not None and row.verdict is RowVerdict.COUNTED:
                        make_double(session, row, twin_id)
                audit.record(session, _ACTOR, "paper.match", "paper", rows=len(pairs))
        if len(rows) < _BATCH:
            break
        last = rows[-1].id
    _judge_doubles()


def _list_rows_after(session: Session, last: int) -> Sequence[_Row]:
    return session.execute(
        select(
            PaperRow.id,
            PaperRow.email_hmac,
            Signature.campaign_id,
            Signature.person_hmac,
            Signature.state,
        )
        .join(Signature, Signature.id == PaperRow.signature_id)
        .where(
            PaperRow.id > last,
            PaperRow.verdict == RowVerdict.COUNTED,
            PaperRow.told_apart.is_(False),
        )
        .order_by(PaperRow.id)
        .limit(_BATCH)
    ).all()


def _find_twins(session: Session, rows: Sequence[_Row]) -> list[tuple[int, int]]:
    pairs = []
    for campaign_id in {row.campaign_id for row in rows}:
        own = [
            row
            for row in rows
            if row.campaign_id == campaign_id and row.person_hmac and row.state in duplicates.COUNTS
        ]
        fingerprints = [duplicates.Fingerprints(row.person_hmac, row.email_hmac) for row in own]
        matches = duplicates.find_matches(session, campaign_id, fingerprints, online_alone=True)
        same_address = [row.id for row in own if row.email_hmac in matches]
        details = _read_details(session, same_address)
        # Who withdrew as well: a letter may be signed and withdrawn between two runs.
        for row, prints in zip(own, fingerprints, strict=True):
            twin = duplicates.choose_namesake(session, matches, prints, details.get(row.id))
            twin = twin or duplicates.choose_by_address(matches, prints)
            if twin is not None:
                pairs.append((row.id, twin.signature_id))
    return pairs


def _read_details(session: Session, row_ids: Iterable[int]) -> dict[int, Details]:
    read = {}
    for row_id in row_ids:
        with log_wrong_key("row cannot be opened", row=row_id):
            if details := details_of(session.get_one(PaperRow, row_id)):
                read[row_id] = details
    return read


def _judge_doubles() -> None:
    """Judge rows again whose letter was rejected, or whose own person has signed since.

    Until then, such a row doubled whoever has the address.
    """
    last = 0
    while True:
        with db.reading() as session:
            doubles = _list_doubles_after(session, last)
            row_ids = _list_out_of_date(session, doubles)
        if row_ids:
            with db.transaction() as session:
                for row_id in row_ids:
                    row = session.get(PaperRow, row_id, with_for_update=True)
                    if row is not None and row.verdict is RowVerdict.DOUBLE:
                        _judge_again(session, [row])
                audit.record(session, _ACTOR, "paper.match", "paper", rows=len(row_ids))
        if len(doubles) < _BATCH:
            return
        last = doubles[-1].id


_Double = Row[int, int | None, bytes | None, int, SignatureState]


def _list_doubles_after(session: Session, last: int) -> Sequence[_Double]:
    """List doubles of a rejected letter, and those that the address alone may have decided."""
    known = (*duplicates.COUNTS, SignatureState.WITHDRAWN)
    by_address = and_(PaperRow.email_hmac.is_not(None), Signature.state.in_(known))
    rejected = and_(Signature.state == SignatureState.REJECTED, gives_letters_sql())
    return session.execute(
        select(
            PaperRow.id,
            PaperRow.twin_id,
            PaperRow.email_hmac,
            Signature.campaign_id,
            Signature.state,
        )
        .join(Signature, Signature.id == PaperRow.twin_id)
        .join(Signature.campaign)
        .where(
            PaperRow.id > last,
            PaperRow.verdict == RowVerdict.DOUBLE,
            PaperRow.details.is_not(None),
            or_(rejected, by_address),
        )
        .order_by(PaperRow.id)
        .limit(_BATCH)
    ).all()


def _list_out_of_date(session: Session, doubles: Sequence[_Double]) -> list[int]:
    row_ids = []
    for campaign_id in {double.campaign_id for double in doubles}:
        own = {double.id: double for double in doubles if double.campaign_id == campaign_id}
        read = _read_details(session, own)
        fingerprints = [
            _take_prints(details, own[row_id].email_hmac) for row_id, details in read.items()
        ]
        matches = duplicates.find_matches(session, campaign_id, fingerprints)
        for (row_id, details), prints in zip(read.items(), fingerprints, strict=True):
            double, twin = (
                own[row_id],
                duplicates.choose_namesake(session, matches, prints, details),
            )
            is_others = twin is not None and twin.signature_id != double.twin_id
            if is_others or double.state is SignatureState.REJECTED:
                row_ids.append(row_id)
    return sorted(row_ids)


@jobs.job("paper.join-network", every_minutes=60)
def join_network() -> None:
    now = db.utcnow()
    with db.reading() as session:
        waiting = session.scalars(
            select(Signature.id)
            .join(PaperRow, PaperRow.signature_id == Signature.id)
            .where(
                Signature.consent_network_at.is_not(None),
                Signature.confirmed_at.between(now - _LATELY, now - _SETTLED),
            )
        ).all()
    for signature_id in waiting:
        with db.transaction() as session:
            signature = session.get(Signature, signature_id)
            if signature is not None:
                memberships.join_signer(session, signature, now=now)


@jobs.job("paper.forget", every_minutes=60)
def delete_removed() -> None:
    with db.transaction() as session:
        delete_removed_rows(session)
