"""Lines in the audit for pages that show who supporters are: one an hour, person and thing."""

from datetime import timedelta

from sqlalchemy import select

from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.staff.guards import actor

EACH_HOURS = 1


def note_view(action: str, subject: str) -> None:
    """Note that who is signed in looks at it.

    In a transaction of its own, since a GET commits nothing: the one thing that such a page writes.
    """
    by, since = actor(), db.utcnow() - timedelta(hours=EACH_HOURS)
    noted = select(AuditEntry.id).where(
        AuditEntry.actor == by,
        AuditEntry.action == action,
        AuditEntry.subject == subject,
        AuditEntry.at > since,
    )
    with db.reading() as session:
        if session.scalar(noted.limit(1)) is not None:
            return
    with db.transaction() as session:
        audit.record(session, actor=by, action=action, subject=subject)
