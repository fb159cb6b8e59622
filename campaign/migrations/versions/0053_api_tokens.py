"""Tokens of other programs, and the order in which these read."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_SIGNATURES, _MEMBERS = "ix_signature_campaign_state", "ix_network_member_state_confirmed_at"
_COLUMNS = ["campaign_id", "state", "confirmed_at"]


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name=op.f("fk_api_token_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )
    op.drop_index(_SIGNATURES, "signature")
    op.create_index(_SIGNATURES, "signature", [*_COLUMNS, "id"])
    op.create_index(_MEMBERS, "network_member", ["state", "confirmed_at", "id"])


def downgrade() -> None:
    """Back: tokens are forgotten."""
    op.drop_index(_MEMBERS, "network_member")
    op.drop_index(_SIGNATURES, "signature")
    op.create_index(_SIGNATURES, "signature", _COLUMNS)
    op.drop_table("api_token")
