"""Pages that show who supporters are: proof of who looks, and a line in the audit, once an hour."""

from datetime import timedelta

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.staff import reauthentication
from campaign.staff.guards import actor

EACH_HOURS = 1


def ask_before_view(action: str, subject: str) -> ResponseReturnValue | None:
    """Return the way to the page that asks who it is; None where they may look, for an hour.

    A person proves it for the first look at a thing in an hour, which is noted in a transaction of
    its own: a GET commits nothing else.
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
            return None
    if not reauthentication.is_fresh():
        return redirect(url_for("staff.confirm", next=request.full_path.rstrip("?")))
    with db.transaction() as session:
        audit.record(session, actor=by, action=action, subject=subject)
    return None
