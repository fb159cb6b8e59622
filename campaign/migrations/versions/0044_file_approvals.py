"""Files that name supporters are fetched with the leave of a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_STATES = ("asked", "approved", "refused")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "file_approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                *_STATES,
                name="fileapprovalstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id",
            name=op.f("ck_file_approval_second_person"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"],
                [f"{table}.id"],
                name=op.f(f"fk_file_approval_{table}_id"),
                ondelete="CASCADE",
            )
            for table in ("campaign", "bundle")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["staff_user.id"], name=op.f(f"fk_file_approval_{column}")
            )
            for column in ("requested_by_id", "decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_approval")),
        sa.UniqueConstraint("public_id", name=op.f("uq_file_approval_public_id")),
    )
    for column in ("campaign_id", "bundle_id", "requested_by_id"):
        op.create_index(op.f(f"ix_file_approval_{column}"), "file_approval", [column])


def downgrade() -> None:
    """Back: who may fetch what is forgotten, the audit keeps its entries."""
    op.drop_table("file_approval")
