"""When members were last sent to a connection."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("crm_connection") as table:
        table.add_column(sa.Column("ran_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Back: nobody knows when."""
    with op.batch_alter_table("crm_connection") as table:
        table.drop_column("ran_at")
