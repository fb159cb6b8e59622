"""Webhooks: other programs that are told what happened, and what they were told."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_KINDS = (
    "action.opened",
    "action.closed",
    "action.stopped",
    "action.outcome",
    "signature.confirmed",
    "signature.withdrawn",
    "signature.erased",
    "delivery.recorded",
    "reply.published",
    "webhook.test",
)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column(
            "state", _enum("endpointstate", "ready", "sending", "broken", "off"), nullable=False
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("lease_until", _MOMENT),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_endpoint_public_id")),
    )
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", _enum("eventkind", *_KINDS), nullable=False),
        sa.Column("deed", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("shared_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
        sa.UniqueConstraint("deed", name=op.f("uq_webhook_event_deed")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_event_public_id")),
    )
    op.create_index("ix_webhook_event_created_at", "webhook_event", ["created_at"])
    unshared = sa.text("shared_at IS NULL")
    op.create_index(
        "ix_webhook_event_unshared",
        "webhook_event",
        ["id"],
        sqlite_where=unshared,
        postgresql_where=unshared,
    )
    op.create_table(
        "webhook_post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("state", _enum("poststate", "waiting", "sent", "failed"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("answer", sa.String(40), server_default="", nullable=False),
        _to("endpoint_id", "webhook_endpoint"),
        _to("event_id", "webhook_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_post")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_post_public_id")),
        sa.UniqueConstraint(
            "event_id", "endpoint_id", name=op.f("uq_webhook_post_event_id_endpoint_id")
        ),
    )
    op.create_index(
        "ix_webhook_post_endpoint_id_state_due_at",
        "webhook_post",
        ["endpoint_id", "state", "due_at"],
    )


def downgrade() -> None:
    """Back from it: nobody is told any more."""
    for table in ("webhook_post", "webhook_event", "webhook_endpoint"):
        op.drop_table(table)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _to(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_webhook_post_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete="CASCADE")
