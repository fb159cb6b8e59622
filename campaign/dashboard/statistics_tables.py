"""The tables of a campaign's figures: for the page, and as rows of a CSV file. Pure.

Tables as CSV files that spreadsheets of every country open.

How a campaign's letters stand: by official, by mission, and what came of their bundles.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import (
    ATTEMPT_WITH_DESTINATION,
    WITH_DESTINATION,
    destination_of,
    slug_of,
)
from campaign.dashboard.campaign_statistics import Figures, filled
from campaign.dashboard.charts import Bar, bar
from campaign.deliveries.attempt_order import newest_first
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.campaign import Campaign, TargetKind
from campaign.web.spreadsheets import inert


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table with bars."""

    key: str
    """What it is of, as a code: `CA`, `poster`."""
    value: int
    share: float
    bar: Bar


def ranked(counts: Mapping[str, int], *, mirrored: bool) -> list[Row]:
    """The most first; what has no name (the empty key) last."""
    order = sorted(counts, key=lambda key: (not key, -counts[key], key))
    return rows_of([(key, counts[key]) for key in order if counts[key]], mirrored=mirrored)


def rows_of(pairs: Sequence[tuple[str, int]], *, mirrored: bool) -> list[Row]:
    """Rows in the order given."""
    total = sum(n for _key, n in pairs)
    most = max((n for _key, n in pairs), default=0)
    return [
        Row(key, n, n / total if total else 0.0, bar(n, most, mirrored=mirrored))
        for key, n in pairs
    ]


@dataclass(frozen=True, slots=True)
class MissionRow:
    """How letters through one mission stand, or by post to one official."""

    mission: Any
    waiting: int
    """Confirmed, in no bundle yet."""
    printed: int
    """In a bundle that was not handed over."""
    handed_over: int
    attempt: Any = None
    """The last delivery attempt."""

    @property
    def to_deliver(self) -> int:
        """All that waits for delivery."""
        return self.waiting + self.printed


@dataclass(frozen=True, slots=True)
class TargetRow:
    """How letters to one official stand."""

    target: Any
    letters: int
    waiting: int
    aside: int
    never: int = 0
    """Never printed: by now nobody knows whose they are."""

    @property
    def bundled(self) -> int:
        """In a bundle, and printed or being printed."""
        return self.letters - self.waiting - self.never


Cells = tuple[object, ...]
"""One line of a CSV file."""


def days_csv(figures: Figures, first: date, last: date) -> Iterator[Cells]:
    """Every day from `first` to `last`, and others that have signatures; how many by then."""
    days, origins, together = figures.days(), figures.origins, 0
    yield ("day", *origins, "total", "total_so_far")
    daily = figures.daily()
    for day, n in sorted({**dict(filled(daily, first, last)), **daily}.items()):
        together += n
        yield (day, *(days.get(day, {}).get(one, 0) for one in origins), n, together)


def places_csv(figures: Figures) -> Iterator[Cells]:
    """By country and region, as codes; an empty region is one that the post does not know."""
    yield ("country", "region", "signatures")
    places = figures.of("place")
    for place in sorted(places, key=lambda one: (-places[one], one)):
        yield (*place, places[place])


def counts_csv(head: str, rows: Sequence[Row]) -> Iterator[Cells]:
    """What is counted by one thing."""
    yield (head, "signatures", "share")
    for row in rows:
        yield (row.key, row.value, f"{row.share:.4f}")


def states_csv(figures: Figures, expired: int) -> Iterator[Cells]:
    """By state and origin; of those who waited in vain only the number is left."""
    yield ("state", "origin", "signatures")
    states = figures.of("state")
    for state, origin in sorted(states):
        yield (state, origin, states[state, origin])
    yield ("expired", "online", expired)


def delays_csv(figures: Figures) -> Iterator[Cells]:
    """How long confirming took."""
    yield ("within_minutes", "letters")
    for most, n in figures.delays():
        yield (most or "more", n)


def missions_csv(rows: Sequence[MissionRow]) -> Iterator[Cells]:
    """How letters stand, mission by mission."""
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
    """Letters by official."""
    yield ("official", "letters", "waiting", "in_bundles", "set_aside")
    for row in rows:
        official = row.target.official.slug
        yield (official, row.letters, row.waiting, row.bundled, row.aside)


def mails_csv(kept: Any) -> Iterator[Cells]:
    """Mails that do not arrive."""
    yield ("what", "number")
    for name in ("bad_addresses", "mails_failed", "mails_waiting"):
        yield (name, getattr(kept, name))


def csv_file(name: str, rows: Iterable[Cells]) -> Response:
    """The rows as a download; they are read when the request's session has ended."""
    response = Response(_lines(rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(rows: Iterable[Cells]) -> Iterator[str]:
    """UTF-8 with its mark, CRLF, no cell a formula."""
    yield "\ufeff"
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in rows:
        writer.writerow([inert(str(cell)) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def target_rows(campaign: Campaign, figures: Figures) -> list[TargetRow]:
    """Letters to each official who is written to."""
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


def attempts_of(session: Session, campaign: Campaign) -> Sequence[DeliveryAttempt]:
    """What happened at the gates, the newest first."""
    return session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.campaign_id == campaign.id)
        .options(*ATTEMPT_WITH_DESTINATION)
        .order_by(*newest_first())
    ).all()


def mission_rows(session: Session, campaign: Campaign, figures: Figures) -> list[MissionRow]:
    """Letters through each mission and by post: of the targets now, and of bundles made before."""
    waiting: dict[Destination, int] = defaultdict(int)
    for row in target_rows(campaign, figures):
        waiting[destination_of(row.target)] += row.waiting
    printed: dict[Destination, int] = defaultdict(int)
    over: dict[Destination, int] = defaultdict(int)
    attempts = attempts_of(session, campaign)
    gone: dict[int | None, int] = defaultdict(int)
    for one in attempts:
        gone[one.bundle_id] += one.messages if one.outcome in GONE_OUT else 0
    newest = {one.destination: one for one in reversed(attempts)}
    for bundle in _bundles(session, campaign):
        held = figures.one("bundle", bundle.id)
        out = min(held, gone[bundle.id])
        over[bundle.destination] += out
        printed[bundle.destination] += held - out
    return [
        MissionRow(one, waiting[one], printed[one], over[one], newest.get(one))
        for one in dict.fromkeys((*waiting, *over))
    ]


def _bundles(session: Session, campaign: Campaign) -> Sequence[Bundle]:
    return session.scalars(
        select(Bundle)
        .where(Bundle.campaign_id == campaign.id)
        .options(*WITH_DESTINATION)
        .order_by(Bundle.id)
    ).all()
