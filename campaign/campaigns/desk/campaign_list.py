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
PER_PAGE = 50
_USUAL = "status"


@dataclass(frozen=True, slots=True)
class DeskRow:
    campaign: Campaign
    count: int


@dataclass(frozen=True, slots=True)
class ListState:
    """Which campaigns, in which order, which page of them."""

    status: CampaignStatus | None = None
    sort: str = _USUAL
    descending: bool = False
    page: int = 1

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "ListState":
        """From an address; what it says wrongly counts as not said."""
        status, sort = arguments.get("status", ""), arguments.get("sort", "")
        number = arguments.get("page", "")
        is_number = number.isascii() and number.isdigit() and len(number) < 6
        return cls(
            status=CampaignStatus(status) if status in set(CampaignStatus) else None,
            sort=sort if sort in SORTS else _USUAL,
            descending=arguments.get("order") == "down",
            page=max(1, int(number)) if is_number else 1,
        )

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
        state: dict[str, Any] = {
            "status": self.status.value if self.status else None,
            "sort": sort if sort != _USUAL else None,
            "order": "down" if descending else None,
            "page": page if page > 1 else None,
        }
        return url_for("campaigns.index", **state)


def list_for_desk(
    session: Session, state: ListState, *, by: StaffUser, per_page: int = PER_PAGE
) -> tuple[list[DeskRow], int]:
    """One page of the campaigns that `by` sees, and how many there are on all pages.

    Campaigns without the value that they are ordered by come last.
    """
    key, last_day = SORTS[state.sort], Campaign.act_by
    count = func.coalesce(CampaignTally.confirmed, 0)
    condition = [sees(by, Campaign.id)]
    if state.status is not None:
        condition.append(Campaign.status == state.status)
    order = (key.is_(None), key.desc() if state.descending else key, last_day.is_(None), last_day)
    rows = session.execute(
        select(Campaign, count)
        .outerjoin(CampaignTally, CampaignTally.campaign_id == Campaign.id)
        .where(*condition)
        .order_by(*order, Campaign.id.desc())
        .limit(per_page)
        .offset((state.page - 1) * per_page)
    )
    total = session.scalar(select(func.count(Campaign.id)).where(*condition)) or 0
    return [DeskRow(campaign, count) for campaign, count in rows], total


def count_by_status(session: Session, *, by: StaffUser) -> dict[CampaignStatus, int]:
    seen = select(Campaign.status, func.count()).where(sees(by, Campaign.id))
    return dict(session.execute(seen.group_by(Campaign.status)).all())
