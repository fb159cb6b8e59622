"""The desk's pages on exports: the log, one export, deciding about it, its file."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.core import db
from campaign.core.errors import DomainError, Refused
from campaign.core.settings import current_settings
from campaign.exports import export_job, export_log, export_rules, requests, staff_keys
from campaign.exports.desk import request_views
from campaign.exports.desk.blueprint import blueprint
from campaign.exports.desk.forms import RefuseForm
from campaign.models.export import DataExport, ExportKind, ExportState
from campaign.models.staff import StaffUser
from campaign.staff.guards import fresh, staff_user
from campaign.web.desk import redirect_to
from campaign.web.page import Page, show_page

assert all((request_views, export_job))
__all__ = ["blueprint"]


class ExportLog(Page, template="exports/index.html"):
    waiting: Sequence[DataExport]
    exports: Sequence[DataExport]
    typed: Mapping[str, str]  # the filter
    older: str
    newest: str  # addresses of other pages of the log; empty where there is none
    people: Sequence[StaffUser]
    kinds: Sequence[ExportKind]
    states: Sequence[ExportState]
    held_back: Collection[int]  # ids of those whose file is ready and handed to nobody
    me: StaffUser


class ExportProgress(Page, template="exports/_progress.html"):
    export: DataExport


class ShowExport(ExportProgress, template="exports/show.html"):
    mine: bool
    over: bool
    may_decide: bool
    may_download: bool
    may_withdraw: bool
    held_back: str  # why a file that is ready is handed to nobody, as a slug; empty where it is
    fingerprints: Sequence[str]
    form: RefuseForm


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits for a decision, and the log."""
    session, log_filter = db.session(), export_log.LogFilter.of(request.args)
    exports = export_log.list_exports(
        session, log_filter, zone=current_settings().timezone, limit=export_log.PER_PAGE + 1
    )
    shown, more = exports[: export_log.PER_PAGE], len(exports) > export_log.PER_PAGE
    return show_page(
        ExportLog(
            waiting=export_log.list_waiting(session, db.utcnow()),
            exports=shown,
            typed=log_filter.typed,
            older=_log_url(log_filter, before=shown[-1].id) if more else "",
            newest=_log_url(log_filter) if log_filter.before is not None else "",
            people=export_log.list_people(session),
            kinds=list(ExportKind),
            states=list(ExportState),
            held_back={
                export.id
                for export in shown
                if export.state is ExportState.READY and _why_held_back(export)
            },
            me=staff_user(),
        )
    )


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    return _show_export(requests.get_export(db.session(), public_id))


@blueprint.get("/<public_id>/progress")
def progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves; asks for the whole page once the export is made."""
    export = requests.get_export(db.session(), public_id)
    response = Response(ExportProgress(export=export).html())
    if export.state is not ExportState.MAKING:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<public_id>/approve")
@fresh()
def approve(public_id: str) -> ResponseReturnValue:
    export = requests.get_export(db.session(), public_id)
    requests.approve(db.session(), export, by=staff_user())
    message = _("You approved this export. We email the person who requested it.")
    return redirect_to(".show", message, public_id=public_id)


@blueprint.post("/<public_id>/refuse")
def refuse(public_id: str) -> ResponseReturnValue:
    export, form = requests.get_export(db.session(), public_id), RefuseForm()
    if not form.validate():
        return _show_export(export, form)
    requests.refuse(db.session(), export, by=staff_user(), note=form.note.data or "")
    message = _("You declined this export. We email the person who requested it.")
    return redirect_to(".show", message, public_id=public_id)


@blueprint.post("/<public_id>/withdraw")
def withdraw(public_id: str) -> ResponseReturnValue:
    """End one's own export; its file goes."""
    export = requests.get_export(db.session(), public_id)
    requests.withdraw(db.session(), export, by=staff_user())
    message = _("Export cancelled. If there was a file, it is deleted.")
    return redirect_to(".show", message, public_id=public_id)


@blueprint.post("/<public_id>/download")
@fresh(back="exports.show")
def download(public_id: str) -> ResponseReturnValue:
    """The file, as a stream of known size."""
    session = db.session()
    export = requests.get_export(session, public_id)
    file = requests.open_download(session, export, storage.storage(), by=staff_user())
    response = Response(file.chunks, mimetype="application/octet-stream")
    response.headers["Content-Length"] = str(file.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


def _show_export(export: DataExport, form: RefuseForm | None = None) -> ResponseReturnValue:
    me, now, settings = staff_user(), db.utcnow(), current_settings()
    return show_page(
        ShowExport(
            export=export,
            mine=export.requested_by_id == me.id,
            over=export_rules.is_over(export, now),
            may_decide=_is_allowed(
                lambda: export_rules.refuse_decision(export, me, now, settings.decider_days)
            ),
            may_download=_is_allowed(lambda: export_rules.refuse_download(export, me.id, now)),
            may_withdraw=export.state not in requests.ENDED,
            held_back=_why_held_back(export),
            fingerprints=[staff_keys.fingerprint(key) for key in export.recipients],
            form=form or RefuseForm(formdata=None),
        )
    )


def _why_held_back(export: DataExport) -> str:
    try:
        export_rules.refuse_source(export)
    except Refused as problem:
        return problem.slug
    return ""


def _log_url(log_filter: export_log.LogFilter, before: int | None = None) -> str:
    values: dict[str, Any] = {**log_filter.state, "before": before}
    return url_for(".index", **values)


def _is_allowed(refuse: Callable[[], None]) -> bool:
    try:
        refuse()
    except DomainError:
        return False
    return True
