"""A second person approves a connection that gives members to another program."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_COLUMNS = ("added_by_id", "approved_by_id")


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("crm_connection") as table:
        for name in _COLUMNS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
            table.create_foreign_key(
                op.f(f"fk_crm_connection_{name}"), "staff_user", [name], ["id"]
            )
        table.create_check_constraint(
            op.f("ck_crm_connection_approved_by_other"), "approved_by_id <> added_by_id"
        )


def downgrade() -> None:
    """Back: nobody approves."""
    with op.batch_alter_table("crm_connection") as table:
        table.drop_constraint(op.f("ck_crm_connection_approved_by_other"), type_="check")
        for name in _COLUMNS:
            table.drop_constraint(op.f(f"fk_crm_connection_{name}"), type_="foreignkey")
            table.drop_column(name)
