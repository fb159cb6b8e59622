"""When a campaign last opened again: an outcome of before does not tell of its next end."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

# The audit knows when a campaign opened; the first time is no reopening.
_FROM_AUDIT = """
    UPDATE campaign SET reopened_at = (
        SELECT max(at) FROM audit_entry AS opened
        WHERE opened.subject = 'campaign:' || campaign.id AND opened.action = 'campaign.open'
        AND opened.id > (
            SELECT min(id) FROM audit_entry AS first
            WHERE first.subject = opened.subject AND first.action = opened.action
        )
    )
"""


def upgrade() -> None:
    """To this revision."""
    op.add_column("campaign", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_FROM_AUDIT)


def downgrade() -> None:
    """Back: the audit alone knows when."""
    op.drop_column("campaign", "reopened_at")
