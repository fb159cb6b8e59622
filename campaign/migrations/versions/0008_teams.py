"""Teams of campaigns, second factors of staff, an audit that the database itself guards."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SQLITE_GUARD = """
CREATE TRIGGER audit_entry_no_{word} BEFORE {deed} ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""
_POSTGRES_GUARD = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
"""


def upgrade() -> None:
    """To this revision."""
    op.add_column("staff_user", sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
    op.add_column("staff_user", sa.Column("totp_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff_user", sa.Column("totp_counter", sa.BigInteger(), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_user_id"],
            ["staff_user.id"],
            name=op.f("fk_recovery_code_staff_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_recovery_code_digest")),
    )
    op.create_index(op.f("ix_recovery_code_staff_user_id"), "recovery_code", ["staff_user_id"])
    op.create_table(
        "campaign_member",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("staff_user_id", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_member_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_user_id"],
            ["staff_user.id"],
            name=op.f("fk_campaign_member_staff_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "staff_user_id", name=op.f("pk_campaign_member")),
    )
    op.create_index(op.f("ix_campaign_member_staff_user_id"), "campaign_member", ["staff_user_id"])
    # As SQL: Alembic would make SQLite's table anew, and its deletion would take all that hangs on it.
    op.execute(
        "ALTER TABLE campaign ADD COLUMN owner_id INTEGER "
        "CONSTRAINT fk_campaign_owner_id REFERENCES staff_user (id)"
    )
    op.create_index(op.f("ix_campaign_owner_id"), "campaign", ["owner_id"])
    op.execute("UPDATE campaign SET owner_id = created_by_id")
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "id"])
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor", "action", "id"])
    op.create_index("ix_audit_entry_actor_id", "audit_entry", ["actor", "id"])
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_GUARD)
    else:
        op.execute(_SQLITE_GUARD.format(word="update", deed="UPDATE"))
        op.execute(_SQLITE_GUARD.format(word="delete", deed="DELETE"))


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entry_no_truncate ON audit_entry")
        op.execute("DROP TRIGGER audit_entry_no_change ON audit_entry")
        op.execute("DROP FUNCTION refuse_audit_change()")
    else:
        op.execute("DROP TRIGGER audit_entry_no_delete")
        op.execute("DROP TRIGGER audit_entry_no_update")
    for name in ("subject", "actor_id", "actor", "action", "at"):
        op.drop_index(f"ix_audit_entry_{name}", table_name="audit_entry")
    op.drop_index(op.f("ix_campaign_owner_id"), table_name="campaign")
    op.drop_column("campaign", "owner_id")
    op.drop_table("campaign_member")
    op.drop_table("recovery_code")
    op.drop_column("staff_user", "totp_counter")
    op.drop_column("staff_user", "totp_since")
    op.drop_column("staff_user", "totp_secret")
