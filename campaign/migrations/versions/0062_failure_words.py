"""What a program says of a member whom it refuses."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("crm_person") as table:
        table.add_column(sa.Column("failure_words", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Back: the words are lost, the reasons stay."""
    with op.batch_alter_table("crm_person") as table:
        table.drop_column("failure_words")
