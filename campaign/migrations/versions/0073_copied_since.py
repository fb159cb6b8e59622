"""From when on people sign that an office receives a copy of their letter."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_CAMPAIGN = sa.table("campaign", sa.column("id"), sa.column("opened_at", _MOMENT))
_TARGET = sa.table(
    "target",
    sa.column("id"),
    sa.column("campaign_id"),
    sa.column("official_id"),
    sa.column("kind"),
    sa.column("copied_since", _MOMENT),
)
_AUDIT = sa.table(
    "audit_entry",
    sa.column("id"),
    sa.column("at", _MOMENT),
    sa.column("action"),
    sa.column("subject"),
    sa.column("detail", sa.JSON),
)


def upgrade() -> None:
    """To this revision: no copy goes where its writer cannot have read that it would.

    Of a copy of before, that is since its official has been among the recipients without a break,
    as the audit log says it; where that was before the opening, all letters name it.
    """
    op.add_column("target", sa.Column("copied_since", _MOMENT, nullable=True))
    connection = op.get_bind()
    copies = sa.select(
        _TARGET.c.id, _TARGET.c.campaign_id, _TARGET.c.official_id, _CAMPAIGN.c.opened_at
    ).where(
        _TARGET.c.campaign_id == _CAMPAIGN.c.id,
        _TARGET.c.kind == "copy",
        _CAMPAIGN.c.opened_at.is_not(None),
    )
    for target_id, campaign_id, official_id, opened_at in connection.execute(copies).all():
        added_at = _find_added(connection, campaign_id, official_id)
        if added_at is not None and added_at > opened_at:
            target = sa.update(_TARGET).where(_TARGET.c.id == target_id)
            connection.execute(target.values(copied_since=added_at))


def _find_added(connection: sa.Connection, campaign_id: int, official_id: int) -> datetime | None:
    """Find since when the office is a recipient; a successor came in the place of another."""
    entries = (
        sa.select(_AUDIT.c.at, _AUDIT.c.action, _AUDIT.c.detail)
        .where(
            _AUDIT.c.subject == f"campaign:{campaign_id}",
            _AUDIT.c.action.in_(("campaign.targets", "campaign.successor")),
        )
        .order_by(_AUDIT.c.id.desc())
    )
    added_at: datetime | None = None
    for at, action, detail in connection.execute(entries):
        if action == "campaign.successor":
            official_id = detail["before"] if detail["after"] == official_id else official_id
        elif official_id in detail["officials"]:
            added_at = at
        else:
            # Where the newest does not name the office, it was merged with one that was named.
            added_at = added_at or at
            break
    return added_at


def downgrade() -> None:
    """Back: every letter that is in no bundle names all copies."""
    op.drop_column("target", "copied_since")
