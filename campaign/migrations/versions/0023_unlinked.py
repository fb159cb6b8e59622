"""Since when a signature's fingerprints are replaced: those of campaigns that are over are due."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision. What was replaced before is replaced once more: nothing tells it apart."""
    op.add_column("signature", sa.Column("unlinked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Back."""
    op.drop_column("signature", "unlinked_at")
