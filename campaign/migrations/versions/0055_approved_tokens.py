"""A second person approves a token that reads people."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("approved_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_api_token_approved_by_id"), "staff_user", ["approved_by_id"], ["id"]
        )
        table.create_check_constraint(
            op.f("ck_api_token_approved_by_other"), "approved_by_id <> created_by_id"
        )


def downgrade() -> None:
    """Back: nobody approves."""
    with op.batch_alter_table("api_token") as table:
        table.drop_constraint(op.f("ck_api_token_approved_by_other"), type_="check")
        table.drop_constraint(op.f("fk_api_token_approved_by_id"), type_="foreignkey")
        table.drop_column("approved_by_id")
