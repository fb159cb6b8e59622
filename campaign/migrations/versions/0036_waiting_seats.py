"""Letters of several people of one mailbox wait side by side until they are confirmed.

Backwards, those that nobody has confirmed go. Of the others, which are withdrawn, false or erased,
each takes a free seat of its mailbox, printed ones first; only what finds none goes too.
"""

import sqlalchemy as sa
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


def _take_free_seats() -> None:
    connection = op.get_bind()
    kept = connection.exec_driver_sql(
        "SELECT id, campaign_id, email_hmac FROM signature WHERE seat > 3 AND state <> 'pending'"
        " AND NOT (state = 'invalid' AND state_before = 'pending')"
        " ORDER BY (SELECT count(bundle_id) FROM letter WHERE signature_id = signature.id) DESC, id"
    ).all()
    of_mailbox = sa.text(
        "SELECT seat FROM signature WHERE campaign_id = :campaign AND email_hmac = :mailbox"
    )
    move = sa.text("UPDATE signature SET seat = :seat WHERE id = :id")
    for number, campaign, mailbox in kept:
        taken = connection.scalars(of_mailbox, {"campaign": campaign, "mailbox": mailbox}).all()
        if free := sorted({1, 2, 3} - set(taken)):
            connection.execute(move, {"seat": free[0], "id": number})


def downgrade() -> None:
    """Back."""
    _take_free_seats()
    gone = "(SELECT id FROM signature WHERE seat > 3)"
    op.execute(f"DELETE FROM hold WHERE signature_id IN {gone}")  # noqa: S608
    op.execute(f"DELETE FROM words_print WHERE signature_id IN {gone}")  # noqa: S608
    op.execute(f"DELETE FROM letter WHERE signature_id IN {gone}")  # noqa: S608
    op.execute("DELETE FROM signature WHERE seat > 3")
    change_check("signature", "seat", _AFTER, _BEFORE)
