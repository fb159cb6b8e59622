"""What the page with a campaign's statistics shows, and its tables as CSV files."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import (
    ATTEMPT_WITH_DESTINATION,
    WITH_DESTINATION,
    destination_of,
    slug_of,
)
from campaign.core import clock, i18n
from campaign.core.i18n import say_number
from campaign.dashboard.charts import (
    NARROW,
    WIDE,
    ColumnChart,
    DayMark,
    Size,
    TableBar,
    bar,
    column_chart,
    span_of,
)
from campaign.dashboard.count_figures import figures_of
from campaign.dashboard.read_figures import Figures, fill_days
from campaign.deliveries.attempt_order import newest_first
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind, Update
from campaign.models.signature import SignatureState
from campaign.models.statistics import CampaignFigures

_MOST_AHEAD = 60
"""Days: a last day that is further off would leave the columns no room."""
_ZEROS = (
    "confirmed",
    "pending",
    "held",
    "waiting",
    "expired",
    "bad_addresses",
    "mails_failed",
    "mails_waiting",
)
_RANKED = {"sources": ("source", "source"), "languages": ("language", "letter")}
"""Tables of the most first: their head, and the kind of count."""
Cells = tuple[object, ...]
"""One line of a CSV file."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A line of a table with bars."""

    key: str
    """What it is of, as a code: `CA`, `poster`."""
    value: int
    share: float
    bar: TableBar


@dataclass(frozen=True, slots=True)
class MissionRow:
    """How letters through one mission stand, or by post to one official."""

    mission: Destination
    waiting: int
    """Confirmed, in no bundle yet."""
    printed: int
    """In a bundle that was not handed over."""
    handed_over: int
    attempt: DeliveryAttempt | None
    """The last one."""

    @property
    def to_deliver(self) -> int:
        return self.waiting + self.printed


@dataclass(frozen=True, slots=True)
class TargetFigures:
    """How letters to one official stand."""

    target: Target
    letters: int
    waiting: int
    aside: int
    never: int = 0
    """Never printed: by now nobody knows whose they are."""

    @property
    def bundled(self) -> int:
        """Count letters in a bundle, printed or being printed."""
        return self.letters - self.waiting - self.never


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
        """Return them as last counted; of a campaign never counted, zeros that are not kept."""
        figures, kept = figures_of(session, campaign)
        if kept is None:
            zeros = dict.fromkeys(_ZEROS, 0)
            kept = CampaignFigures(campaign_id=campaign.id, recent={}, **zeros)
        today = clock.day_of(now, campaign.timezone)
        return cls(campaign, figures, kept, today, i18n.direction(i18n.locale()) == "rtl")

    @cached_property
    def span(self) -> tuple[date, date]:
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

    @property
    def settled(self) -> int:
        """Count letters that no longer wait for their confirmation: confirmed, or expired."""
        return self.figures.count("ever") + self.kept.expired

    def _make_rows(self, pairs: Sequence[tuple[str, int]]) -> list[BarRow]:
        total = sum(n for _key, n in pairs)
        most = max((n for _key, n in pairs), default=0)
        return [
            BarRow(key, n, n / total if total else 0.0, bar(n, most, mirrored=self.mirrored))
            for key, n in pairs
        ]

    def _rank(self, counts: Mapping[str, int]) -> list[BarRow]:
        """List the most first; what has no name (the empty key) last."""
        order = sorted(counts, key=lambda key: (not key, -counts[key], key))
        return self._make_rows([(key, counts[key]) for key in order if counts[key]])

    def rank(self, kind: str) -> list[BarRow]:
        """List a kind of count with one part to its keys, the most first."""
        return self._rank({parts[0]: n for parts, n in self.figures.of(kind).items()})

    def countries(self) -> list[BarRow]:
        return self._rank(self.figures.countries())

    def regions(self) -> list[tuple[str, list[BarRow]]]:
        """List regions, in the countries whose regions the post knows."""
        by_country = {row.key: self.figures.regions(row.key) for row in self.countries()}
        return [
            (country, self._rank(counts))
            for country, counts in by_country.items()
            if country and set(counts) - {""}
        ]

    def origins(self) -> list[BarRow]:
        confirmed, figures = SignatureState.CONFIRMED, self.figures
        counts = [
            (origin, figures.in_state(confirmed, origin=origin)) for origin in figures.origins
        ]
        return self._make_rows(counts)

    def delays(self) -> list[BarRow]:
        return self._make_rows([(str(most), n) for most, n in self.figures.delays()])

    def chart(self, size: Size) -> ColumnChart:
        act_by = self.campaign.act_by if self.campaign.status is CampaignStatus.OPEN else None
        first, last = self.span
        ahead = act_by if act_by and (act_by - last).days <= _MOST_AHEAD else last
        marks = [DayMark(update.happened_on, number) for number, update in self.updates]
        if self.campaign.act_by is not None:
            marks.append(DayMark(self.campaign.act_by, _("Deadline"), "deadline"))
        return column_chart(
            self.figures.daily(),
            first=first,
            last=last,
            until=max(last, ahead),
            marks=marks,
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

    @property
    def other_updates(self) -> list[Update]:
        return [update for update in self.campaign.updates if not self._is_shown(update)]

    def _is_shown(self, update: Update) -> bool:
        first, last = self.span
        return first <= update.happened_on <= last


def say_tick(day: date, is_month: bool) -> str:
    if is_month:
        return str(format_date(day, "MMM yyyy" if day.month == 1 else "MMM"))
    return str(format_date(day, "d MMM"))


def make_table(session: Session, statistics: Statistics, table: str) -> list[Cells] | None:
    """Return the lines of a table's CSV; None: there is no such table."""
    figures, kept, campaign = statistics.figures, statistics.kept, statistics.campaign
    match table:
        case "days":
            return list(_list_days(figures, *statistics.span))
        case "places":  # codes; an empty region is one that the post does not know
            places = figures.of("place")
            ranked = sorted(places, key=lambda place: (-places[place], place))
            rows = [(*place, places[place]) for place in ranked]
            return [("country", "region", "signatures"), *rows]
        case "origins":
            return _list_shares("origin", statistics.origins())
        case "sources" | "languages":
            head, kind = _RANKED[table]
            return _list_shares(head, statistics.rank(kind))
        case "states":  # of those who waited in vain only the number is left
            counts = [(*key, n) for key, n in sorted(figures.of("state").items())]
            return [("state", "origin", "signatures"), *counts, ("expired", "online", kept.expired)]
        case "delays":
            delays = [(most or "more", n) for most, n in figures.delays()]
            return [("within_minutes", "letters"), *delays]
        case "mails":  # how many do not arrive
            names = ("bad_addresses", "mails_failed", "mails_waiting")
            return [("what", "number"), *((name, getattr(kept, name)) for name in names)]
        case "missions":
            return _list_mission_cells(mission_rows(session, campaign, figures))
        case "targets":
            return [
                ("official", "letters", "waiting", "in_bundles", "set_aside"),
                *(
                    (row.target.official.slug, row.letters, row.waiting, row.bundled, row.aside)
                    for row in target_rows(campaign, figures)
                ),
            ]
    return None


def _list_days(figures: Figures, first: date, last: date) -> Iterator[Cells]:
    """Yield every day from `first` to `last`, and others with signatures; how many by then."""
    days, origins, so_far = figures.days(), figures.origins, 0
    yield ("day", *origins, "total", "total_so_far")
    daily = figures.daily()
    for day, n in sorted({**dict(fill_days(daily, first, last)), **daily}.items()):
        so_far += n
        yield (day, *(days.get(day, {}).get(origin, 0) for origin in origins), n, so_far)


def _list_shares(head: str, rows: Sequence[BarRow]) -> list[Cells]:
    cells = [(row.key, row.value, f"{row.share:.4f}") for row in rows]
    return [(head, "signatures", "share"), *cells]


def _list_mission_cells(rows: Sequence[MissionRow]) -> list[Cells]:
    cells: list[Cells] = [
        ("mission", "waiting", "in_bundles", "handed_over", "last_attempt", "outcome")
    ]
    for row in rows:
        attempt = row.attempt
        last = (attempt.happened_on, attempt.outcome.value) if attempt else ("", "")
        cells.append((slug_of(row.mission), row.waiting, row.printed, row.handed_over, *last))
    return cells


def target_rows(campaign: Campaign, figures: Figures) -> list[TargetFigures]:
    whats = ("all", "waiting", "aside", "never")
    return [
        TargetFigures(target, *(figures.letters(target.id, what) for what in whats))
        for target in campaign.targets
        if target.kind is TargetKind.TO
    ]


def list_attempts(session: Session, campaign: Campaign) -> Sequence[DeliveryAttempt]:
    return session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.campaign_id == campaign.id)
        .options(*ATTEMPT_WITH_DESTINATION)
        .order_by(*newest_first())
    ).all()


def mission_rows(session: Session, campaign: Campaign, figures: Figures) -> list[MissionRow]:
    """Count letters through each mission and by post: of the targets now, and of bundles."""
    waiting: dict[Destination, int] = defaultdict(int)
    for row in target_rows(campaign, figures):
        waiting[destination_of(row.target)] += row.waiting
    attempts = list_attempts(session, campaign)
    gone_out: dict[int | None, int] = defaultdict(int)
    for attempt in attempts:
        gone_out[attempt.bundle_id] += attempt.messages if attempt.outcome in GONE_OUT else 0
    # One that found no letters left, by a record of an earlier one that came late, tells nothing.
    newest = {each.destination: each for each in reversed(attempts) if each.messages}
    printed: dict[Destination, int] = defaultdict(int)
    handed_over: dict[Destination, int] = defaultdict(int)
    of_campaign = select(Bundle).where(Bundle.campaign_id == campaign.id)
    for bundle in session.scalars(of_campaign.options(*WITH_DESTINATION).order_by(Bundle.id)):
        letters = figures.count("bundle", bundle.id)
        delivered = min(letters, gone_out[bundle.id])
        handed_over[bundle.destination] += delivered
        printed[bundle.destination] += letters - delivered
    return [
        MissionRow(place, waiting[place], printed[place], handed_over[place], newest.get(place))
        for place in dict.fromkeys((*waiting, *handed_over))
    ]
