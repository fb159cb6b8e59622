"""Words that a campaign rules out are sealed; a file of signatures is worked on by one job."""

import json

import sqlalchemy as sa
from alembic import op

from campaign.core.db import keyring_of

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_PLACE = "campaign.forbidden_words"
_DRAFT = "forbidden_words_moved"
_CAMPAIGN = sa.table(
    "campaign",
    sa.column("id", sa.Integer()),
    sa.column("forbidden_words", sa.JSON()),
    sa.column(_DRAFT, sa.LargeBinary()),
)
_BEFORE = sa.table(
    "campaign",
    sa.column("id", sa.Integer()),
    sa.column("forbidden_words", sa.LargeBinary()),
    sa.column(_DRAFT, sa.JSON()),
)


def upgrade() -> None:
    """To this revision."""
    op.add_column("campaign", sa.Column(_DRAFT, sa.LargeBinary(), nullable=True))
    bind, words = op.get_bind(), _CAMPAIGN.c.forbidden_words
    for row in bind.execute(sa.select(_CAMPAIGN.c.id, words)).all():
        if row.forbidden_words:
            text = json.dumps(row.forbidden_words, ensure_ascii=False)
            sealed = keyring_of(bind.dialect).seal(text, _PLACE)
            # Emptied as well: PostgreSQL leaves a dropped column's values where they lie.
            moved = {_DRAFT: sealed, "forbidden_words": []}
            bind.execute(sa.update(_CAMPAIGN).where(_CAMPAIGN.c.id == row.id).values(moved))
    op.drop_column("campaign", "forbidden_words")
    op.alter_column("campaign", _DRAFT, new_column_name="forbidden_words")
    lease = sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True)
    op.add_column("paper_import", lease)


def downgrade() -> None:
    """Back."""
    op.drop_column("paper_import", "lease_until")
    column = sa.Column(_DRAFT, sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    op.add_column("campaign", column)
    bind, words = op.get_bind(), _BEFORE.c.forbidden_words
    for row in bind.execute(sa.select(_BEFORE.c.id, words).where(words.is_not(None))).all():
        opened = json.loads(keyring_of(bind.dialect).open(bytes(row.forbidden_words), _PLACE))
        bind.execute(sa.update(_BEFORE).where(_BEFORE.c.id == row.id).values({_DRAFT: opened}))
    op.drop_column("campaign", "forbidden_words")
    op.alter_column("campaign", _DRAFT, new_column_name="forbidden_words")
