"""Where signatures come from, hour by hour: counted by a job, so that the pages are quick.

Floods show as many signatures of one address, network, mail domain or browser. What a mark stands
for is read from one signature that has it, while its trace is kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, LargeBinary, Row, Select, delete, func, select, type_coerce
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.clock import LONGEST_DAY
from campaign.core.db import table_of
from campaign.core.db.personal_columns import place_of
from campaign.core.sealing import Keyring, WrongKey
from campaign.core.settings import current_settings
from campaign.models.screening import TrendCount, TrendKind
from campaign.models.signature import ExactTimes, Signature, SignatureState
from campaign.signing.checks.origin import FORGOTTEN, domain_of, parse_trace

EVERYWHERE = 0
HOUR = timedelta(hours=1)
_FEWEST = 3  # Fewer signatures of one mark in one hour are kept nowhere
_MOST = 40  # Marks kept for one hour, kind and campaign
_FETCHED = 5000
_FORGOTTEN_AT_ONCE = 500
_SPIKE_LEAST = 20
_SPIKE_TIMES = 4


_Signed: TypeAlias = Row[Any]
"""What is read of a signature: `_signed_since`."""
_EXACT = table_of(Signature).c.exact_times
_HOURS = 24
"""That are counted at once, where the job comes late."""
_Window = tuple[ColumnElement[bool], ...]
_Sums = Row[TrendKind, bytes, int, int, int]
"""Kind, mark, how many, how many confirmed, the newest signature."""


@dataclass(frozen=True, slots=True)
class Trend:
    kind: TrendKind
    mark: bytes
    words: str  # What it stands for; empty: nobody can tell any more
    count: int
    confirmed: int
    hours: tuple[int, ...]  # How many in each hour of the window, the oldest first
    spikes: frozenset[int]  # Which of these hours stand out


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def spikes_in(hours: Sequence[int]) -> frozenset[int]:
    if not hours:
        return frozenset()
    usual = sorted(hours)[len(hours) // 2]
    least = max(_SPIKE_LEAST, _SPIKE_TIMES * usual)
    return frozenset(at for at, count in enumerate(hours) if count >= least)


@jobs.job("screening.count-trends", every_minutes=5)
def count_trends() -> None:
    now = db.utcnow()
    with db.reading() as session:
        last = session.scalar(select(func.max(TrendCount.hour)))
        traced = Signature.trace.is_not(None)
        first = session.scalar(select(func.min(Signature.signed_at)).where(traced))
    hour = hour_of(max(last or first or now, now - timedelta(days=current_settings().trace_days)))
    hour = min(hour, hour_of(now - HOUR))
    while hour <= now:
        count = min(_HOURS, (now - hour) // HOUR + 1)
        _count_hours(hour, count)
        hour += count * HOUR
    with db.transaction() as session:
        limit = now - timedelta(days=current_settings().trace_days)
        session.execute(delete(TrendCount).where(TrendCount.hour < limit))


def _count_hours(first: datetime, count: int) -> None:
    """Count so many hours from the first on, each in a transaction."""
    hours = {first + number * HOUR: _Hour() for number in range(count)}
    with db.reading() as session:
        keyring = db.keyring_of(session.get_bind().dialect)
        for row in session.execute(_signed_since(first, count)).yield_per(_FETCHED):
            hour = hours.get(hour_of(_signed_at(row, keyring)))
            if hour is not None:
                hour.add(row)
    for begin, hour in hours.items():
        rows = hour.rows_of(begin)
        with db.transaction() as session:
            session.execute(delete(TrendCount).where(TrendCount.hour == begin))
            if rows:
                session.execute(db.insert_into(session, TrendCount).on_conflict_do_nothing(), rows)


def _signed_at(row: _Signed, keyring: Keyring) -> datetime:
    """Return when it was signed: once it is confirmed, that is sealed."""
    try:
        exact = keyring.open(row.exact, place_of(_EXACT), row.seal_id) if row.exact else ""
    except WrongKey:
        exact = ""
    return ExactTimes.of(row.signed_at, None, exact).signed_at


class _Hour:
    """Counts of one hour: per kind and (campaign, mark) how many, and a signature of them."""

    def __init__(self) -> None:
        self.counts: dict[TrendKind, Counter[tuple[int, bytes]]] = {
            kind: Counter() for kind in TrendKind
        }
        self.confirmed: dict[TrendKind, Counter[tuple[int, bytes]]] = defaultdict(Counter)
        self.examples: dict[tuple[TrendKind, bytes], int] = {}

    def add(self, row: _Signed) -> None:
        marks = (row.address_mark, row.network_mark, row.domain_mark, row.agent_mark)
        for kind, mark in zip(_MARKED, (b"", *marks), strict=True):
            if mark is None:
                continue
            self.counts[kind][row.campaign_id, mark] += 1
            self.examples[kind, mark] = row.id
            if row.is_confirmed:
                self.confirmed[kind][row.campaign_id, mark] += 1

    def rows_of(self, hour: datetime) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for kind, marked_counts in self.counts.items():
            certain = _by_place(self.confirmed[kind])
            for place, marked in _by_place(marked_counts).items():
                rows += [
                    {
                        "campaign_id": place,
                        "hour": hour,
                        "kind": kind,
                        "mark": mark,
                        "count": count,
                        "confirmed": certain[place][mark],
                        "example_id": self.examples[kind, mark],
                    }
                    for mark, count in marked.most_common(_MOST)
                    if count >= _FEWEST or kind is TrendKind.ALL
                ]
        return rows


_MARKED = (TrendKind.ALL, TrendKind.ADDRESS, TrendKind.NETWORK, TrendKind.DOMAIN, TrendKind.AGENT)


def _signed_since(first: datetime, hours: int) -> Select[*tuple[Any, ...]]:
    """Of those that are confirmed the column tells when their day began."""
    return select(
        Signature.id,
        Signature.campaign_id,
        Signature.seal_id,
        Signature.signed_at,
        type_coerce(Signature.exact_times, LargeBinary).label("exact"),
        Signature.confirmed_at.is_not(None).label("is_confirmed"),
        Signature.address_mark,
        Signature.network_mark,
        Signature.domain_mark,
        Signature.agent_mark,
    ).where(
        Signature.trace.is_not(None),
        Signature.signed_at >= first - LONGEST_DAY,
        Signature.signed_at < first + hours * HOUR,
    )


def _by_place(counts: Counter[tuple[int, bytes]]) -> dict[int, Counter[bytes]]:
    places: dict[int, Counter[bytes]] = defaultdict(Counter)
    for (campaign_id, mark), count in counts.items():
        places[campaign_id][mark] = count
        places[EVERYWHERE][mark] += count
    return places


def list_trends(
    session: Session, *, campaign_id: int = EVERYWHERE, hours: int, now: datetime, most: int = 10
) -> dict[TrendKind, list[Trend]]:
    start = hour_of(now) - (hours - 1) * HOUR
    window = (TrendCount.campaign_id == campaign_id, TrendCount.hour >= start)
    chosen = _most_shared(session, window, most)
    kept = [row for rows in chosen.values() for row in rows]
    lines = _lines(session, window, {bytes(row.mark) for row in kept}, start, hours)
    words = _words(session, kept)
    return {
        kind: [
            Trend(
                kind,
                bytes(mark),
                words.get((kind, bytes(mark)), ""),
                count,
                confirmed,
                lines[kind, bytes(mark)],
                spikes_in(lines[kind, bytes(mark)]),
            )
            for _, mark, count, confirmed, _ in rows
        ]
        for kind, rows in chosen.items()
    }


def _most_shared(session: Session, window: _Window, most: int) -> dict[TrendKind, list[_Sums]]:
    total = func.sum(TrendCount.count)
    rows = session.execute(
        select(
            TrendCount.kind,
            TrendCount.mark,
            total,
            func.sum(TrendCount.confirmed),
            func.max(TrendCount.example_id),
        )
        .where(*window)
        .group_by(TrendCount.kind, TrendCount.mark)
        .order_by(total.desc(), TrendCount.mark)
    ).all()
    chosen: dict[TrendKind, list[_Sums]] = {kind: [] for kind in TrendKind}
    for row in rows:
        if len(chosen[row.kind]) < most:
            chosen[row.kind].append(row)
    return chosen


def _lines(
    session: Session, window: _Window, marks: set[bytes], start: datetime, hours: int
) -> Mapping[tuple[TrendKind, bytes], tuple[int, ...]]:
    lines: dict[tuple[TrendKind, bytes], list[int]] = defaultdict(lambda: [0] * hours)
    rows = session.execute(
        select(TrendCount.kind, TrendCount.mark, TrendCount.hour, TrendCount.count).where(
            *window, TrendCount.mark.in_(marks)
        )
    )
    for kind, mark, hour, count in rows:
        at = int((hour - start) / HOUR)
        if 0 <= at < hours:
            lines[kind, bytes(mark)][at] = count
    return {key: tuple(line) for key, line in lines.items()}


def _words(session: Session, rows: Iterable[_Sums]) -> dict[tuple[TrendKind, bytes], str]:
    named = {(row.kind, bytes(row.mark)): row[4] for row in rows if row.kind is not TrendKind.ALL}
    rows_by_id = {
        example_id.id: example_id
        for example_id in session.execute(
            select(Signature.id, Signature.email, Signature.trace).where(
                Signature.id.in_(set(named.values())), Signature.state != SignatureState.ERASED
            )
        )
    }
    return {
        (kind, mark): value_of(kind, rows_by_id[example_id].email, rows_by_id[example_id].trace)
        for (kind, mark), example_id in named.items()
        if example_id in rows_by_id
    }


def value_of(kind: TrendKind, email: str, trace: str | None) -> str:
    origin = parse_trace(trace)
    return {
        TrendKind.ADDRESS: origin.address,
        TrendKind.NETWORK: origin.network,
        TrendKind.AGENT: origin.agent,
        TrendKind.DOMAIN: domain_of(email),
    }.get(kind, "")


def counted_at(session: Session) -> datetime | None:
    return session.scalar(select(func.max(TrendCount.hour)))


@jobs.job("screening.forget-traces", every_minutes=60)
def forget_traces() -> None:
    """Erase traces whose time is over, and all marks but that of the address's domain."""
    limit = db.utcnow() - timedelta(days=current_settings().trace_days)
    while True:
        with db.transaction() as session:
            old = (
                select(Signature.id)
                .where(Signature.trace.is_not(None), Signature.signed_at < limit)
                .order_by(Signature.signed_at)
                .limit(_FORGOTTEN_AT_ONCE)
            )
            gone = db.update_rows(session, Signature, Signature.id.in_(old), **FORGOTTEN)
        if gone < _FORGOTTEN_AT_ONCE:
            return
