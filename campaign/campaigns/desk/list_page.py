"""The desk's list of campaigns: filtered, ordered, page by page."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.public_count import CampaignTally
from campaign.models.staff import StaffUser
from campaign.models.team_access import sees


@dataclass(frozen=True, slots=True)
class DeskRow:
    """A line of the desk's list."""

    campaign: Campaign
    count: int
    """Confirmed letters' writers, as last counted."""


_RANK = case(
    {
        CampaignStatus.OPEN: 0,
        CampaignStatus.REVIEW: 1,
        CampaignStatus.SCHEDULED: 2,
        CampaignStatus.DRAFT: 3,
        CampaignStatus.CLOSED: 4,
    },
    value=Campaign.status,
    else_=5,
)
SORTS: dict[str, ColumnElement[Any]] = {
    "status": _RANK,
    "reference": func.lower(Campaign.reference),
    "person": func.lower(Campaign.person_name),
    "country": Campaign.country.expression,
    "deadline": Campaign.act_by.expression,
    "count": func.coalesce(CampaignTally.confirmed, 0),
}
"""By what the desk's list can be ordered; by status: what runs stands first."""


def list_for_desk(
    unit: Session,
    *,
    by: StaffUser,
    status: CampaignStatus | None,
    sort: str,
    descending: bool,
    page: int,
    per_page: int,
) -> tuple[list[DeskRow], int]:
    """One page of the campaigns that `by` sees, or of those in a status, and their number.

    `sort` is one of SORTS; campaigns without that value come last.
    """
    key = SORTS[sort]
    condition = [sees(by, Campaign.id)]
    if status is not None:
        condition.append(Campaign.status == status)
    rows = unit.execute(
        select(Campaign, func.coalesce(CampaignTally.confirmed, 0))
        .outerjoin(CampaignTally, CampaignTally.campaign_id == Campaign.id)
        .where(*condition)
        .order_by(
            key.is_(None),
            key.desc() if descending else key,
            Campaign.act_by.is_(None),
            Campaign.act_by,
            Campaign.id.desc(),
        )
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    total = unit.scalar(select(func.count(Campaign.id)).where(*condition)) or 0
    return [DeskRow(campaign, count) for campaign, count in rows], total


def count_by_status(unit: Session, *, by: StaffUser) -> dict[CampaignStatus, int]:
    """How many of the campaigns that `by` sees stand in each status."""
    rows = unit.execute(
        select(Campaign.status, func.count()).where(sees(by, Campaign.id)).group_by(Campaign.status)
    )
    return dict(rows.all())
