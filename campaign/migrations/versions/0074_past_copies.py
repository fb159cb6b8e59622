"""When people signed that an office receives a copy that has been removed since."""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision: of copies that were removed before, nothing is known."""
    op.create_table(
        "past_copy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=False),
        sa.Column("copied_since", sa.DateTime(timezone=True)),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_past_copy_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_past_copy_official_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_copy")),
        sqlite_autoincrement=True,
    )
    for name in ("campaign_id", "official_id"):
        op.create_index(op.f(f"ix_past_copy_{name}"), "past_copy", [name])


def downgrade() -> None:
    """Back: letters name a copy that was added again only if they were signed since."""
    op.drop_table("past_copy")
