"""The desk's pages on exports: the log, one export, deciding about it, its file."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.core import db
from campaign.core.errors import DomainError
from campaign.core.settings import current_settings
from campaign.exports import export_job, export_log, export_rules, requests, staff_keys
from campaign.exports.desk import request_views
from campaign.exports.desk.blueprint import blueprint, page
from campaign.exports.desk.forms import RefuseForm
from campaign.models.export import DataExport, ExportKind, ExportState
from campaign.staff.guards import fresh, staff_user
from campaign.web.desk import redirect_to

assert all((request_views, export_job))
__all__ = ["blueprint"]


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits for a decision, and the log."""
    session, asked = db.session(), export_log.Asked.of(request.args)
    found = export_log.list_exports(
        session, asked, zone=current_settings().timezone, limit=export_log.PER_PAGE + 1
    )
    shown = found[: export_log.PER_PAGE]
    more = len(found) > export_log.PER_PAGE
    return page(
        "index",
        waiting=export_log.list_waiting(session, db.utcnow()),
        exports=shown,
        typed=asked.typed,
        older=_address(asked.state, shown[-1].id) if more else "",
        newest=_address(asked.state) if asked.before is not None else "",
        people=export_log.list_people(session),
        kinds=list(ExportKind),
        states=list(ExportState),
    )


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One export: how far it is, what to do next."""
    return _one(requests.get_export(db.session(), public_id))


@blueprint.get("/<public_id>/progress")
def progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves; asks for the whole page once the export is made."""
    export = requests.get_export(db.session(), public_id)
    response = Response(page("_progress", export=export))
    if export.state is not ExportState.MAKING:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<public_id>/approve")
@fresh()
def approve(public_id: str) -> ResponseReturnValue:
    """Let it be made."""
    export = requests.get_export(db.session(), public_id)
    requests.approve(db.session(), export, by=staff_user())
    said = _("You approved it. Who asked is told by mail.")
    return redirect_to(".show", said, public_id=public_id)


@blueprint.post("/<public_id>/refuse")
def refuse(public_id: str) -> ResponseReturnValue:
    """Do not let it be made."""
    export, form = requests.get_export(db.session(), public_id), RefuseForm()
    if not form.validate():
        return _one(export, form), 422
    requests.refuse(db.session(), export, by=staff_user(), note=form.note.data or "")
    said = _("You refused it. Who asked is told by mail.")
    return redirect_to(".show", said, public_id=public_id)


@blueprint.post("/<public_id>/withdraw")
def withdraw(public_id: str) -> ResponseReturnValue:
    """End one's own export; its file goes."""
    export = requests.get_export(db.session(), public_id)
    requests.withdraw(db.session(), export, by=staff_user())
    said = _("It is ended. If there was a file, it is deleted.")
    return redirect_to(".show", said, public_id=public_id)


@blueprint.post("/<public_id>/download")
@fresh(back="exports.show")
def download(public_id: str) -> ResponseReturnValue:
    """The file, as a stream of known size."""
    session = db.session()
    export = requests.get_export(session, public_id)
    made = requests.open_download(session, export, storage.storage(), by=staff_user())
    response = Response(made.chunks, mimetype="application/octet-stream")
    response.headers["Content-Length"] = str(made.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


def _one(export: DataExport, form: RefuseForm | None = None) -> str:
    now, me = db.utcnow(), staff_user()
    return page(
        "show",
        export=export,
        mine=export.requested_by_id == me.id,
        over=export_rules.is_over(export, now),
        may_decide=_passes(export_rules.refuse_decision, export, me.id),
        may_download=_passes(export_rules.refuse_download, export, me.id),
        may_withdraw=export.state in {ExportState.ASKED, ExportState.MAKING, ExportState.READY},
        fingerprints=[staff_keys.fingerprint(key) for key in export.recipients],
        form=form or RefuseForm(formdata=None),
    )


def _address(state: dict[str, str], before: int | None = None) -> str:
    values: dict[str, Any] = {**state, "before": before}
    return url_for(".index", **values)


def _passes(rule: object, export: DataExport, by_id: int) -> bool:
    try:
        rule(export, by_id, db.utcnow())  # type: ignore[operator]
    except DomainError:
        return False
    return True
