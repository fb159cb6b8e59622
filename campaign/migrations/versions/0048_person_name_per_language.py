"""The text in a language can name the person in its own words: a group."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column(
        "edition", sa.Column("person_name", sa.String(200), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Back."""
    op.drop_column("edition", "person_name")
