"""An attempt keeps what was removed, or made unreadable, by hand before it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

_ENTRY = sa.table(
    "audit_entry",
    sa.column("id", sa.Integer()),
    sa.column("action", sa.String()),
    sa.column("subject", sa.String()),
    sa.column("detail", sa.JSON()),
)
_ATTEMPT = sa.table(
    "delivery_attempt", sa.column("id", sa.Integer()), sa.column("by_hand", sa.JSON())
)


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "delivery_attempt",
        sa.Column("by_hand", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    )
    rows = _list_from_audit()
    if rows:
        of_it = _ATTEMPT.c.id == sa.bindparam("key_")
        new = sa.bindparam("numbers", type_=sa.JSON())
        op.get_bind().execute(sa.update(_ATTEMPT).where(of_it).values(by_hand=new), rows)


def downgrade() -> None:
    """Back: the audit alone knows it."""
    op.drop_column("delivery_attempt", "by_hand")


def _list_from_audit() -> list[dict[str, Any]]:
    # SQLite gives the id of a deleted record to the next: the newest entry is of what is there.
    recorded = (
        sa.select(_ENTRY.c.subject, _ENTRY.c.detail)
        .where(_ENTRY.c.action == "delivery.record", _ENTRY.c.subject.startswith("delivery:"))
        .order_by(_ENTRY.c.id)
    )
    numbers = {
        int(subject.removeprefix("delivery:")): str(detail.get("by_hand", ""))
        for subject, detail in op.get_bind().execute(recorded)
    }
    return [{"key_": key, "numbers": text.split(",")} for key, text in numbers.items() if text]
