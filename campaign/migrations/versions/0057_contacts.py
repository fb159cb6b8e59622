"""Addresses to which we never write, and files of addresses that admins bring."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_KIND = sa.Enum(
    "members",
    "suppressed",
    name="contactimportkind",
    native_enum=False,
    create_constraint=True,
    length=24,
)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "suppressed_address",
        sa.Column("email_hmac", sa.LargeBinary(32), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email_hmac", name=op.f("pk_suppressed_address")),
    )
    op.create_table(
        "contact_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", _KIND, nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.LargeBinary(), nullable=False),
        sa.Column("storage_key", sa.String(length=60), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("proof", sa.LargeBinary()),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("findings", sa.LargeBinary()),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["staff_user.id"],
            name=op.f("fk_contact_import_owner_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contact_import_public_id")),
    )
    op.create_index(op.f("ix_contact_import_owner_id"), "contact_import", ["owner_id"])
    op.create_index(op.f("ix_contact_import_expires_at"), "contact_import", ["expires_at"])


def downgrade() -> None:
    """Back: the suppression list is lost."""
    op.drop_table("contact_import")
    op.drop_table("suppressed_address")
