"""When a letter went on from a bundle that it is in no more."""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_LEFT = """SELECT MAX(rerouting.created_at) FROM rerouting
    WHERE rerouting.from_bundle_id = letter_move.bundle_id"""
_INTO_ITS_NEXT = """rerouting.to_bundle_id = COALESCE(
    (SELECT MIN(later.bundle_id) FROM letter_move AS later
        WHERE later.letter_id = letter_move.letter_id
        AND later.bundle_id > letter_move.bundle_id),
    (SELECT letter.bundle_id FROM letter WHERE letter.id = letter_move.letter_id))"""


def upgrade() -> None:
    """To this revision. Where no re-routing tells it, all of until now was before."""
    moment = sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("letter_move", moment)
    op.execute(
        f"""UPDATE letter_move SET moved_at = COALESCE(
            ({_LEFT} AND {_INTO_ITS_NEXT}), ({_LEFT}), CURRENT_TIMESTAMP)"""  # noqa: S608
    )
    with op.batch_alter_table("letter_move") as table:
        table.alter_column("moved_at", nullable=False)


def downgrade() -> None:
    """Back: it is told by the re-routings of its bundle, as far as they say it."""
    op.drop_column("letter_move", "moved_at")
