"""When somebody stopped the news of a case: a tick on paper does not bring them back."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "signature", sa.Column("news_stopped_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    """Back: that news are off is known, and no more when they were stopped."""
    op.drop_column("signature", "news_stopped_at")
