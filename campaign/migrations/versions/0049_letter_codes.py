"""Bundles keep a code for each letter, and a check code of all: anybody can check a delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("bundle", "letter_secret", sa.LargeBinary()),
    ("letter", "salt", sa.LargeBinary(16)),
    ("volume", "letter_codes", sa.LargeBinary()),
    ("bundle_print", "check_code", sa.String(64)),
    ("bundle_print", "tree", sa.LargeBinary()),
)


def upgrade() -> None:
    """To this revision. Bundles that are frozen stay without codes."""
    for table, name, kind in _COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Back."""
    for table, name, _kind in reversed(_COLUMNS):
        op.drop_column(table, name)
