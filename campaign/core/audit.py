"""Who did what: an append-only record in which every entry carries the hash of the one before.

An entry that was edited or removed breaks the chain, and `check` names the place. The database
itself refuses to change an entry (triggers); who can take those away, the chain shows.
"""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Index, LargeBinary, Row, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.core.db import Base, Json, PrimaryKey, database, table_of, utcnow

_CHAIN_LOCK = 0x0A0D17
_BATCH = 1_000


class AuditEntry(Base):
    """One deed of a staff user or of a job."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_action", "action", "id"),
        Index("ix_audit_entry_actor", "actor", "action", "id"),
        Index("ix_audit_entry_actor_id", "actor", "id"),
        Index("ix_audit_entry_subject", "subject", "id"),
    )

    id: Mapped[PrimaryKey]
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(40))
    """`staff:7`, `job:bundles.print`, `command`: ids, no names."""
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[Json]
    previous: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)


@dataclass(frozen=True, slots=True)
class Anchor:
    """How the chain stood at a moment: kept elsewhere, it shows what was cut off or made anew."""

    entries: int
    last: int
    """Id of the last entry; 0 where there was none."""
    digest: bytes

    def __str__(self) -> str:
        return f"{self.entries}.{self.last}.{self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Return the anchor that `str` gave as text. Raises ValueError."""
        entries, last, digest = text.strip().split(".")
        if len(digest) != 64:
            raise ValueError(text)
        return cls(int(entries), int(last), bytes.fromhex(digest))


@dataclass(frozen=True, slots=True)
class Fault:
    """A place at which the chain is broken."""

    kind: Literal["edited", "missing", "cut", "rewritten"]
    """Edited itself; one missing before it; all missing up to it; not the one that was anchored."""
    entry: int
    at: datetime | None


SEALED_BEFORE = "sealed_before"
"""Detail with a text that was public and is no more, sealed (`seal_text`)."""
_PLACE = "audit_entry.detail"


def seal_text(text: str) -> str:
    """Return a text as a detail may keep it."""
    return b64encode(database().keyring.seal(text, _PLACE)).decode()


def open_text(sealed: str) -> str:
    """Return what `seal_text` was given."""
    return database().keyring.open(b64decode(sealed), _PLACE)


def record(
    session: Session, *, actor: str, action: str, subject: str, **detail: object
) -> AuditEntry:
    """Append an entry; `detail` takes ids, counts and states, never personal data."""
    _take_turn(session)
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(
        # Clocks of several machines differ; in the chain time runs forward all the same.
        at=max(utcnow(), last.at) if last else utcnow(),
        actor=actor,
        action=action,
        subject=subject,
        detail=detail,
        previous=last.digest if last else bytes(32),
    )
    entry.digest = _digest(entry)
    session.add(entry)
    session.flush()
    session.info["audited"] = True
    return entry


def _take_turn(session: Session) -> None:
    """Wait: two entries at once would follow the same one; SQLite's write lock already orders."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})


def head(session: Session) -> Anchor:
    """Return how the chain is now."""
    entries = session.scalar(select(func.count(AuditEntry.id))) or 0
    last = session.execute(
        select(AuditEntry.id, AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
    ).first()
    return Anchor(entries, last.id, bytes(last.digest)) if last else Anchor(0, 0, bytes(32))


def check(
    session: Session,
    *,
    anchors: Iterable[Anchor] = (),
    since: Anchor | None = None,
    progress: Callable[[int], object] = lambda _done: None,
) -> Iterator[Fault]:
    """Walk the chain and yield each place at which it is broken.

    Entries that were cut off its end, and a chain that was made anew as a whole, show only against
    `anchors`: how it stood before. `since` begins the walk there instead of at the first entry.
    `progress` is told now and then how many entries were looked at.
    """
    start = since or Anchor(0, 0, bytes(32))
    waiting = sorted(anchors, key=lambda anchor: anchor.last)
    expected, seen, last = start.digest, start.entries, start.last
    columns = table_of(AuditEntry).c
    rows = session.execute(
        select(*columns).where(columns.id > start.last).order_by(columns.id),
        execution_options={"yield_per": _BATCH},
    )
    for entry in rows:
        while waiting and waiting[0].last < entry.id:
            yield from _compare(waiting.pop(0), last, seen, expected)
        if bytes(entry.previous) != expected:
            yield Fault("missing", entry.id, entry.at)
        elif not hmac.compare_digest(bytes(entry.digest), _digest(entry)):
            yield Fault("edited", entry.id, entry.at)
        expected, seen, last = bytes(entry.digest), seen + 1, entry.id
        if seen % _BATCH == 0:
            progress(seen)
    for anchor in waiting:
        yield from _compare(anchor, last, seen, expected)


def _compare(anchor: Anchor, last: int, seen: int, digest: bytes) -> Iterator[Fault]:
    """Yield a fault where the chain, at the entry `last`, is not the one that was anchored."""
    if anchor.last > last:
        yield Fault("cut", anchor.last, None)
    elif (anchor.entries, anchor.digest) != (seen, digest):
        yield Fault("rewritten", anchor.last, None)


def _digest(entry: AuditEntry | Row[Any]) -> bytes:
    body = json.dumps(
        [entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.detail],
        sort_keys=True,
        ensure_ascii=False,
    )
    return hashlib.sha256(bytes(entry.previous) + body.encode()).digest()
