"""Staff get a morning email, and admins one when something is wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "alarm",
        sa.Column("matter", sa.String(length=40), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("matter", name=op.f("pk_alarm")),
    )
    for name in ("gets_digest", "gets_alarms"):
        op.add_column(
            "staff_user", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true())
        )
    op.add_column("staff_user", sa.Column("digest_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Back."""
    for name in ("digest_on", "gets_alarms", "gets_digest"):
        op.drop_column("staff_user", name)
    op.drop_table("alarm")
