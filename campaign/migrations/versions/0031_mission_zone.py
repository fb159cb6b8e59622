"""The time zone of a mission, where somebody chose another than that of its city and country."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("mission", sa.Column("timezone", sa.String(64), nullable=True))


def downgrade() -> None:
    """Back."""
    op.drop_column("mission", "timezone")
