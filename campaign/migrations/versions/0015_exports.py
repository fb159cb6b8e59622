"""Exports of personal data, and the keys to which they are encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KINDS = ("full", "officials")
_FORMATS = ("csv", "xlsx", "jsonl")
_STATES = ("asked", "making", "ready", "refused", "withdrawn", "failed", "expired")


def _one_of(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "data_export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", _one_of(_KINDS, "exportkind"), nullable=False),
        sa.Column("format", _one_of(_FORMATS, "exportformat"), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.Column("bundle_sequence", sa.Integer(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("state", _one_of(_STATES, "exportstate"), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        _moment("requested_at", nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        _moment("decided_at"),
        sa.Column("decision_note", sa.LargeBinary(), nullable=True),
        _moment("expires_at"),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_unreadable", sa.Integer(), nullable=False),
        _moment("lease_until"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=60), nullable=True),
        sa.Column("storage_key", sa.String(length=120), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        _moment("ready_at"),
        sa.Column("downloads", sa.Integer(), nullable=False),
        _moment("downloaded_at"),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id",
            name=op.f("ck_data_export_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_data_export_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name=op.f("fk_data_export_bundle_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["staff_user.id"], name=op.f("fk_data_export_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_user.id"], name=op.f("fk_data_export_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_export")),
        sa.UniqueConstraint("public_id", name=op.f("uq_data_export_public_id")),
    )
    for name in ("campaign_id", "bundle_id", "requested_by_id"):
        op.create_index(op.f(f"ix_data_export_{name}"), "data_export", [name])
    op.create_index("ix_data_export_state_lease_until", "data_export", ["state", "lease_until"])
    op.create_table(
        "export_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("staff_user_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.String(length=2000), nullable=False),
        _moment("added_at", nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_user_id"],
            ["staff_user.id"],
            name=op.f("fk_export_key_staff_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_export_key_public_id")),
        sa.UniqueConstraint(
            "staff_user_id", "recipient", name=op.f("uq_export_key_staff_user_id_recipient")
        ),
    )


def downgrade() -> None:
    """Back; the log of exports is lost, the audit keeps its entries."""
    op.drop_table("export_key")
    op.drop_table("data_export")
