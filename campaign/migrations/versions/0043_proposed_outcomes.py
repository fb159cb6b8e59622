"""What has come of a case can wait for a second person, as updates and reasons do."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_CHECK = "ck_proposal_proposalkind"
_BEFORE = ("update", "close", "reason")


def upgrade() -> None:
    """To this revision."""
    _allow((*_BEFORE, "outcome"))


def downgrade() -> None:
    """Back: outcomes that wait for a second person are lost, the audit keeps its entries."""
    kind = sa.column("kind", sa.String())
    op.execute(sa.delete(sa.table("proposal", kind)).where(kind == "outcome"))
    _allow(_BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("proposal") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.create_check_constraint(op.f(_CHECK), sa.column("kind").in_(kinds))
