"""The state of the desk's list, which stands in its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from campaign.campaigns.desk.list_page import SORTS
from campaign.models.campaign import CampaignStatus

PER_PAGE = 50
_USUAL = "status"


@dataclass(frozen=True, slots=True)
class Listing:
    """Which campaigns, in which order, which page of them."""

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
            page=max(1, int(number)) if number.isascii() and number.isdigit()
            and len(number) < 6 else 1,
        )  # fmt: skip

    def query(self) -> dict[str, Any]:
        """For the service that lists."""
        return {
            "status": self.status,
            "sort": self.sort,
            "descending": self.descending,
            "page": self.page,
            "per_page": PER_PAGE,
        }

    def pages(self, total: int) -> int:
        """How many pages `total` campaigns fill."""
        return max(1, -(-total // PER_PAGE))

    def url(self, page: int) -> str:
        """The address of another page of the same list."""
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
