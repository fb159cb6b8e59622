"""What the organization says of itself, and which privacy notice a consent refers to."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_PAGES = ("privacy", "about", "accessibility")
_CONSENTS = ("consent_wording", "network_member")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "organisation_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "page",
            sa.Enum(
                *_PAGES, name="aboutpage", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["staff_user.id"], name=op.f("fk_organisation_text_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_text")),
    )
    op.create_index("ix_organisation_text_page", "organisation_text", ["page", "locale", "id"])
    op.create_table(
        "privacy_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_notice")),
    )
    op.create_index("ix_privacy_notice_locale", "privacy_notice", ["locale", "id"])
    # As SQL: Alembic would make SQLite's tables anew, and all that hangs on them would go.
    for table in _CONSENTS:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN privacy_notice_id INTEGER "
            f"CONSTRAINT fk_{table}_privacy_notice_id REFERENCES privacy_notice (id)"
        )


def downgrade() -> None:
    """Back: what the organization wrote of itself is lost, and which notice was read."""
    for table in _CONSENTS:
        op.drop_column(table, "privacy_notice_id")
    op.drop_table("privacy_notice")
    op.drop_table("organisation_text")
