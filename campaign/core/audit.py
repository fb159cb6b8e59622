"""Who did what: an append-only record in which every entry carries the hash of the one before.

An entry that was edited or removed breaks the chain, and `check` names the place. The database
itself refuses to change an entry (triggers); who can take those away, the chain shows. That its
last entries were cut off, or that all of it was made anew, only an anchor shows: how the chain
stood lately, outside the database, sealed with a key that is not in it. Each backup holds one too.
"""

import hashlib
import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, Index, LargeBinary, Row, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.core import db, jobs
from campaign.core.db import Json, NumberedRow, table_of, utcnow
from campaign.core.errors import Refused
from campaign.core.keyfiles import write_privately
from campaign.core.sealing import Keyring, WrongKey
from campaign.core.settings import current_settings

_CHAIN_LOCK = 0x0A0D17
_BATCH = 1_000
SEALED_BEFORE = "sealed_before"
"""Detail with a text that was public and is no more, sealed (`seal_text`)."""
_PLACE = "audit_entry.detail"
_OFFICIALS = ("campaign.targets", "campaign.successor")
"""Actions whose details name officials by their ids."""
_TABLES = {"delivery": "delivery_attempt", "export": "data_export", "staff": "staff_user"}
"""Of kinds of subjects that are not called by theirs."""
log = structlog.get_logger()
_ANCHOR_PLACE = "audit.anchor"


class AuditEntry(NumberedRow):
    __table_args__ = (
        Index("ix_audit_entry_action", "action", "id"),
        Index("ix_audit_entry_actor", "actor", "action", "id"),
        Index("ix_audit_entry_actor_id", "actor", "id"),
        Index("ix_audit_entry_subject", "subject", "id"),
    )

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
    digest: bytes

    def __str__(self) -> str:
        return f"{self.entries}.{self.last}.{self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        entries, last, digest = text.strip().split(".")
        if len(digest) != 64:
            raise ValueError(text)
        return cls(int(entries), int(last), bytes.fromhex(digest))


@dataclass(frozen=True, slots=True)
class ChainFault:
    kind: Literal["edited", "missing", "cut", "rewritten"]
    """Edited itself; one missing before it; all missing up to it; not the one that was anchored."""
    entry: int
    at: datetime | None


def seal_text(text: str) -> str:
    """Return a text as a detail may keep it."""
    return b64encode(db.database().keyring.seal(text, _PLACE)).decode()


def open_text(sealed: str) -> str:
    """Return what `seal_text` was given."""
    return db.database().keyring.open(b64decode(sealed), _PLACE)


def record(
    session: Session, actor: str, action: str, subject: str | NumberedRow, /, **detail: object
) -> AuditEntry:
    """Append an entry on a row (`paper-sheet:7`), or on what `subject` says.

    `detail` takes ids, counts and states, never personal data; of an official who is deleted, the
    name, which is public.
    """
    if isinstance(subject, NumberedRow):
        subject = subject_of(subject)
    if session.get_bind().dialect.name == "postgresql":
        # Two entries at once would follow the same one; SQLite's write lock already orders.
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
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
    db.add_row(session, entry)
    session.info["audited"] = True
    return entry


def subject_of(row: NumberedRow) -> str:
    return f"{row.__tablename__.replace('_', '-')}:{row.id}"


def has_recent(session: Session, actor: str, action: str, subject: str, *, since: datetime) -> bool:
    """Whether an entry says that the actor did so with the subject since a moment."""
    noted = select(AuditEntry.id).where(
        # The subject's index finds it: a program may have done so with many others.
        db.unindexed(AuditEntry.actor) == actor,
        AuditEntry.action == action,
        AuditEntry.subject == subject,
        AuditEntry.at > since,
    )
    return db.has_row(session, noted)


def find_highest_ids(connection: Connection) -> dict[str, int]:
    """Find the highest id of each table that entries name, also of what is deleted."""
    highest: dict[str, int] = {}
    for subject in connection.scalars(select(AuditEntry.subject).distinct()):
        kind, _colon, ident = subject.partition(":")
        if ident.isascii() and ident.isdigit():
            table = _TABLES.get(kind, kind.replace("-", "_"))
            highest[table] = max(highest.get(table, 0), int(ident))
    details = connection.scalars(select(AuditEntry.detail).where(AuditEntry.action.in_(_OFFICIALS)))
    for detail in details:
        ids = [*detail.get("officials", ()), detail.get("before"), detail.get("after")]
        numbers = [number for number in ids if isinstance(number, int)]
        highest["official"] = max([highest.get("official", 0), *numbers])
    return highest


def find_last(session: Session, subject: str, *actions: str) -> AuditEntry | None:
    """Find the newest entry that says so of that subject."""
    noted = select(AuditEntry).where(
        AuditEntry.subject == subject, db.unindexed(AuditEntry.action).in_(actions)
    )
    return session.scalar(noted.order_by(AuditEntry.id.desc()).limit(1))


class DoneBefore(Refused):
    """Somebody did the same before; `entry` says who and when, where it is known."""

    def __init__(self, entry: AuditEntry | None) -> None:
        super().__init__("done-before")
        self.entry = entry


def staff_id(actor: str) -> int | None:
    """The staff user behind an actor, as `staff.desk_access.actor` names them."""
    kind, _, number = actor.partition(":")
    return int(number) if kind == "staff" and number.isdigit() else None


def head(session: Session) -> Anchor:
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
) -> Iterator[ChainFault]:
    """Walk the chain and yield each place at which it is broken."""
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
            yield ChainFault("missing", entry.id, entry.at)
        elif not hmac.compare_digest(bytes(entry.digest), _digest(entry)):
            yield ChainFault("edited", entry.id, entry.at)
        expected, seen, last = bytes(entry.digest), seen + 1, entry.id
        if seen % _BATCH == 0:
            progress(seen)
    for anchor in waiting:
        yield from _compare(anchor, last, seen, expected)


def _compare(anchor: Anchor, last: int, seen: int, digest: bytes) -> Iterator[ChainFault]:
    """Yield a fault where the chain, at the entry `last`, is not the one that was anchored."""
    if anchor.last > last:
        yield ChainFault("cut", anchor.last, None)
    elif (anchor.entries, anchor.digest) != (seen, digest):
        yield ChainFault("rewritten", anchor.last, None)


def _digest(entry: AuditEntry | Row[Any]) -> bytes:
    body = json.dumps(
        [entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.detail],
        sort_keys=True,
        ensure_ascii=False,
    )
    return hashlib.sha256(bytes(entry.previous) + body.encode()).digest()


class DamagedAnchor(Exception):
    """The anchor cannot be read: it was changed, or sealed with another key."""


@jobs.job("audit.anchor", every_minutes=15)
def move_anchor() -> None:
    """Move the anchor to the chain's end; where the chain does not fit it, it stays and tells."""
    before = read_anchor()
    with db.reading() as session:
        fault = next(check(session, since=before), None)
        end = head(session)
        if before is not None and fault is None and end.last <= before.last:
            fault = next(check(session, anchors=[before]), None)
    if fault is not None:
        log.error("the audit is broken", kind=fault.kind, entry=fault.entry)
    elif before is None or end.last > before.last:
        _write_anchor(end)


def anchor_anew() -> None:
    """Take the chain as it is: after a backup was restored."""
    with db.reading() as session:
        _write_anchor(head(session))


def list_anchors() -> list[Anchor]:
    anchor = read_anchor()
    return [] if anchor is None else [anchor]


def read_anchor() -> Anchor | None:
    """Return the instance's anchor; None before the first. Raises DamagedAnchor."""
    path = _anchor_path()
    return open_anchor(db.database().keyring, path.read_text()) if path.exists() else None


def seal_anchor(keyring: Keyring, anchor: Anchor) -> str:
    """Return an anchor as text that nobody without the data key can make."""
    return b64encode(keyring.seal(str(anchor), _ANCHOR_PLACE)).decode()


def open_anchor(keyring: Keyring, text: str) -> Anchor:
    """Return what `seal_anchor` was given. Raises DamagedAnchor."""
    try:
        return Anchor.parse(keyring.open(b64decode(text, validate=True), _ANCHOR_PLACE))
    except (ValueError, WrongKey) as problem:
        raise DamagedAnchor from problem


def _write_anchor(anchor: Anchor) -> None:
    path = _anchor_path()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_privately(draft, seal_anchor(db.database().keyring, anchor).encode())
    draft.replace(path)


def _anchor_path() -> Path:
    return current_settings().folder / "audit.anchor"
