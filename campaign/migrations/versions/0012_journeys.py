"""Journeys: bundles of several campaigns that travel together; the region of a volume."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "journey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("mission_id", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name="fk_journey_mission_id"),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name="fk_journey_created_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_journey"),
        sa.UniqueConstraint("public_id", name="uq_journey_public_id"),
    )
    op.create_index("ix_journey_mission_id", "journey", ["mission_id"])
    # Not a batch: a new table in place of `bundle` would take the volumes with the old one.
    op.execute(
        "ALTER TABLE bundle ADD COLUMN journey_id INTEGER "
        "CONSTRAINT fk_bundle_journey_id REFERENCES journey (id)"
    )
    op.create_index("ix_bundle_journey_id", "bundle", ["journey_id"])
    op.add_column("volume", sa.Column("region", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Back."""
    op.drop_column("volume", "region")
    op.drop_index("ix_bundle_journey_id", table_name="bundle")
    op.drop_column("bundle", "journey_id")
    op.drop_table("journey")
