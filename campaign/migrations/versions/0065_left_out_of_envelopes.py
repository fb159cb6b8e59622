"""Which numbers an envelope reaches over and does not hold: withdrawn before it was filled."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("envelope_run", sa.Column("left_out", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Back: nobody knows it any more."""
    op.drop_column("envelope_run", "left_out")
