"""Letters of several people of one mailbox wait side by side until they are confirmed.

Backwards, those beyond the two seats go: nobody has confirmed them.
"""

from alembic import op

from campaign.migrations.enums import change_check

revision = "0036"
down_revision = "0032"
branch_labels = None
depends_on = None

_BEFORE = "seat IN (1, 2, 3)"
_AFTER = (
    "seat IN (1, 2, 3) OR seat IN (4, 5, 6, 7, 8)"
    " AND state IN ('pending', 'withdrawn', 'invalid', 'erased')"
)


def upgrade() -> None:
    """To this revision."""
    change_check("signature", "seat", _BEFORE, _AFTER)


def downgrade() -> None:
    """Back."""
    gone = "(SELECT id FROM signature WHERE seat > 3)"
    op.execute(f"DELETE FROM hold WHERE signature_id IN {gone}")  # noqa: S608
    op.execute(f"DELETE FROM words_print WHERE signature_id IN {gone}")  # noqa: S608
    op.execute(f"DELETE FROM letter WHERE signature_id IN {gone}")  # noqa: S608
    op.execute("DELETE FROM signature WHERE seat > 3")
    change_check("signature", "seat", _AFTER, _BEFORE)
