"""Campaigns say whether the person has died: pages and mails then say "about", not "for"."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "campaign",
        sa.Column("person_died", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Back."""
    op.drop_column("campaign", "person_died")
