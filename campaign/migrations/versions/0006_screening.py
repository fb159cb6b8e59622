"""Held letters, marks of where signatures came from, invalidations."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DECISIONS = ("open", "returned", "approved", "rejected", "aside")
_STATES = ("counting", "counted", "running", "cancelled", "done", "undoing", "undone")
_KINDS = ("all", "address", "network", "domain", "agent")
_MARKS = ("address_mark", "network_mark", "domain_mark", "agent_mark")


def _enum(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "invalidation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("state", _enum("invalidationstate", _STATES), nullable=False),
        sa.Column("conditions", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("sample", sa.JSON(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_invalidation_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name=op.f("fk_invalidation_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invalidation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invalidation_public_id")),
    )
    for name in ("campaign_id", "standing", "state"):
        op.create_index(op.f(f"ix_invalidation_{name}"), "invalidation", [name])
    op.create_table(
        "screening_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("decision", _enum("decision", _DECISIONS), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_user.id"], name=op.f("fk_screening_act_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_act")),
    )
    op.create_index("ix_screening_act_staff", "screening_act", ["staff_id", "id"])
    op.create_table(
        "hold",
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", _enum("decision", _DECISIONS), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("act_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["screening_act.id"], name=op.f("fk_hold_act_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_hold_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signature.id"],
            name=op.f("fk_hold_signature_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_act_id"), "hold", ["act_id"])
    op.create_index("ix_hold_decision", "hold", ["decision", "held_at", "signature_id"])
    op.create_index(
        "ix_hold_campaign_decision", "hold", ["campaign_id", "decision", "held_at", "signature_id"]
    )
    op.create_table(
        "trend_count",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", _enum("trendkind", _KINDS), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "hour", "kind", "mark", name=op.f("pk_trend_count")),
    )
    op.add_column(
        "campaign", sa.Column("screening", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("signature", sa.Column("state_before", sa.String(length=24), nullable=True))
    op.add_column("signature", sa.Column("trace", sa.LargeBinary(), nullable=True))
    for name in _MARKS:
        op.add_column("signature", sa.Column(name, sa.LargeBinary(length=16), nullable=True))
    # As SQL: Alembic would make SQLite's table anew, and all that hangs on it would go.
    op.execute(
        "ALTER TABLE signature ADD COLUMN invalidation_id INTEGER "
        "CONSTRAINT fk_signature_invalidation_id REFERENCES invalidation (id)"
    )
    op.create_index(
        "ix_signature_traced",
        "signature",
        ["signed_at"],
        sqlite_where=sa.text("trace IS NOT NULL"),
        postgresql_where=sa.text("trace IS NOT NULL"),
    )
    op.create_index(
        "ix_signature_invalidation_id",
        "signature",
        ["invalidation_id", "id"],
        sqlite_where=sa.text("invalidation_id IS NOT NULL"),
        postgresql_where=sa.text("invalidation_id IS NOT NULL"),
    )
    op.execute(
        "INSERT INTO hold (signature_id, campaign_id, reasons, held_at, decision) "
        "SELECT id, campaign_id, '[]', coalesce(confirmed_at, signed_at), 'open' "
        "FROM signature WHERE state = 'held'"
    )


def downgrade() -> None:
    """Back. What was invalidated stays so."""
    op.drop_index("ix_signature_invalidation_id", table_name="signature")
    op.drop_index("ix_signature_traced", table_name="signature")
    for name in ("invalidation_id", *_MARKS, "trace", "state_before"):
        op.drop_column("signature", name)
    op.drop_column("campaign", "screening")
    op.drop_table("trend_count")
    op.drop_table("hold")
    op.drop_table("screening_act")
    op.drop_table("invalidation")
