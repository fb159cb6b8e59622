"""Sheets: what lies on the desk, and how far it is keyed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, joinedload

from campaign.bundles.freeze import signed_sheets
from campaign.campaigns.stop_rule import gives_letters, gives_letters_sql
from campaign.core import audit, db
from campaign.core.errors import Invalid, Refused
from campaign.core.i18n import latest_day
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Signature
from campaign.models.staff import Role, StaffUser
from campaign.paper_signatures import network_ticks, row_signatures, scans
from campaign.paper_signatures.duplicates import COUNTS
from campaign.staff.deciders import refuse_role
from campaign.web.edit_conflict import lock_row
from campaign.web.pagination import Listing, load_page

_TWIN = aliased(Signature)

_EARLIEST = timedelta(days=183)  # before the campaign was issued; what is older is a wrong year
KEYERS = (Role.STAFF, Role.ADMIN)  # who keys in sheets, and sees who signed on them


@dataclass(frozen=True, slots=True)
class Totals:
    counted: int
    doubles: int
    taken_back: int
    """Rows that count no more: their people withdrew, or had everything deleted."""
    by_hand: int | None

    @property
    def keyed(self) -> int:
        return self.counted + self.doubles + self.taken_back

    @property
    def missing(self) -> int:
        """Rows still to key in; below 0: more than there should be."""
        return 0 if self.by_hand is None else self.by_hand - self.keyed


def refuse_closed(campaign: Campaign) -> None:
    """Raise Refused (`no-paper-now`) where the campaign takes no sheets."""
    if not gives_letters(campaign.status):
        raise Refused("no-paper-now", campaign=campaign.slug, status=campaign.status.value)


def list_open_campaigns(session: Session) -> Sequence[Campaign]:
    """List campaigns whose sheets can be keyed in, the newest first."""
    return session.scalars(
        select(Campaign).where(gives_letters_sql()).order_by(Campaign.id.desc())
    ).all()


def list_sheets(session: Session, *, page: int = 1) -> Listing[PaperSheet]:
    query = select(PaperSheet).options(joinedload(PaperSheet.campaign))
    return load_page(session, query.order_by(PaperSheet.id.desc()), page)


def count_rows_of(session: Session, sheets: Sequence[PaperSheet]) -> dict[int, Totals]:
    """Return what is keyed in of each sheet, by its id."""
    is_counted = (PaperRow.verdict == RowVerdict.COUNTED, Signature.state.in_(COUNTS))
    # The person still counts, elsewhere.
    is_double = (PaperRow.verdict == RowVerdict.DOUBLE, _TWIN.state.not_in(signed_sheets.TWIN_GONE))
    rows = session.execute(
        select(
            PaperRow.sheet_id,
            func.count().filter(*is_counted),
            func.count().filter(*is_double),
            func.count().filter(PaperRow.verdict != RowVerdict.REMOVED),
        )
        .outerjoin(Signature, Signature.id == PaperRow.signature_id)
        .outerjoin(_TWIN, _TWIN.id == PaperRow.twin_id)
        .where(PaperRow.sheet_id.in_([sheet.id for sheet in sheets]))
        .group_by(PaperRow.sheet_id)
    )
    numbers = {sheet_id: counts for sheet_id, *counts in rows}
    totals = {}
    for sheet in sheets:
        counted, doubles, keyed = numbers.get(sheet.id, (0, 0, 0))
        taken_back = keyed - counted - doubles
        totals[sheet.id] = Totals(counted, doubles, taken_back, sheet.rows_by_hand)
    return totals


def count_rows(session: Session, sheet: PaperSheet) -> Totals:
    return count_rows_of(session, [sheet])[sheet.id]


def list_black_out(session: Session, sheet: PaperSheet) -> Sequence[PaperRow]:
    """List the rows to be made unreadable before the sheet leaves; none where it may not."""
    if not gives_letters(sheet.campaign.status):
        return []
    here = (PaperSheet.id == sheet.id, ~signed_sheets.is_out())
    numbers = signed_sheets.list_rows_to_black_out(session, *here).get(sheet.id, [])
    return session.scalars(
        select(PaperRow)
        .where(PaperRow.sheet_id == sheet.id, PaperRow.position.in_(numbers))
        .order_by(PaperRow.position)
    ).all()


def get_sheet(session: Session, public_id: str, *, by: StaffUser) -> PaperSheet:
    """Return a sheet: its rows and scans are reached by it. Raises NotFound, also by role."""
    refuse_role(by, KEYERS, "sheet")
    return db.get_row(session, select(PaperSheet).where(PaperSheet.public_id == public_id), "sheet")


def make_sheet(session: Session, sheet: PaperSheet, *, actor: str) -> PaperSheet:
    """Keep a sheet to key in. Raises Refused, or Invalid where the day cannot be."""
    refuse_closed(sheet.campaign)
    refuse_impossible_day(sheet.collected_on, sheet.campaign)
    db.add_row(session, sheet)
    kind, origin = sheet.kind.value, sheet.origin.value
    audit_sheet(session, sheet, actor, "paper.sheet-add", kind=kind, origin=origin)
    return sheet


def edit_sheet(
    session: Session, sheet: PaperSheet, facts: Mapping[str, Any], *, actor: str
) -> None:
    """Keep these values of columns. Raises Invalid where the day cannot be."""
    day, chosen = sheet.collected_on, sheet.locale
    if facts["collected_on"] != day:
        refuse_impossible_day(facts["collected_on"], sheet.campaign)
    locale = row_signatures.locale_of(sheet)
    for name, value in facts.items():
        setattr(sheet, name, value)
    session.flush()
    if sheet.collected_on != day:
        row_signatures.correct_day(session, sheet, day)
        network_ticks.correct_day(session, sheet)
    if sheet.locale != chosen:
        row_signatures.correct_language(session, sheet)
        network_ticks.correct_language(session, sheet, locale)
    audit_sheet(session, sheet, actor, "paper.sheet-edit")


def delete_sheet(session: Session, sheet: PaperSheet, *, actor: str) -> None:
    """Delete a sheet without rows, and its scans. Raises Refused (`sheet-has-rows`)."""
    lock_row(session, sheet)
    if count_rows(session, sheet).keyed:
        raise Refused("sheet-has-rows")
    scans.delete_files_after_commit(session, *scans.list_scans_of_sheet(session, sheet))
    row_signatures.delete_kept_places(session, PaperRow.sheet_id == sheet.id)
    audit_sheet(session, sheet, actor, "paper.sheet-delete")
    session.delete(sheet)
    session.flush()


def audit_sheet(
    session: Session, sheet: PaperSheet, actor: str, action: str, **detail: object
) -> None:
    audit.record(session, actor, action, sheet, campaign=sheet.campaign_id, **detail)


def refuse_impossible_day(day: date, campaign: Campaign) -> None:
    """Raise Invalid where the day is still to come, everywhere, or is of another year by mistake.

    People may have signed some weeks before the campaign was issued.
    """
    if day > latest_day(db.utcnow()):
        raise Invalid(fields={"collected_on": "day-to-come"})
    if campaign.issued_on and day < campaign.issued_on - _EARLIEST:
        raise Invalid(fields={"collected_on": "day-long-before"})
