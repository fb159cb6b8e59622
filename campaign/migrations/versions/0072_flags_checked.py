"""Which risk flags a letter was searched for."""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

_TABLES = ("campaign", "signature")


def upgrade() -> None:
    """To this revision. What was approved with the flags there are is not asked about again."""
    for table in _TABLES:
        column = sa.Column("flags_checked", sa.Integer(), server_default="0", nullable=False)
        op.add_column(table, column)
    op.execute(
        """UPDATE signature SET flags_checked = (
            SELECT MAX(risk_flag.id) FROM risk_flag
            WHERE risk_flag.campaign_id = signature.campaign_id
        ) WHERE id IN (
            SELECT hold.signature_id FROM hold
            JOIN screening_act ON screening_act.id = hold.act_id
            WHERE hold.decision = 'approved' AND screening_act.at > (
                SELECT MAX(risk_flag.created_at) FROM risk_flag
                WHERE risk_flag.campaign_id = hold.campaign_id
            )
        )"""
    )


def downgrade() -> None:
    """Back: letters are searched when they are confirmed or changed."""
    for table in _TABLES:
        op.drop_column(table, "flags_checked")
