"""Paper of stopped campaigns: who was told, and what became of it.

Letters that moved to another bundle keep where they were printed, so that they can go back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_PRINTED = ("volume_id", "first_page", "pages")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "held_bundle",
        sa.Column(
            "bundle_id",
            sa.Integer(),
            sa.ForeignKey("bundle.id", name=op.f("fk_held_bundle_bundle_id"), ondelete="CASCADE"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "fate",
            sa.Enum(
                "destroyed",
                "kept",
                name="paperfate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "settled_by_id",
            sa.Integer(),
            sa.ForeignKey("staff_user.id", name=op.f("fk_held_bundle_settled_by_id")),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("bundle_id", name=op.f("pk_held_bundle")),
    )
    for name in _PRINTED:
        op.add_column("letter_move", sa.Column(name, sa.Integer(), nullable=True))
    # As SQL: Alembic would make SQLite's table anew, and all that hangs on it would go.
    op.execute(
        "ALTER TABLE bundle ADD COLUMN returned_to_id INTEGER "
        "CONSTRAINT fk_bundle_returned_to_id REFERENCES bundle (id)"
    )


def downgrade() -> None:
    """Back."""
    op.drop_column("bundle", "returned_to_id")
    for name in reversed(_PRINTED):
        op.drop_column("letter_move", name)
    op.drop_table("held_bundle")
