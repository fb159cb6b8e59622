"""Only the newest link sets a staff user's password."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "staff_user", sa.Column("link_number", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Back."""
    op.drop_column("staff_user", "link_number")
