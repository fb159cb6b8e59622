"""Review, schedule, rehearsal and continuation of campaigns."""

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import change_values

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATUSES = ("draft", "open", "closed", "stopped")
_MORE_STATUSES = ("draft", "review", "scheduled", "open", "closed", "stopped")
_NOTICES = ("handed-over", "reply", "outcome", "stop")
_MORE_NOTICES = (*_NOTICES, "continued")


def upgrade() -> None:
    """To this revision."""
    change_values("campaign", "status", "campaignstatus", _STATUSES, _MORE_STATUSES)
    change_values("notice", "kind", "noticekind", _NOTICES, _MORE_NOTICES)
    for name in ("open_at", "opening_missed_at", "stopped_at"):
        op.add_column("campaign", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "campaign", sa.Column("review_note", sa.Text(), nullable=False, server_default="")
    )
    # As SQL: Alembic would make SQLite's tables anew, and all that hangs on them would go.
    op.execute(
        "ALTER TABLE campaign ADD COLUMN submitted_by_id INTEGER "
        "CONSTRAINT fk_campaign_submitted_by_id REFERENCES staff_user (id)"
    )
    op.execute(
        "ALTER TABLE notice ADD COLUMN next_id INTEGER "
        "CONSTRAINT fk_notice_next_id REFERENCES campaign (id)"
    )
    op.execute("UPDATE campaign SET stopped_at = closed_at WHERE status = 'stopped'")
    op.create_index(op.f("ix_campaign_follows_id"), "campaign", ["follows_id"])
    op.create_index("uq_notice_next_id", "notice", ["next_id"], unique=True)


def downgrade() -> None:
    """Back."""
    op.execute("DELETE FROM notice WHERE kind = 'continued'")
    op.execute("UPDATE campaign SET status = 'draft' WHERE status IN ('review', 'scheduled')")
    op.drop_index("uq_notice_next_id", table_name="notice")
    op.drop_index(op.f("ix_campaign_follows_id"), table_name="campaign")
    op.drop_column("notice", "next_id")
    for name in ("submitted_by_id", "review_note", "stopped_at", "opening_missed_at", "open_at"):
        op.drop_column("campaign", name)
    change_values("notice", "kind", "noticekind", _MORE_NOTICES, _NOTICES)
    change_values("campaign", "status", "campaignstatus", _MORE_STATUSES, _STATUSES)
