"""The list of running campaigns, with the numbers that move. Only reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.dashboard.charts import SmallColumn, spark
from campaign.dashboard.statistics_tables import Cells
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import StaffUser, sees
from campaign.models.statistics import CampaignFigures

PER_PAGE = 25
_DAYS = 14


@dataclass(frozen=True, slots=True)
class Running:
    """A line of the list."""

    campaign: Campaign
    kept: CampaignFigures | None
    week: int
    """Confirmed in the last seven days."""
    spark: Sequence[SmallColumn]


def list_running(
    session: Session, *, by: StaffUser, today: date, page: int, mirrored: bool
) -> tuple[list[Running], int]:
    """List one page of the open campaigns that `by` sees, the nearest last day first; count all."""
    condition = (sees(by, Campaign.id), Campaign.status == CampaignStatus.OPEN)
    rows = session.execute(
        select(Campaign, CampaignFigures)
        .outerjoin(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .where(*condition)
        .order_by(Campaign.act_by.is_(None), Campaign.act_by, Campaign.id)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    total = session.scalar(select(func.count(Campaign.id)).where(*condition)) or 0
    return [_line(campaign, kept, today, mirrored) for campaign, kept in rows], total


def _line(campaign: Campaign, kept: CampaignFigures | None, today: date, mirrored: bool) -> Running:
    recent = kept.recent if kept else {}
    first = today - timedelta(days=_DAYS - 1)
    days = [recent.get((first + timedelta(days=n)).isoformat(), 0) for n in range(_DAYS)]
    return Running(campaign, kept, sum(days[-7:]), spark(days, mirrored=mirrored))


def campaigns_csv(session: Session, *, by: StaffUser) -> Iterator[Cells]:
    """Yield every campaign that `by` sees, with its sums."""
    names = ("confirmed", "pending", "held", "waiting", "expired", "bad_addresses", "mails_failed")
    yield ("reference", "country", "status", "last_day", *names)
    rows = session.execute(
        select(
            Campaign.reference,
            Campaign.country,
            Campaign.status,
            Campaign.act_by,
            *(func.coalesce(getattr(CampaignFigures, name), 0) for name in names),
        )
        .outerjoin(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .where(sees(by, Campaign.id))
        .order_by(Campaign.id)
    )
    for reference, country, status, act_by, *numbers in rows:
        yield (reference, country, status.value, act_by or "", *numbers)
