"""A stop has a kind, and its reason a text per language; news goes to those who asked for it."""

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import change_values

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NOTICES = ("handed-over", "reply", "outcome", "stop", "continued")
_CAMPAIGN = sa.table(
    "campaign",
    sa.column("id", sa.Integer()),
    sa.column("default_locale", sa.String()),
    sa.column("status_reason", sa.Text()),
    sa.column("status_reasons", sa.JSON()),
)


def upgrade() -> None:
    """To this revision."""
    reasons = sa.Column("status_reasons", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("campaign", reasons)
    # As SQL: Alembic would make SQLite's table anew, and all that hangs on it would go.
    op.execute(
        "ALTER TABLE campaign ADD COLUMN stop_kind VARCHAR(24) DEFAULT 'harm' NOT NULL "
        "CONSTRAINT ck_campaign_stopkind CHECK (stop_kind IN ('harm', 'safe', 'other'))"
    )
    bind, table = op.get_bind(), _CAMPAIGN.c
    given = sa.select(table.id, table.default_locale, table.status_reason)
    for row in bind.execute(given.where(table.status_reason != "")).all():
        kept = {"status_reasons": {row.default_locale: row.status_reason}}
        bind.execute(sa.update(_CAMPAIGN).where(table.id == row.id).values(kept))
    op.drop_column("campaign", "status_reason")
    tells: sa.Column[bool] = sa.Column(
        "tell_signers", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("update", tells)
    change_values("notice", "kind", "noticekind", _NOTICES, (*_NOTICES, "news"))


def downgrade() -> None:
    """Back. Of a reason in several languages the main one stays; that news was told is lost."""
    op.execute(
        "DELETE FROM notice_mail WHERE notice_id IN (SELECT id FROM notice WHERE kind = 'news')"
    )
    op.execute("DELETE FROM notice WHERE kind = 'news'")
    change_values("notice", "kind", "noticekind", (*_NOTICES, "news"), _NOTICES)
    op.drop_column("update", "tell_signers")
    reason = sa.Column("status_reason", sa.Text(), nullable=False, server_default="")
    op.add_column("campaign", reason)
    bind, table = op.get_bind(), _CAMPAIGN.c
    for row in bind.execute(sa.select(table.id, table.default_locale, table.status_reasons)).all():
        if row.status_reasons:
            words = row.status_reasons.get(row.default_locale) or next(
                iter(row.status_reasons.values())
            )
            kept = {"status_reason": words}
            bind.execute(sa.update(_CAMPAIGN).where(table.id == row.id).values(kept))
    op.drop_column("campaign", "stop_kind")
    op.drop_column("campaign", "status_reasons")
