"""How often the papers of a bundle could not be made; an index of letters that are set aside.

Figures of blocks with letters that are set aside are counted anew: they are in no bundle's sum.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("bundle", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    # Those that are set aside and whose signature is good again are found among millions.
    aside = sa.text("set_aside IS NOT NULL")
    op.create_index(
        "ix_letter_set_aside",
        "letter",
        ["bundle_id", "set_aside"],
        sqlite_where=aside,
        postgresql_where=aside,
    )
    _count_anew()


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_letter_set_aside", table_name="letter")
    op.drop_column("bundle", "tries")
    _count_anew()


def _count_anew() -> None:
    op.execute(
        "INSERT INTO figures_due (block) SELECT DISTINCT signature_id / 1000 FROM letter "
        "WHERE set_aside IS NOT NULL"
    )
