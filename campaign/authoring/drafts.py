"""What somebody is writing at the desk and has not saved, kept for them alone.

A draft is offered again after a lost session or a closed tab, and never published by itself. One
that was saved over somebody else's text waits, as a conflict, until its writer has chosen.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from campaign import db, jobs
from campaign.campaigns.models import Campaign
from campaign.campaigns.revision_models import DeskDraft, NewCampaignDraft
from campaign.errors import NotFound

KEPT_DAYS = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, and which revision its writer saw."""

    part: str
    place: str
    based_on: int
    content: dict[str, Any]
    saved_at: datetime


def keep(
    unit: Session,
    campaign: Campaign,
    *,
    staff_id: int,
    part: str,
    place: str,
    based_on: int,
    content: dict[str, Any],
    conflict: bool = False,
) -> datetime:
    """Keep what was typed in place of what was kept before; gives the moment."""
    now = db.utcnow()
    row = {
        "staff_id": staff_id,
        "campaign_id": campaign.id,
        "part": part,
        "place": place,
        "conflict": conflict,
    }
    said = {
        "based_on": based_on,
        "content": json.dumps(content, ensure_ascii=False),
        "saved_at": now,
    }
    unit.execute(
        db.insert_into(unit, DeskDraft)
        .values(**row, **said)
        .on_conflict_do_update(index_elements=list(row), set_=said)
    )
    return now


def find(
    unit: Session,
    campaign: Campaign,
    *,
    staff_id: int,
    part: str,
    place: str,
    conflict: bool = False,
) -> Draft | None:
    """What this person has typed there and not saved."""
    row = unit.scalar(select(DeskDraft).where(*_of(campaign, staff_id, part, place, conflict)))
    return _draft(row) if row else None


def get_conflict(
    unit: Session, campaign: Campaign, *, staff_id: int, part: str, place: str
) -> Draft:
    """The text that waits to be brought together with somebody else's. Raises NotFound."""
    found = find(unit, campaign, staff_id=staff_id, part=part, place=place, conflict=True)
    if found is None:
        raise NotFound("draft")
    return found


def list_conflicts(unit: Session, campaign: Campaign, *, staff_id: int) -> Sequence[Draft]:
    """All texts of this person that wait so."""
    rows = unit.scalars(
        select(DeskDraft)
        .where(
            DeskDraft.staff_id == staff_id,
            DeskDraft.campaign_id == campaign.id,
            DeskDraft.conflict.is_(True),
        )
        .order_by(DeskDraft.id)
    )
    return [_draft(row) for row in rows]


def drop(
    unit: Session,
    campaign: Campaign,
    *,
    staff_id: int,
    part: str,
    place: str,
    conflict: bool = False,
) -> None:
    """Throw it away: it is saved, or not wanted."""
    unit.execute(delete(DeskDraft).where(*_of(campaign, staff_id, part, place, conflict)))


def drop_everybodys(unit: Session, campaign: Campaign, *, part: str, place: str) -> None:
    """Throw away what anybody has typed there: what it belongs to is gone."""
    unit.execute(
        delete(DeskDraft).where(
            DeskDraft.campaign_id == campaign.id, DeskDraft.part == part, DeskDraft.place == place
        )
    )


@jobs.job("campaigns.forget-drafts", every_minutes=720)
def forget_drafts() -> None:
    """Remove what nobody has come back to for sixty days."""
    limit = db.utcnow() - timedelta(days=KEPT_DAYS)
    with db.transaction() as unit:
        unit.execute(delete(DeskDraft).where(DeskDraft.saved_at < limit))
        unit.execute(delete(NewCampaignDraft).where(NewCampaignDraft.saved_at < limit))


def _of(
    campaign: Campaign, staff_id: int, part: str, place: str, conflict: bool
) -> tuple[ColumnElement[bool], ...]:
    return (
        DeskDraft.staff_id == staff_id,
        DeskDraft.campaign_id == campaign.id,
        DeskDraft.part == part,
        DeskDraft.place == place,
        DeskDraft.conflict.is_(conflict),
    )


def _draft(row: DeskDraft) -> Draft:
    return Draft(row.part, row.place, row.based_on, json.loads(row.content), row.saved_at)
