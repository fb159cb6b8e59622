"""Contact data goes some months after the hand-over: since when, and what was counted of it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MOMENTS = (("signature", "forgotten_at"), ("campaign", "forgotten_at"), ("bundle", "emptied_at"))


def upgrade() -> None:
    """To this revision."""
    for table, name in _MOMENTS:
        op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    words = sa.Column("forgotten_words", sa.String(12), nullable=False, server_default="")
    op.add_column("signature", words)


def downgrade() -> None:
    """Back. What was erased stays so."""
    op.drop_column("signature", "forgotten_words")
    for table, name in reversed(_MOMENTS):
        op.drop_column(table, name)
