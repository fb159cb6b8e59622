"""No change at the desk without an entry in the audit.

Every guard watches what the requests behind it write. A POST that changed a row, or handed out a
file, and left no entry is a fault: tests fail there, and a running site keeps an entry that names
the page at least.
"""

from collections.abc import Callable
from typing import TypeVar

import structlog
from flask import Response, current_app, request
from flask_login import current_user
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from campaign.core import audit, db

log = structlog.get_logger()
F = TypeVar("F", bound=Callable[..., object])
_BOOKKEEPING_TABLES = {
    "audit_entry",
    "rate_limit",
    "outbox_mail",
    "desk_draft",
    "new_campaign_draft",
}
"""Bookkeeping; and what somebody types and has not saved, which changes nothing."""


def leaves_no_entry(reason: str) -> Callable[[F], F]:
    """Mark a view whose changes the audit need not know: `reason` says why, for the reader."""

    def mark(view: F) -> F:
        view.leaves_no_entry = reason  # type: ignore[attr-defined]
        return view

    return mark


def watch() -> None:
    if request.method != "POST":
        return
    session = db.session()
    if not session.info.get("watched"):
        session.info["watched"] = True
        event.listen(session, "after_flush", _note_flush)
        event.listen(session, "do_orm_execute", _note_statement)
        event.listen(session, "after_rollback", _forget)


def require_entry(response: Response) -> Response:
    """See to it that what a successful POST changed is in the audit."""
    view = current_app.view_functions.get(request.endpoint or "")
    if (
        request.method != "POST"
        or response.status_code >= 400
        or view is None
        or hasattr(view, "leaves_no_entry")
        or not current_user.is_authenticated
    ):
        return response
    session = db.session()
    session.flush()
    hands_out = response.headers.get("Content-Disposition", "").startswith("attachment")
    if (hands_out or session.info.get("wrote")) and not session.info.get("audited"):
        _report_fault(session)
    return response


def _report_fault(session: Session) -> None:
    page = str(request.endpoint)
    if current_app.testing:
        raise AssertionError(
            f"POST {page} changed {session.info.get('wrote') or 'nothing, but hands out a file'} "
            "and left no audit entry: have its service call audit.record, or mark the view with "
            "staff.require_audit.leaves_no_entry and say why."
        )
    log.error("deed without an audit entry", page=page)
    audit.record(session, f"staff:{current_user.id}", "desk.deed", f"page:{page}")


def _note_flush(session: Session, _context: UOWTransaction) -> None:
    modified = (row for row in session.dirty if session.is_modified(row))
    for row in (*session.new, *session.deleted, *modified):
        _note(session, row.__tablename__)


def _note_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        table = getattr(state.statement, "table", None)
        _note(state.session, str(getattr(table, "name", "?")))


def _forget(session: Session) -> None:
    session.info.pop("wrote", None)
    session.info.pop("audited", None)


def _note(session: Session, table: str) -> None:
    if table not in _BOOKKEEPING_TABLES:
        session.info.setdefault("wrote", table)
