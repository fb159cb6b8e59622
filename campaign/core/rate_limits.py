"""How often something is done from a place in an hour, or fails in a row; how much at once."""

import hashlib
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import cast

from sqlalchemy import LargeBinary, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.core import clock, db, jobs
from campaign.core.db.prepared_statements import fetch_first
from campaign.core.errors import TooMany
from campaign.core.slow_work import leave_database

_HOUR = 3600
WIDER_BUDGET = 8
"""Times the budget of a /64 that the /48 around it has: many /64 belong to one customer, and a /48
can be one customer or a small town's."""


class RateLimit(db.Base):
    bucket: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


_IN_A_ROW = datetime(1970, 1, 1, tzinfo=UTC)
"""For the hour, where failures are counted across hours."""
_LIMIT = db.table_of(RateLimit)
_COUNT = {
    name: dialect.insert(_LIMIT)
    .on_conflict_do_update(index_elements=["bucket"], set_={"count": _LIMIT.c.count + 1})
    .returning(_LIMIT.c.count)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
"""Built once: every signature is counted, and building a statement takes longer than sending it."""


@dataclass(frozen=True, slots=True)
class Networks:
    """From where a request comes, in the sizes in which it is counted."""

    nearest: str  # an IPv4 address, or the /64 of an IPv6 one, which who has one has whole
    wider: str = ""  # the /48 of an IPv6 address; of an IPv4 one nothing


def networks_of(address: str, *, ipv4_prefix: int = 32) -> Networks:
    """Return the networks of an address; of an IPv4 one the block of that prefix."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Networks("unknown")
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return Networks(_block(parsed, 64), _block(parsed, 48))
        parsed = parsed.ipv4_mapped
    return Networks(str(parsed) if ipv4_prefix == 32 else _block(parsed, ipv4_prefix))


def _block(address: ipaddress.IPv4Address | ipaddress.IPv6Address, prefix: int) -> str:
    return str(ipaddress.ip_network((address, prefix), strict=False))


def count_from_networks(
    session: Session, what: str, networks: Networks, per_hour: int, *, account: str = ""
) -> int:
    """Count one `what` from a network (for one `account`, where it names one).

    Returns how many there were in this clock hour, of the wider network as many as fall to one of
    its budgets where they are more. Raises TooMany beyond `per_hour`, or its `WIDER_BUDGET` from
    the wider one. What the nearest network has no budget for takes none of the wider one's.
    """
    count = count_against_limit(session, what, _name(account, networks.nearest), per_hour)
    if not networks.wider:
        return count
    most = per_hour * WIDER_BUDGET
    wider = count_against_limit(session, what, _name(account, networks.wider), most)
    return max(count, -(-wider // WIDER_BUDGET))


def read_count_from_networks(session: Session, what: str, networks: Networks) -> int:
    """Return the count that `count_from_networks` gave last, or would have given."""
    count = read_count(session, what, networks.nearest)
    if not networks.wider:
        return count
    return max(count, -(-read_count(session, what, networks.wider) // WIDER_BUDGET))


def forget_count_from_networks(
    session: Session, what: str, networks: Networks, *, account: str
) -> None:
    for network in (networks.nearest, networks.wider):
        if network:
            forget_count(session, what, _name(account, network))


def _name(account: str, network: str) -> str:
    return f"{account}|{network}" if account else network


def count_against_limit(session: Session, what: str, place: str, per_hour: int) -> int:
    """Count one `what` in this clock hour; return how many. Raises TooMany beyond `per_hour`."""
    now = clock.utcnow()
    ends = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    row = {"bucket": _bucket(what, place, now), "count": 1, "expires_at": ends}
    counted = fetch_first(session, _COUNT[session.get_bind().dialect.name], row)
    count = cast(int, counted[0] if counted else 0)
    if count > per_hour:
        raise TooMany(what, seconds=_HOUR - int(now.timestamp()) % _HOUR)
    return count


def is_first_use(session: Session, what: str, token: str, *, until: datetime) -> bool:
    """Tell whether a token comes for the first time, also of many at once."""
    proof = db.database().keyring.prove(f"{what}|{token}", "once")
    row = {"bucket": hashlib.sha256(proof).digest(), "count": 1, "expires_at": until}
    counted = fetch_first(session, _COUNT[session.get_bind().dialect.name], row)
    return bool(counted and counted[0] == 1)


def read_count(session: Session, what: str, place: str) -> int:
    bucket = _bucket(what, place, clock.utcnow())
    return session.scalar(select(RateLimit.count).where(RateLimit.bucket == bucket)) or 0


def forget_count(session: Session, what: str, place: str) -> None:
    """Start the count of `what` from `place` anew: what was counted was no abuse."""
    bucket = _bucket(what, place, clock.utcnow())
    session.execute(delete(RateLimit).where(RateLimit.bucket == bucket))


def note_result(session: Session, what: str, *, has_failed: bool) -> None:
    """Count one more failure of `what`, or start the count anew."""
    bucket = _bucket(what, "", _IN_A_ROW)
    if has_failed:
        row = {"bucket": bucket, "count": 1, "expires_at": clock.utcnow() + timedelta(days=30)}
        fetch_first(session, _COUNT[session.get_bind().dialect.name], row)
    else:
        session.execute(delete(RateLimit).where(RateLimit.bucket == bucket))


def count_failures(session: Session, what: str) -> int:
    """Return how often `what` has failed in a row."""
    bucket = _bucket(what, "", _IN_A_ROW)
    return session.scalar(select(RateLimit.count).where(RateLimit.bucket == bucket)) or 0


def _bucket(what: str, place: str, now: datetime) -> bytes:
    start = int(now.timestamp()) // _HOUR
    return hashlib.sha256(db.database().keyring.prove(f"{what}|{place}|{start}", "limit")).digest()


@jobs.job("security.forget-limits", every_minutes=15)
def forget_limits() -> None:
    with db.transaction() as session:
        session.execute(delete(RateLimit).where(RateLimit.expires_at < db.utcnow()))


class FewAtOnce:
    def __init__(self, places: int, *, seconds: int, slug: str = "busy") -> None:
        self._places = BoundedSemaphore(places)
        self._queue = BoundedSemaphore(places)
        self._seconds = seconds
        self._slug = slug

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Wait for a place. Raises TooMany where there is none to wait for, or none in time."""
        leave_database()
        self._take()
        try:
            yield
        finally:
            self._places.release()

    def _take(self) -> None:
        if self._places.acquire(blocking=False):
            return
        if not self._queue.acquire(blocking=False):
            raise TooMany(self._slug, seconds=self._seconds)
        try:
            if not self._places.acquire(timeout=self._seconds):
                raise TooMany(self._slug, seconds=self._seconds)
        finally:
            self._queue.release()
