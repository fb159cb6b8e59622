"""Lists of consents for other programs: how a member came, who was erased, exports of no campaign."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_CHECK = "ck_data_export_exportkind"
_KINDS = ("full", "officials")
_COLUMNS = (
    "plain", "action-network", "civicrm", "engaging-networks", "mailchimp", "nationbuilder", "npsp",
)  # fmt: skip


def upgrade() -> None:
    """To this revision."""
    # Who came by a letter never had a link to confirm the membership itself.
    op.execute(
        "ALTER TABLE network_member ADD COLUMN origin VARCHAR(24) DEFAULT 'form' NOT NULL "
        "CONSTRAINT ck_network_member_memberorigin CHECK (origin IN ('form', 'letter', 'import'))"
    )
    op.execute(
        "UPDATE network_member SET origin = 'letter' WHERE state = 'active' AND token_digest IS NULL"
    )
    op.add_column("network_member", sa.Column("consent_source", sa.LargeBinary()))
    op.create_table(
        "erased_member",
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("public_id", name=op.f("pk_erased_member")),
    )
    op.create_index(op.f("ix_erased_member_erased_at"), "erased_member", ["erased_at"])
    with op.batch_alter_table("data_export") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.create_check_constraint(op.f(_CHECK), sa.column("kind").in_((*_KINDS, "consents")))
        batch.alter_column("campaign_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("columns", sa.String(24)))
        batch.create_check_constraint(
            op.f("ck_data_export_consentcolumns"), sa.column("columns").in_(_COLUMNS)
        )
        batch.add_column(sa.Column("told_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Back: lists of consents leave the log of exports, the audit keeps their entries."""
    kind = sa.column("kind", sa.String())
    op.execute(sa.delete(sa.table("data_export", kind)).where(kind == "consents"))
    with op.batch_alter_table("data_export") as batch:
        batch.drop_column("told_since")
        batch.drop_constraint(op.f("ck_data_export_consentcolumns"), type_="check")
        batch.drop_column("columns")
        batch.alter_column("campaign_id", existing_type=sa.Integer(), nullable=False)
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.create_check_constraint(op.f(_CHECK), sa.column("kind").in_(_KINDS))
    op.drop_table("erased_member")
    op.drop_column("network_member", "consent_source")
    op.drop_column("network_member", "origin")
