"""Public words that one organizer proposes and another one publishes."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_KINDS = ("update", "close", "reason")
_STATES = ("pending", "approved", "declined", "withdrawn", "obsolete")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", _one_of(_KINDS, "proposalkind"), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("picture", sa.String(length=120), nullable=False),
        sa.Column("state", _one_of(_STATES, "proposalstate"), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> made_by_id",
            name=op.f("ck_proposal_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_proposal_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["staff_user.id"], name=op.f("fk_proposal_made_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_user.id"], name=op.f("fk_proposal_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("public_id", name=op.f("uq_proposal_public_id")),
    )
    op.create_index(op.f("ix_proposal_campaign_id"), "proposal", ["campaign_id"])


def downgrade() -> None:
    """Back: what waits for a second person is lost, the audit keeps its entries."""
    op.drop_table("proposal")


def _one_of(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
