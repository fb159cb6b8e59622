"""Whether signature sheets came back where a part of a bundle was accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision: sheets of a part that is recorded count as accepted, as before."""
    op.add_column(
        "delivery_attempt",
        sa.Column("sheets_back", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Back: sheets go with every part."""
    op.drop_column("delivery_attempt", "sheets_back")
