"""In which language people signed a sheet; of those from before it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "paper_sheet", sa.Column("locale", sa.String(12), server_default="", nullable=False)
    )


def downgrade() -> None:
    """Back: all signed in the main language of their campaign."""
    op.drop_column("paper_sheet", "locale")
