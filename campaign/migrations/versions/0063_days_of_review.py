"""When a letter came under review, and when a link to My letters was asked for, tell the day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from campaign.core.clock import cut_to_day, utcnow
from campaign.core.db import keyring_of
from campaign.core.sealing import Keyring, KeyState

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

_BATCH = 1000
_WHEN = sa.DateTime(timezone=True)
_HOUR = timedelta(hours=1)
_UNDECIDED = ("open", "returned", "aside")
_HOLD = sa.table(
    "hold",
    sa.column("signature_id", sa.Integer()),
    sa.column("seal_id", sa.LargeBinary()),
    sa.column("decision", sa.String()),
    sa.column("held_at", _WHEN),
    sa.column("exact_at", sa.LargeBinary()),
)
_LINK = sa.table(
    "letters_link",
    sa.column("id", sa.Integer()),
    sa.column("created_at", _WHEN),
    sa.column("expires_at", _WHEN),
)


def upgrade() -> None:
    """To this revision."""
    op.add_column("hold", sa.Column("exact_at", sa.LargeBinary(), nullable=True))
    _enter_key_state()

    def seal(row: Any) -> dict[str, object]:
        moment = _utc(row.held_at)
        day, text = cut_to_day(moment, "UTC"), moment.replace(tzinfo=None).isoformat()
        exact = _keyring().seal(text, "hold.exact_at", bytes(row.seal_id))
        return {"held_at": day, "exact_at": None if day == moment else exact}

    def name_day(row: Any) -> dict[str, object]:
        # From Honolulu to Auckland a day begins at most 10 hours later, 13 earlier than in UTC.
        return {"held_at": cut_to_day(_utc(row.held_at) + 13 * _HOUR, "UTC")}

    _change(_HOLD, seal, _HOLD.c.decision.in_(_UNDECIDED))
    # Of those that were decided there was the day alone, in the zone of the organization.
    _change(_HOLD, name_day, _HOLD.c.decision.not_in(_UNDECIDED))
    _change(_LINK, _cut)


def downgrade() -> None:
    """Back: with the moments of what waits for review. Of links the hour, or the day."""
    _enter_key_state()

    def open_moment(row: Any) -> dict[str, object]:
        text = _keyring().open(bytes(row.exact_at), "hold.exact_at", bytes(row.seal_id))
        return {"held_at": datetime.fromisoformat(text).replace(tzinfo=UTC)}

    _change(_HOLD, open_moment, _HOLD.c.exact_at.is_not(None))
    op.drop_column("hold", "exact_at")


def _cut(row: Any) -> dict[str, object]:
    expires_at, day = _utc(row.expires_at), cut_to_day(_utc(row.created_at), "UTC")
    hour = expires_at.replace(minute=0, second=0, microsecond=0)
    is_over = expires_at <= utcnow()
    end = day if is_over else hour + _HOUR - timedelta(microseconds=1)
    return {"created_at": day, "expires_at": end}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _keyring() -> Keyring:
    return keyring_of(op.get_bind().dialect)


def _enter_key_state() -> None:
    state = sa.text("SELECT sealing, bound, look_ups, name FROM key_state")
    if row := op.get_bind().execute(state).first():
        _keyring().enter(KeyState(*row))


def _change(
    table: Any, values_of: Callable[[Any], dict[str, object]], *which: sa.ColumnElement[bool]
) -> None:
    """Write the rows of a table anew, a batch at a time, in the order of its first column."""
    bind, key = op.get_bind(), next(iter(table.c))
    pages = sa.select(table).where(*which).order_by(key).limit(_BATCH)
    last: Any = None
    while rows := bind.execute(pages if last is None else pages.where(key > last)).all():
        values = [{"key_": row[0]} | values_of(row) for row in rows]
        new = {name: sa.bindparam(name, type_=table.c[name].type) for name in list(values[0])[1:]}
        bind.execute(sa.update(table).where(key == sa.bindparam("key_")).values(new), values)
        last = rows[-1][0]
