"""What the page on one campaign shows."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.core import clock, i18n
from campaign.dashboard import refresh_statistics, statistics_tables
from campaign.dashboard.campaign_statistics import Figures
from campaign.dashboard.charts import NARROW, WIDE, ColumnChart, Mark, Size, column_chart, span_of
from campaign.dashboard.number_format import say_number
from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.signature import SignatureState
from campaign.models.statistics import CampaignFigures


@dataclass(frozen=True)
class Sheet:
    """The figures of one campaign, and the tables made of them."""

    campaign: Campaign
    figures: Figures
    kept: CampaignFigures
    today: date
    mirrored: bool

    @classmethod
    def of(cls, session: Session, campaign: Campaign, now: datetime) -> "Sheet":
        """As last counted."""
        figures, kept = refresh_statistics.figures_of(session, campaign)
        today = clock.day_of(now, campaign.timezone)
        mirrored = i18n.direction(i18n.locale()) == "rtl"
        return cls(campaign, figures, kept or empty_row(campaign), today, mirrored)

    @cached_property
    def span(self) -> tuple[date, date]:
        """The days of the chart."""
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
        """Signatures of days outside the chart: they stand in its table alone."""
        first, last = self.span
        return sum(n for day, n in self.figures.daily().items() if not first <= day <= last)

    def ranked(self, kind: str) -> list[statistics_tables.Row]:
        """A kind of count with one part to its keys, the most first."""
        counts = {parts[0]: n for parts, n in self.figures.of(kind).items()}
        return statistics_tables.ranked(counts, mirrored=self.mirrored)

    def countries(self) -> list[statistics_tables.Row]:
        """By country."""
        return statistics_tables.ranked(self.figures.countries(), mirrored=self.mirrored)

    def regions(self) -> list[tuple[str, list[statistics_tables.Row]]]:
        """By region, in the countries whose regions the post knows."""
        found = []
        for row in self.countries():
            counts = self.figures.regions(row.key)
            if row.key and set(counts) - {""}:
                found.append((row.key, statistics_tables.ranked(counts, mirrored=self.mirrored)))
        return found

    def origins(self) -> list[statistics_tables.Row]:
        """Online, on paper, from a file."""
        counts = [
            (one, self.figures.in_state(SignatureState.CONFIRMED, origin=one))
            for one in self.figures.origins
        ]
        return statistics_tables.rows_of(counts, mirrored=self.mirrored)

    def delays(self) -> list[statistics_tables.Row]:
        """How long confirming took."""
        rows = [(str(most), n) for most, n in self.figures.delays()]
        return statistics_tables.rows_of(rows, mirrored=self.mirrored)

    @property
    def settled(self) -> int:
        """Letters that no longer wait for their confirmation: confirmed, or expired."""
        return self.figures.one("ever") + self.kept.expired

    def chart(self, size: Size) -> ColumnChart:
        """Signatures by day."""
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
        """For wide screens and paper, and for narrow ones."""
        return [("wide", self.chart(WIDE)), ("narrow", self.chart(NARROW))]

    @cached_property
    def updates(self) -> list[tuple[str, Update]]:
        """The updates within the days of the chart, by their numbers in it."""
        found = [one for one in self.campaign.updates if self._is_shown(one)]
        return [(say_number(n), one) for n, one in enumerate(found, 1)]

    @cached_property
    def other_updates(self) -> list[Update]:
        """The updates of other days."""
        return [one for one in self.campaign.updates if not self._is_shown(one)]

    def _is_shown(self, update: Update) -> bool:
        first, last = self.span
        return first <= update.happened_on <= last

    def _marks(self) -> list[Mark]:
        marks = [Mark(update.happened_on, number) for number, update in self.updates]
        if self.campaign.act_by is not None:
            marks.append(Mark(self.campaign.act_by, _("Last day to write"), "deadline"))
        return marks


_MOST_AHEAD = 60
"""Days: a last day that is further off would leave the columns no room."""


def say_tick(day: date, is_month: bool) -> str:
    """A day or a month under the time axis."""
    if is_month:
        return str(format_date(day, "MMM yyyy" if day.month == 1 else "MMM"))
    return str(format_date(day, "d MMM"))


def empty_row(campaign: Campaign) -> CampaignFigures:
    """The row of a campaign of which nothing was counted yet; not to be kept."""
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


def csv_rows(session: Session, sheet: Sheet, table: str) -> Any:
    """The lines of a table's CSV; None: there is no such table."""
    figures = sheet.figures
    makers = {
        "days": lambda: statistics_tables.days_csv(figures, *sheet.span),
        "places": lambda: statistics_tables.places_csv(figures),
        "origins": lambda: statistics_tables.counts_csv("origin", sheet.origins()),
        "sources": lambda: statistics_tables.counts_csv("source", sheet.ranked("source")),
        "languages": lambda: statistics_tables.counts_csv("language", sheet.ranked("letter")),
        "states": lambda: statistics_tables.states_csv(figures, sheet.kept.expired),
        "delays": lambda: statistics_tables.delays_csv(figures),
        "mails": lambda: statistics_tables.mails_csv(sheet.kept),
        "missions": lambda: statistics_tables.missions_csv(
            statistics_tables.mission_rows(session, sheet.campaign, figures)
        ),
        "targets": lambda: statistics_tables.targets_csv(
            statistics_tables.target_rows(sheet.campaign, figures)
        ),
    }
    return makers[table]() if table in makers else None
