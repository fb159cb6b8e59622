"""Where signatures come from, hour by hour: counted by a job, so that the pages are quick.

Floods show as many signatures of one address, network, mail domain or browser. What a mark stands
for is read from one signature that has it, while its trace is kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.settings import current_settings
from campaign.models.screening import TrendCount, TrendKind
from campaign.models.signature import Signature, SignatureState
from campaign.signing.checks.origin import FORGOTTEN, domain_of, parse_trace

EVERYWHERE = 0
HOUR = timedelta(hours=1)
_FEWEST = 3  # Fewer signatures of one mark in one hour are kept nowhere
_MOST = 40  # Marks kept for one hour, kind and campaign
_FETCHED = 5000
_FORGOTTEN_AT_ONCE = 500
_SPIKE_LEAST = 20
_SPIKE_TIMES = 4


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
        _count_hour(hour)
        hour += HOUR
    with db.transaction() as session:
        limit = now - timedelta(days=current_settings().trace_days)
        session.execute(delete(TrendCount).where(TrendCount.hour < limit))


def _count_hour(hour: datetime) -> None:
    with db.reading() as session:
        rows = _rows_of_hour(session, hour)
    with db.transaction() as session:
        session.execute(delete(TrendCount).where(TrendCount.hour == hour))
        if rows:
            session.execute(db.insert_into(session, TrendCount).on_conflict_do_nothing(), rows)


def _rows_of_hour(session: Session, hour: datetime) -> list[dict[str, object]]:
    signatures = session.execute(_signed_in(hour)).yield_per(_FETCHED)
    # Per kind and (campaign, mark): how many, and a signature of them; then over all campaigns.
    counts: dict[TrendKind, Counter[tuple[int, bytes]]] = {kind: Counter() for kind in TrendKind}
    confirmed: dict[TrendKind, Counter[tuple[int, bytes]]] = defaultdict(Counter)
    examples: dict[tuple[TrendKind, bytes], int] = {}
    for number, campaign_id, is_confirmed, *marks in signatures:
        for kind, mark in zip(_MARKED, (b"", *marks), strict=True):
            if mark is None:
                continue
            counts[kind][campaign_id, mark] += 1
            examples[kind, mark] = number
            if is_confirmed:
                confirmed[kind][campaign_id, mark] += 1
    rows: list[dict[str, object]] = []
    for kind, marked_counts in counts.items():
        certain = _by_place(confirmed[kind])
        for place, marked in _by_place(marked_counts).items():
            rows += [
                {
                    "campaign_id": place,
                    "hour": hour,
                    "kind": kind,
                    "mark": mark,
                    "count": count,
                    "confirmed": certain[place][mark],
                    "example_id": examples[kind, mark],
                }
                for mark, count in marked.most_common(_MOST)
                if count >= _FEWEST or kind is TrendKind.ALL
            ]
    return rows


_MARKED = (TrendKind.ALL, TrendKind.ADDRESS, TrendKind.NETWORK, TrendKind.DOMAIN, TrendKind.AGENT)
"""In the order of the columns of `_signed_in`."""


def _signed_in(
    hour: datetime,
) -> Select[int, int, bool, bytes | None, bytes | None, bytes | None, bytes | None]:
    return select(
        Signature.id,
        Signature.campaign_id,
        Signature.confirmed_at.is_not(None),
        Signature.address_mark,
        Signature.network_mark,
        Signature.domain_mark,
        Signature.agent_mark,
    ).where(
        Signature.trace.is_not(None), Signature.signed_at >= hour, Signature.signed_at < hour + HOUR
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
            gone = session.scalars(
                update(Signature)
                .where(Signature.id.in_(old))
                .values(**FORGOTTEN)
                .returning(Signature.id)
                .execution_options(synchronize_session=False)
            ).all()
        if len(gone) < _FORGOTTEN_AT_ONCE:
            return
