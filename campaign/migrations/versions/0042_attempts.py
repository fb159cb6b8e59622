"""Bundles and imports count who works on them, as volumes and exports do."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_TABLES = ("bundle", "directory_import", "paper_import")


def upgrade() -> None:
    """To this revision."""
    for table in _TABLES:
        op.add_column(table, sa.Column("attempt", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Back."""
    for table in _TABLES:
        op.drop_column(table, "attempt")
