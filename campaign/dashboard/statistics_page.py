"""What the page with a campaign's statistics shows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.core import clock, i18n
from campaign.core.i18n import say_number
from campaign.dashboard import refresh_statistics, statistics_tables
from campaign.dashboard.campaign_statistics import Figures
from campaign.dashboard.charts import NARROW, WIDE, ColumnChart, Mark, Size, column_chart, span_of
from campaign.dashboard.statistics_tables import Cells, Row
from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.signature import SignatureState
from campaign.models.statistics import CampaignFigures

_MOST_AHEAD = 60
"""Days: a last day that is further off would leave the columns no room."""


@dataclass(frozen=True)
class Statistics:
    """The figures of one campaign, and the tables made of them."""

    campaign: Campaign
    figures: Figures
    kept: CampaignFigures
    today: date
    mirrored: bool

    @classmethod
    def of(cls, session: Session, campaign: Campaign, now: datetime) -> "Statistics":
        """Return them as last counted."""
        figures, kept = refresh_statistics.figures_of(session, campaign)
        today = clock.day_of(now, campaign.timezone)
        mirrored = i18n.direction(i18n.locale()) == "rtl"
        return cls(campaign, figures, kept or _empty_row(campaign), today, mirrored)

    @cached_property
    def span(self) -> tuple[date, date]:
        """Return the first and the last day of the chart."""
        campaign, zone = self.campaign, self.campaign.timezone
        opened, ended = campaign.opened_at, campaign.stopped_at or campaign.closed_at
        if campaign.status is CampaignStatus.OPEN:
            ended = None
        return span_of(
            self.figures.days(),
            opened=clock.day_of(opened, zone) if opened else None,
            ended=clock.day_of(ended, zone) if ended else None,
            today=self.today,
        )

    @property
    def stray(self) -> int:
        """Count signatures of days outside the chart: they stand in its table alone."""
        first, last = self.span
        return sum(n for day, n in self.figures.daily().items() if not first <= day <= last)

    def rank(self, kind: str) -> list[Row]:
        """List a kind of count with one part to its keys, the most first."""
        counts = {parts[0]: n for parts, n in self.figures.of(kind).items()}
        return statistics_tables.rank(counts, mirrored=self.mirrored)

    def countries(self) -> list[Row]:
        return statistics_tables.rank(self.figures.countries(), mirrored=self.mirrored)

    def regions(self) -> list[tuple[str, list[Row]]]:
        """List regions, in the countries whose regions the post knows."""
        by_country = {row.key: self.figures.regions(row.key) for row in self.countries()}
        return [
            (country, statistics_tables.rank(counts, mirrored=self.mirrored))
            for country, counts in by_country.items()
            if country and set(counts) - {""}
        ]

    def origins(self) -> list[Row]:
        """List online, on paper, from a file."""
        counts = [
            (origin, self.figures.in_state(SignatureState.CONFIRMED, origin=origin))
            for origin in self.figures.origins
        ]
        return statistics_tables.rows_of(counts, mirrored=self.mirrored)

    def delays(self) -> list[Row]:
        """List how long confirming took."""
        rows = [(str(most), n) for most, n in self.figures.delays()]
        return statistics_tables.rows_of(rows, mirrored=self.mirrored)

    @property
    def settled(self) -> int:
        """Count letters that no longer wait for their confirmation: confirmed, or expired."""
        return self.figures.count("ever") + self.kept.expired

    def chart(self, size: Size) -> ColumnChart:
        """Draw signatures by day."""
        act_by = self.campaign.act_by if self.campaign.status is CampaignStatus.OPEN else None
        first, last = self.span
        ahead = act_by if act_by and (act_by - last).days <= _MOST_AHEAD else last
        return column_chart(
            self.figures.daily(),
            first=first,
            last=last,
            until=max(last, ahead),
            marks=self._marks(),
            size=size,
            mirrored=self.mirrored,
            say_day=say_tick,
            say_number=say_number,
        )

    @cached_property
    def charts(self) -> list[tuple[str, ColumnChart]]:
        """Draw them for wide screens and paper, and for narrow ones."""
        return [("wide", self.chart(WIDE)), ("narrow", self.chart(NARROW))]

    @cached_property
    def updates(self) -> list[tuple[str, Update]]:
        """List updates within the days of the chart, by their numbers in it."""
        shown = [update for update in self.campaign.updates if self._is_shown(update)]
        return [(say_number(n), update) for n, update in enumerate(shown, 1)]

    @cached_property
    def other_updates(self) -> list[Update]:
        return [update for update in self.campaign.updates if not self._is_shown(update)]

    def _is_shown(self, update: Update) -> bool:
        first, last = self.span
        return first <= update.happened_on <= last

    def _marks(self) -> list[Mark]:
        marks = [Mark(update.happened_on, number) for number, update in self.updates]
        if self.campaign.act_by is not None:
            marks.append(Mark(self.campaign.act_by, _("Deadline"), "deadline"))
        return marks


def say_tick(day: date, is_month: bool) -> str:
    """Say a day or a month under the time axis."""
    if is_month:
        return str(format_date(day, "MMM yyyy" if day.month == 1 else "MMM"))
    return str(format_date(day, "d MMM"))


def _empty_row(campaign: Campaign) -> CampaignFigures:
    """Make the row of a campaign of which nothing was counted yet; not to be kept."""
    names = (
        "confirmed",
        "pending",
        "held",
        "waiting",
        "expired",
        "bad_addresses",
        "mails_failed",
        "mails_waiting",
    )
    return CampaignFigures(campaign_id=campaign.id, recent={}, **dict.fromkeys(names, 0))


def csv_rows(session: Session, statistics: Statistics, table: str) -> Iterator[Cells] | None:
    """Return the lines of a table's CSV; None: there is no such table."""
    figures, kept, campaign = statistics.figures, statistics.kept, statistics.campaign
    makers: dict[str, Callable[[], Iterator[Cells]]] = {
        "days": lambda: statistics_tables.days_csv(figures, *statistics.span),
        "places": lambda: statistics_tables.places_csv(figures),
        "origins": lambda: statistics_tables.counts_csv("origin", statistics.origins()),
        "sources": lambda: statistics_tables.counts_csv("source", statistics.rank("source")),
        "languages": lambda: statistics_tables.counts_csv("language", statistics.rank("letter")),
        "states": lambda: statistics_tables.states_csv(figures, kept.expired),
        "delays": lambda: statistics_tables.delays_csv(figures),
        "mails": lambda: statistics_tables.mails_csv(kept),
        "missions": lambda: statistics_tables.missions_csv(
            statistics_tables.mission_rows(session, campaign, figures)
        ),
        "targets": lambda: statistics_tables.targets_csv(
            statistics_tables.target_rows(campaign, figures)
        ),
    }
    return makers[table]() if table in makers else None
