"""The desk's list of campaigns: filtered, ordered, page by page, as its address says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import StaffUser, sees
from campaign.models.statistics import CampaignTally


@dataclass(frozen=True, slots=True)
class DeskRow:
    campaign: Campaign
    count: int


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
    session: Session,
    *,
    by: StaffUser,
    status: CampaignStatus | None,
    sort: str,
    descending: bool,
    page: int,
    per_page: int,
) -> tuple[list[DeskRow], int]:
    key = SORTS[sort]
    condition = [sees(by, Campaign.id)]
    if status is not None:
        condition.append(Campaign.status == status)
    rows = session.execute(
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
    total = session.scalar(select(func.count(Campaign.id)).where(*condition)) or 0
    return [DeskRow(campaign, count) for campaign, count in rows], total


def count_by_status(session: Session, *, by: StaffUser) -> dict[CampaignStatus, int]:
    rows = session.execute(
        select(Campaign.status, func.count()).where(sees(by, Campaign.id)).group_by(Campaign.status)
    )
    return dict(rows.all())


PER_PAGE = 50
_USUAL = "status"


@dataclass(frozen=True, slots=True)
class Listing:
    status: CampaignStatus | None = None
    sort: str = _USUAL
    descending: bool = False
    page: int = 1

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Listing":
        """From an address; what it says wrongly counts as not said."""
        status = arguments.get("status", "")
        sort = arguments.get("sort", "")
        number = arguments.get("page", "")
        return cls(
            status=CampaignStatus(status) if status in set(CampaignStatus) else None,
            sort=sort if sort in SORTS else _USUAL,
            descending=arguments.get("order") == "down",
            page=max(1, int(number))
            if number.isascii() and number.isdigit() and len(number) < 6
            else 1,
        )

    def query(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "sort": self.sort,
            "descending": self.descending,
            "page": self.page,
            "per_page": PER_PAGE,
        }

    def pages(self, total: int) -> int:
        return max(1, -(-total // PER_PAGE))

    def url(self, page: int) -> str:
        return self._url(self.sort, self.descending, page)

    def sort_url(self, sort: str) -> str:
        """The address of the list by `sort`; a second time the other way round."""
        return self._url(sort, sort == self.sort and not self.descending, 1)

    def direction(self, sort: str) -> str | None:
        """How the list is ordered by `sort` now, as `aria-sort` has it."""
        if sort != self.sort:
            return None
        return "descending" if self.descending else "ascending"

    def _url(self, sort: str, descending: bool, page: int) -> str:
        state = {
            "status": self.status.value if self.status else None,
            "sort": sort if sort != _USUAL else None,
            "order": "down" if descending else None,
            "page": page if page > 1 else None,
        }
        return url_for("campaigns.index", **state)  # type: ignore[arg-type]
