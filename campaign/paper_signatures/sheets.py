"""Sheets: what lies on the desk, and how far it is keyed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from campaign.campaigns.stop_rule import gives_letters, gives_letters_sql
from campaign.core import audit, db
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.i18n import latest_day
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict, SheetKind
from campaign.models.signature import Origin
from campaign.models.staff import Role, StaffUser
from campaign.paper_signatures import row_signatures, scans
from campaign.staff.roles import refuse_role

PAGE = 50
KEYERS = (Role.STAFF, Role.ADMIN)  # who keys in sheets, and sees who signed on them


@dataclass(frozen=True, slots=True)
class Totals:
    counted: int
    doubles: int
    by_hand: int | None

    @property
    def keyed(self) -> int:
        return self.counted + self.doubles

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


def list_sheets(session: Session, *, page: int = 1) -> tuple[list[tuple[PaperSheet, Totals]], int]:
    """Return a page of sheets with their totals, the newest first, and how many there are."""
    total = session.scalar(select(func.count(PaperSheet.id))) or 0
    sheets = session.scalars(
        select(PaperSheet)
        .options(joinedload(PaperSheet.campaign))
        .order_by(PaperSheet.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    counts = _count_by_verdict(session, [sheet.id for sheet in sheets])
    return [(sheet, _make_totals(sheet, counts.get(sheet.id, {}))) for sheet in sheets], total


def count_rows(session: Session, sheet: PaperSheet) -> Totals:
    return _make_totals(sheet, _count_by_verdict(session, [sheet.id]).get(sheet.id, {}))


def get_sheet(session: Session, public_id: str, *, by: StaffUser) -> PaperSheet:
    """Return a sheet: its rows and scans are reached by it. Raises NotFound, also by role."""
    refuse_role(by, KEYERS, "sheet")
    sheet = session.scalar(select(PaperSheet).where(PaperSheet.public_id == public_id))
    if sheet is None:
        raise NotFound("sheet")
    return sheet


def make_sheet(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    kind: SheetKind,
    collected_on: date,
    country: str,
    place: str = "",
    rows_by_hand: int | None = None,
    origin: Origin = Origin.PAPER,
    staff_id: int | None = None,
) -> PaperSheet:
    """Make a sheet to key in. Raises Refused, or Invalid where the day is still to come."""
    refuse_closed(campaign)
    refuse_day_to_come(collected_on)
    sheet = PaperSheet(
        campaign=campaign,
        kind=kind,
        origin=origin,
        place=place,
        collected_on=collected_on,
        country=country,
        rows_by_hand=rows_by_hand,
        created_by_id=staff_id,
    )
    session.add(sheet)
    session.flush()
    audit_sheet(session, sheet, actor, "paper.sheet-add", kind=kind.value, origin=origin.value)
    return sheet


def edit_sheet(
    session: Session,
    sheet: PaperSheet,
    *,
    actor: str,
    kind: SheetKind,
    collected_on: date,
    country: str,
    place: str,
    rows_by_hand: int | None,
) -> None:
    refuse_day_to_come(collected_on)
    sheet.kind, sheet.place, sheet.country = kind, place, country
    sheet.collected_on, sheet.rows_by_hand = collected_on, rows_by_hand
    session.flush()
    audit_sheet(session, sheet, actor, "paper.sheet-edit")


def delete_sheet(session: Session, sheet: PaperSheet, *, actor: str) -> None:
    """Delete a sheet without rows, and its scans. Raises Refused (`sheet-has-rows`)."""
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
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"paper-sheet:{sheet.id}",
        campaign=sheet.campaign_id,
        **detail,
    )


def refuse_day_to_come(day: date) -> None:
    """Raise Invalid where the day is still to come, everywhere."""
    if day > latest_day(db.utcnow()):
        raise Invalid(fields={"collected_on": "day-to-come"})


def _count_by_verdict(session: Session, ids: Sequence[int]) -> dict[int, dict[RowVerdict, int]]:
    counts: dict[int, dict[RowVerdict, int]] = {}
    for sheet_id, verdict, count in session.execute(
        select(PaperRow.sheet_id, PaperRow.verdict, func.count())
        .where(PaperRow.sheet_id.in_(ids))
        .group_by(PaperRow.sheet_id, PaperRow.verdict)
    ):
        counts.setdefault(sheet_id, {})[verdict] = count
    return counts


def _make_totals(sheet: PaperSheet, counts: dict[RowVerdict, int]) -> Totals:
    return Totals(
        counted=counts.get(RowVerdict.COUNTED, 0),
        doubles=counts.get(RowVerdict.DOUBLE, 0),
        by_hand=sheet.rows_by_hand,
    )
