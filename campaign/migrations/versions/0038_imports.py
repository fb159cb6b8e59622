"""Rows of an import that are kept in part; when an import was undone."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "directory_import_row",
        sa.Column("partly", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("directory_import", sa.Column("undone_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Back."""
    op.drop_column("directory_import", "undone_at")
    op.drop_column("directory_import_row", "partly")
