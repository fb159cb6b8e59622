"""How often something was done from one place in an hour, and what is too often."""

import hashlib
import ipaddress
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import LargeBinary, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.core import clock, db, jobs
from campaign.core.errors import TooMany
from campaign.core.prepared_statements import fetch_first

_HOUR = 3600


class RateLimit(db.Base):
    """How often something was done from one place in one hour; shared by all machines."""

    __tablename__ = "rate_limit"

    bucket: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


_LIMIT = db.table_of(RateLimit)
_COUNT = {
    name: dialect.insert(_LIMIT)
    .on_conflict_do_update(index_elements=["bucket"], set_={"count": _LIMIT.c.count + 1})
    .returning(_LIMIT.c.count)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
"""Built once: every signature is counted, and building a statement takes longer than sending it."""


def network_of(address: str) -> str:
    """Return what counts as one place: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def count_against_limit(session: Session, what: str, place: str, per_hour: int) -> int:
    """Count one `what` from `place`, and give how many there were in this clock hour.

    Raises TooMany beyond `per_hour`.
    """
    now = clock.utcnow()
    row = {"bucket": _bucket(what, place, now), "count": 1, "expires_at": now + timedelta(hours=1)}
    counted = fetch_first(session, _COUNT[session.get_bind().dialect.name], row)
    count = cast(int, counted[0] if counted else 0)
    if count > per_hour:
        raise TooMany(what, seconds=_HOUR - int(now.timestamp()) % _HOUR)
    return count


def read_count(session: Session, what: str, place: str) -> int:
    """Return how many `what` were counted from `place` in this clock hour."""
    bucket = _bucket(what, place, clock.utcnow())
    return session.scalar(select(RateLimit.count).where(RateLimit.bucket == bucket)) or 0


def forget_count(session: Session, what: str, place: str) -> None:
    """Start the count of `what` from `place` anew: what was counted was no abuse."""
    bucket = _bucket(what, place, clock.utcnow())
    session.execute(delete(RateLimit).where(RateLimit.bucket == bucket))


def _bucket(what: str, place: str, now: datetime) -> bytes:
    start = int(now.timestamp()) // _HOUR
    return hashlib.sha256(
        db.database().keyring.fingerprint(f"{what}|{place}|{start}", "limit")
    ).digest()


@jobs.job("security.forget-limits", every_minutes=15)
def forget_limits() -> None:
    """Remove counts whose hour is over."""
    with db.transaction() as session:
        session.execute(delete(RateLimit).where(RateLimit.expires_at < db.utcnow()))
