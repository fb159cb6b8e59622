"""Of a part that was accepted, which letters: several spans of numbers instead of one.

A posting's envelopes are found by their letters, not looked through. An export has a language.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

_BY_LETTER = "ix_envelope_attempt_id_first_number"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "taken_letters",
        sa.Column(
            "attempt_id",
            sa.Integer(),
            sa.ForeignKey(
                "delivery_attempt.id", name=op.f("fk_taken_letters_attempt_id"), ondelete="CASCADE"
            ),
            nullable=False,
        ),
        sa.Column("first_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", "first_number", name=op.f("pk_taken_letters")),
        sa.CheckConstraint("first_number <= last_number", name=op.f("ck_taken_letters_numbers")),
    )
    op.execute(
        "INSERT INTO taken_letters (attempt_id, first_number, last_number) "
        "SELECT id, taken_from, taken_to FROM delivery_attempt WHERE taken_from IS NOT NULL"
    )
    for name in ("taken_to", "taken_from"):
        op.drop_column("delivery_attempt", name)
    op.create_index(_BY_LETTER, "envelope", ["attempt_id", "first_number"])
    op.drop_index("ix_envelope_attempt_id", table_name="envelope")
    locale = sa.Column("locale", sa.String(length=12), server_default="en", nullable=False)
    op.add_column("data_export", locale)


def downgrade() -> None:
    """Back. Of a part in several spans it is to be said again which letters were taken."""
    op.drop_column("data_export", "locale")
    op.create_index("ix_envelope_attempt_id", "envelope", ["attempt_id"])
    op.drop_index(_BY_LETTER, table_name="envelope")
    for name in ("taken_from", "taken_to"):
        op.add_column("delivery_attempt", sa.Column(name, sa.Integer(), nullable=True))
    op.execute(
        "UPDATE delivery_attempt SET "
        "taken_from = (SELECT max(first_number) FROM taken_letters "
        "WHERE attempt_id = delivery_attempt.id HAVING count(*) = 1), "
        "taken_to = (SELECT max(last_number) FROM taken_letters "
        "WHERE attempt_id = delivery_attempt.id HAVING count(*) = 1)"
    )
    op.drop_table("taken_letters")
