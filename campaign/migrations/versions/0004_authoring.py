"""Revisions, pictures, risk flags: what authors of a campaign keep."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEYS = ("picture", "picture_wide", "picture_small")
_FOCUS = ("picture_x", "picture_y")


def upgrade() -> None:
    """To this revision."""
    op.add_column("campaign", sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True))
    for name in _KEYS:
        op.add_column(
            "campaign", sa.Column(name, sa.String(length=120), nullable=False, server_default="")
        )
    op.add_column(
        "campaign",
        sa.Column("picture_alt", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
    )
    for name in _FOCUS:
        op.add_column(
            "campaign", sa.Column(name, sa.Integer(), nullable=False, server_default="50")
        )
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "part",
            sa.Enum(
                "facts",
                "edition",
                "letter",
                "options",
                "targets",
                name="part",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        sa.Column("saved_by_id", sa.Integer(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_revision_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint(
            "campaign_id",
            "part",
            "place",
            "number",
            name=op.f("uq_revision_campaign_id_part_place_number"),
        ),
    )
    op.create_table(
        "desk_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_desk_draft_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_user.id"], name=op.f("fk_desk_draft_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_draft")),
        sa.UniqueConstraint(
            "staff_id",
            "campaign_id",
            "part",
            "place",
            "conflict",
            name=op.f("uq_desk_draft_staff_id_campaign_id_part_place_conflict"),
        ),
    )
    op.create_index(op.f("ix_desk_draft_campaign_id"), "desk_draft", ["campaign_id"], unique=False)
    op.create_table(
        "risk_flag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "relative",
                "witness",
                "place",
                "other",
                name="riskkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_risk_flag_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_flag")),
    )
    op.create_index(op.f("ix_risk_flag_campaign_id"), "risk_flag", ["campaign_id"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_index(op.f("ix_risk_flag_campaign_id"), table_name="risk_flag")
    op.drop_table("risk_flag")
    op.drop_index(op.f("ix_desk_draft_campaign_id"), table_name="desk_draft")
    op.drop_table("desk_draft")
    op.drop_table("revision")
    for name in (*_FOCUS, "picture_alt", *_KEYS, "embargo_until"):
        op.drop_column("campaign", name)
