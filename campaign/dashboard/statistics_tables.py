"""The tables of a campaign's statistics: for the page, and as CSV files."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import (
    ATTEMPT_WITH_DESTINATION,
    WITH_DESTINATION,
    destination_of,
    slug_of,
)
from campaign.dashboard.campaign_statistics import Figures, fill_days
from campaign.dashboard.charts import Bar, bar
from campaign.deliveries.attempt_order import newest_first
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.statistics import CampaignFigures
from campaign.web.spreadsheets import inert


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table with bars."""

    key: str
    """What it is of, as a code: `CA`, `poster`."""
    value: int
    share: float
    bar: Bar


def rank(counts: Mapping[str, int], *, mirrored: bool) -> list[Row]:
    """List the most first; what has no name (the empty key) last."""
    order = sorted(counts, key=lambda key: (not key, -counts[key], key))
    return rows_of([(key, counts[key]) for key in order if counts[key]], mirrored=mirrored)


def rows_of(pairs: Sequence[tuple[str, int]], *, mirrored: bool) -> list[Row]:
    """Make rows in the order given."""
    total = sum(n for _key, n in pairs)
    most = max((n for _key, n in pairs), default=0)
    return [
        Row(key, n, n / total if total else 0.0, bar(n, most, mirrored=mirrored))
        for key, n in pairs
    ]


@dataclass(frozen=True, slots=True)
class MissionRow:
    """How letters through one mission stand, or by post to one official."""

    mission: Destination
    waiting: int
    """Confirmed, in no bundle yet."""
    printed: int
    """In a bundle that was not handed over."""
    handed_over: int
    attempt: DeliveryAttempt | None = None
    """The last delivery attempt."""

    @property
    def to_deliver(self) -> int:
        return self.waiting + self.printed


@dataclass(frozen=True, slots=True)
class TargetRow:
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


Cells = tuple[object, ...]
"""One line of a CSV file."""


def days_csv(figures: Figures, first: date, last: date) -> Iterator[Cells]:
    """Yield every day from `first` to `last`, and others with signatures; how many by then."""
    days, origins, so_far = figures.days(), figures.origins, 0
    yield ("day", *origins, "total", "total_so_far")
    daily = figures.daily()
    for day, n in sorted({**dict(fill_days(daily, first, last)), **daily}.items()):
        so_far += n
        yield (day, *(days.get(day, {}).get(origin, 0) for origin in origins), n, so_far)


def places_csv(figures: Figures) -> Iterator[Cells]:
    """Yield countries and regions, as codes; an empty region is one that the post does not know."""
    yield ("country", "region", "signatures")
    places = figures.of("place")
    for place in sorted(places, key=lambda place: (-places[place], place)):
        yield (*place, places[place])


def counts_csv(head: str, rows: Sequence[Row]) -> Iterator[Cells]:
    yield (head, "signatures", "share")
    for row in rows:
        yield (row.key, row.value, f"{row.share:.4f}")


def states_csv(figures: Figures, expired: int) -> Iterator[Cells]:
    """Yield states and origins; of those who waited in vain only the number is left."""
    yield ("state", "origin", "signatures")
    states = figures.of("state")
    for state, origin in sorted(states):
        yield (state, origin, states[state, origin])
    yield ("expired", "online", expired)


def delays_csv(figures: Figures) -> Iterator[Cells]:
    yield ("within_minutes", "letters")
    for most, n in figures.delays():
        yield (most or "more", n)


def missions_csv(rows: Sequence[MissionRow]) -> Iterator[Cells]:
    yield ("mission", "waiting", "in_bundles", "handed_over", "last_attempt", "outcome")
    for row in rows:
        attempt = row.attempt
        yield (
            slug_of(row.mission),
            row.waiting,
            row.printed,
            row.handed_over,
            attempt.happened_on if attempt else "",
            attempt.outcome.value if attempt else "",
        )


def targets_csv(rows: Sequence[TargetRow]) -> Iterator[Cells]:
    yield ("official", "letters", "waiting", "in_bundles", "set_aside")
    for row in rows:
        official = row.target.official.slug
        yield (official, row.letters, row.waiting, row.bundled, row.aside)


def mails_csv(kept: CampaignFigures) -> Iterator[Cells]:
    """Yield how many mails do not arrive."""
    yield ("what", "number")
    for name in ("bad_addresses", "mails_failed", "mails_waiting"):
        yield (name, getattr(kept, name))


def csv_file(name: str, rows: Iterable[Cells]) -> Response:
    """Send the rows as a download; they are read when the request's session has ended."""
    response = Response(_lines(rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(rows: Iterable[Cells]) -> Iterator[str]:
    """Write UTF-8 with its mark, CRLF, no cell a formula: spreadsheets of every country open it."""
    yield "\ufeff"
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in rows:
        writer.writerow([inert(str(cell)) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def target_rows(campaign: Campaign, figures: Figures) -> list[TargetRow]:
    return [
        TargetRow(
            target,
            figures.letters(target.id),
            figures.letters(target.id, "waiting"),
            figures.letters(target.id, "aside"),
            figures.letters(target.id, "never"),
        )
        for target in campaign.targets
        if target.kind is TargetKind.TO
    ]


def list_attempts(session: Session, campaign: Campaign) -> Sequence[DeliveryAttempt]:
    """List what happened at the gates, the newest first."""
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
    newest = {attempt.destination: attempt for attempt in reversed(attempts)}
    printed: dict[Destination, int] = defaultdict(int)
    handed_over: dict[Destination, int] = defaultdict(int)
    for bundle in _list_bundles(session, campaign):
        letters = figures.count("bundle", bundle.id)
        delivered = min(letters, gone_out[bundle.id])
        handed_over[bundle.destination] += delivered
        printed[bundle.destination] += letters - delivered
    return [
        MissionRow(place, waiting[place], printed[place], handed_over[place], newest.get(place))
        for place in dict.fromkeys((*waiting, *handed_over))
    ]


def _list_bundles(session: Session, campaign: Campaign) -> Sequence[Bundle]:
    return session.scalars(
        select(Bundle)
        .where(Bundle.campaign_id == campaign.id)
        .options(*WITH_DESTINATION)
        .order_by(Bundle.id)
    ).all()
