"""Programs that are told of members, and what each was told of whom."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "crm_connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", _one_of("crmkind", "action-network", "civicrm"), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("list_name", sa.String(length=100), nullable=False),
        sa.Column("state", _one_of("connectionstate", "ready", "sending"), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.String(length=60)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_connection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_crm_connection_public_id")),
        sa.UniqueConstraint("kind", name=op.f("uq_crm_connection_kind")),
    )
    op.create_table(
        "crm_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("member", sa.String(length=22), nullable=False),
        sa.Column("task", _one_of("crmtask", "add", "remove"), nullable=False),
        sa.Column("state", _one_of("crmpersonstate", "waiting", "sent", "refused"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=60)),
        sa.Column("remote_id", sa.LargeBinary()),
        sa.Column("taken_off", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["crm_connection.id"],
            name=op.f("fk_crm_person_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_person")),
        sa.UniqueConstraint(
            "connection_id", "member", name=op.f("uq_crm_person_connection_id_member")
        ),
    )
    op.create_index(
        "ix_crm_person_state_due_at", "crm_person", ["connection_id", "state", "due_at"]
    )


def downgrade() -> None:
    """Back: what other programs were told is forgotten here."""
    op.drop_table("crm_person")
    op.drop_table("crm_connection")
