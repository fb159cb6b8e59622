"""Times of confirmed letters tell the day; exact ones, country, points and source are sealed.

The texts themselves stay as they are padded until they are written again, or the keys turn.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from campaign.core.clock import cut_to_day, utcnow
from campaign.core.db import keyring_of
from campaign.core.sealing import Keyring, KeyState

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_BATCH = 1000
_WHEN = sa.DateTime(timezone=True)
_TIMES = (
    "signed_at",
    "confirmed_at",
    "consent_delivery_at",
    "consent_updates_at",
    "consent_network_at",
)
_LATER = ("sent_by_self_at", "withdrawn_at")
_CLEAR: dict[str, tuple[sa.types.TypeEngine[Any], str]] = {
    "country": (sa.String(2), "''"),
    "points": (sa.JSON(), "'[]'"),
    "source": (sa.String(60), "''"),
}
"""Columns that are sealed from now on: what they were, and empty."""
_SIGNATURE = sa.table(
    "signature",
    sa.column("id", sa.Integer()),
    sa.column("seal_id", sa.LargeBinary()),
    sa.column("campaign_id", sa.Integer()),
    *(sa.column(name) for name in _CLEAR),
    *(sa.column(f"{name}_moved") for name in _CLEAR),
    sa.column("exact_times", sa.LargeBinary()),
    *(sa.column(name, _WHEN) for name in (*_TIMES, *_LATER, "reminded_at", "token_expires_at")),
)
_HOLD = sa.table(
    "hold",
    sa.column("signature_id", sa.Integer()),
    sa.column("decision", sa.String()),
    sa.column("held_at", _WHEN),
)
_MAIL = sa.table(
    "outbox_mail",
    sa.column("id", sa.Integer()),
    sa.column("state", sa.String()),
    *(sa.column(name, _WHEN) for name in ("created_at", "due_at", "sent_at")),
)
_WORDING = sa.table(
    "consent_wording",
    sa.column("id", sa.Integer()),
    sa.column("locale", sa.String()),
    sa.column("first_used_at", _WHEN),
)
_ZONES = sa.text("SELECT id, timezone FROM campaign")


def upgrade() -> None:
    """To this revision."""
    op.add_column("signature", sa.Column("exact_times", sa.LargeBinary(), nullable=True))
    empty = "'\\x04'::bytea" if _is_postgres() else "x'04'"
    sealed = {name: (sa.LargeBinary(), empty) for name in _CLEAR}
    with _without_triggers():
        zones = dict(map(tuple, op.get_bind().execute(_ZONES)))
        _replace(sealed, lambda row: _cut_and_seal(row, zones))
    _change(_HOLD, _cut_all, _HOLD.c.decision.not_in(("open", "returned")))
    _change(_MAIL, _cut_mail, _MAIL.c.state.in_(("sent", "failed")))
    _change(_WORDING, _cut_all)


def downgrade() -> None:
    """Back: with the exact times of signing and confirming, and the days of the others."""
    with _without_triggers():
        _replace(_CLEAR, _open)
    op.drop_column("signature", "exact_times")


def _replace(
    kinds: Mapping[str, tuple[sa.types.TypeEngine[Any], str]],
    values_of: Callable[[Any], dict[str, object]],
) -> None:
    """Write every signature anew, with columns of other kinds in the place of those in clear."""
    for name, (kind, empty) in kinds.items():
        default = sa.text(empty)
        nullable = name == "points" and isinstance(kind, sa.LargeBinary)
        moved = sa.Column(f"{name}_moved", kind, nullable=nullable, server_default=default)
        op.add_column("signature", moved)
    _change(_SIGNATURE, values_of)
    for name in kinds:
        op.drop_column("signature", name)
        op.alter_column("signature", f"{name}_moved", new_column_name=name)
        if _is_postgres():
            op.alter_column("signature", name, server_default=None)


def _cut_and_seal(row: Any, zones: dict[int, str]) -> dict[str, object]:
    keyring, seal_id = _keyring(), bytes(row.seal_id)
    values: dict[str, object] = {}
    for name in _CLEAR:
        text = getattr(row, name)
        if name == "points":
            points = json.loads(text) if isinstance(text, str) else text
            text = json.dumps(points, ensure_ascii=False) if points else ""
        values[f"{name}_moved"] = keyring.seal(text, f"signature.{name}", seal_id)
        # Emptied as well: PostgreSQL leaves a dropped column's values where they lie.
        values[name] = "[]" if name == "points" else ""
    zone = zones[row.campaign_id]
    values |= _cut(row, _LATER, zone)
    if row.confirmed_at is not None or row.withdrawn_at is not None:
        moments = (row.signed_at, row.confirmed_at)
        exact = " ".join(_utc(at).replace(tzinfo=None).isoformat() for at in moments if at)
        values["exact_times"] = keyring.seal(exact, "signature.exact_times", seal_id)
        day = cut_to_day(_utc(row.signed_at), zone)
        values |= {name: day if getattr(row, name) else None for name in _TIMES}
        values |= {"reminded_at": None, "token_expires_at": None}
    return values


def _open(row: Any) -> dict[str, object]:
    keyring, seal_id = _keyring(), bytes(row.seal_id)
    values: dict[str, object] = {
        f"{name}_moved": keyring.open(bytes(getattr(row, name)), f"signature.{name}", seal_id)
        for name in _CLEAR
    }
    values["points_moved"] = values["points_moved"] or "[]"
    if row.exact_times:
        exact = keyring.open(bytes(row.exact_times), "signature.exact_times", seal_id)
        moments = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in exact.split())
        values |= dict(zip(("signed_at", "confirmed_at"), moments, strict=False))
    return values


def _cut_all(row: Any) -> dict[str, object]:
    return _cut(row, tuple(row._mapping)[2:], "UTC")  # noqa: SLF001 — its public name


def _cut_mail(row: Any) -> dict[str, object]:
    """Those of the last day are still counted: of them the hours are kept."""
    if _utc(row.created_at) < utcnow() - timedelta(days=2):
        return _cut_all(row)
    moments = {name: getattr(row, name) for name in ("created_at", "due_at", "sent_at")}
    return {
        name: at and _utc(at).replace(minute=0, second=0, microsecond=0)
        for name, at in moments.items()
    } | {"due_at": _utc(row.due_at).replace(minute=59, second=59, microsecond=999_999)}


def _cut(row: Any, names: tuple[str, ...], zone: str) -> dict[str, object]:
    moments = {name: getattr(row, name) for name in names}
    return {name: at and cut_to_day(_utc(at), zone) for name, at in moments.items()}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _keyring() -> Keyring:
    return keyring_of(op.get_bind().dialect)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _change(
    table: Any, values_of: Callable[[Any], dict[str, object]], *which: sa.ColumnElement[bool]
) -> None:
    """Write the rows of a table anew, a batch at a time, in the order of its first column."""
    bind, key = op.get_bind(), next(iter(table.c))
    pages = sa.select(table).where(*which).order_by(key).limit(_BATCH)
    last: Any = None
    while rows := bind.execute(pages if last is None else pages.where(key > last)).all():
        values = [{"key_": row[0]} | values_of(row) for row in rows]
        for names in {tuple(each) for each in values}:
            new = {name: sa.bindparam(name, type_=table.c[name].type) for name in names[1:]}
            statement = sa.update(table).where(key == sa.bindparam("key_")).values(new)
            bind.execute(statement, [each for each in values if tuple(each) == names])
        last = rows[-1][0]


@contextmanager
def _without_triggers() -> Iterator[None]:
    """No figure changes by it, and SQLite drops no column that a trigger names."""
    bind = op.get_bind()
    row = bind.execute(sa.text("SELECT sealing, bound, look_ups, name FROM key_state")).first()
    if row:
        _keyring().enter(KeyState(*row))
    if _is_postgres():
        op.execute("ALTER TABLE signature DISABLE TRIGGER USER")
        yield
        op.execute("ALTER TABLE signature ENABLE TRIGGER USER")
        return
    triggers = bind.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type='trigger' AND tbl_name='signature'")
    ).all()
    for trigger in triggers:
        op.execute(f'DROP TRIGGER "{trigger.name}"')
    yield
    for trigger in triggers:
        bind.exec_driver_sql(trigger.sql)
