"""The desk's pages on exports: the log, one export, asking, deciding, its file, one's keys."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.bundles.find_bundles import get_bundle
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db
from campaign.core.errors import Gone, NotFound, Refused, is_allowed
from campaign.core.settings import current_settings
from campaign.exports import export_rules, requests, staff_keys
from campaign.exports.desk.forms import ConsentsForm, KeyForm, PurposeForm, RefuseForm, RequestForm
from campaign.models.campaign import Campaign
from campaign.models.export import (
    ConsentColumns,
    DataExport,
    ExportFormat,
    ExportKey,
    ExportKind,
    ExportState,
)
from campaign.models.staff import Role, StaffUser
from campaign.staff.desk_access import fresh, guard, staff_user
from campaign.staff.staff_users import actor_name
from campaign.web.page import Page, ProblemsOn, redirect_to, show_page

blueprint = Blueprint("exports", __name__, url_prefix="/desk/exports")
guard(blueprint, Role.STAFF)


class ChooseCampaign(Page, template="exports/choose_campaign.html"):
    campaigns: Sequence[Campaign]


class RequestPage(Page, template="exports/request.html"):
    campaign: Campaign
    form: RequestForm
    needs_second_person: bool
    problem: str  # slug of why it was refused


class ConsentsPage(Page, template="exports/consents.html"):
    form: ConsentsForm
    needs_second_person: bool
    problem: str  # slug of why it was refused


class KeysPage(Page, template="exports/keys.html"):
    form: KeyForm
    keys: Sequence[tuple[ExportKey, str]]  # each with its fingerprint


@blueprint.get("/new")
def choose() -> ResponseReturnValue:
    slug = request.args.get("campaign", "")
    if not slug:
        return show_page(ChooseCampaign(campaigns=requests.list_campaigns(db.session())))
    campaign = get_campaign(db.session(), slug)
    form = _request_form(campaign)
    if not form.is_submitted():
        form.bundle.data = request.args.get("bundle", "")
    return _show_request(campaign, form)


@blueprint.post("/new")
@fresh()
def ask() -> ResponseReturnValue:
    session = db.session()
    campaign = get_campaign(session, request.form.get("campaign", ""))
    form = _request_form(campaign)
    if not form.validate():
        return _show_request(campaign, form)
    try:
        with ProblemsOn(form):
            export = requests.ask(
                session,
                campaign=campaign,
                kind=ExportKind(form.kind.data),
                bundle=get_bundle(session, form.bundle.data) if form.bundle.data else None,
                written_as=ExportFormat(form.format.data),
                locale=form.locale.data,
                reason=form.reason.data,
                keys=_read_keys(form),
                by=staff_user(),
                settings=current_settings(),
            )
            return redirect_to(".show", public_id=export.public_id)
    except Refused as problem:
        session.rollback()
        campaign = get_campaign(session, campaign.slug)
        return _show_request(campaign, form, problem.slug, problem.status)
    return _show_request(campaign, form)


@blueprint.get("/consents/new")
def choose_columns() -> ResponseReturnValue:
    return _show_consents(ConsentsForm(formdata=None))


@blueprint.post("/consents/new")
@fresh()
def ask_consents() -> ResponseReturnValue:
    session, form = db.session(), ConsentsForm()
    form.offer_keys(staff_keys.list_keys(session, staff_user()))
    if not form.validate():
        return _show_consents(form)
    try:
        with ProblemsOn(form):
            export = requests.ask_consents(
                session,
                columns=ConsentColumns(form.columns.data),
                reason=form.reason.data,
                keys=_read_keys(form),
                by=staff_user(),
                settings=current_settings(),
            )
            return redirect_to(".show", public_id=export.public_id)
    except Refused as problem:
        session.rollback()
        return _show_consents(form, problem.slug, problem.status)
    return _show_consents(form)


@blueprint.get("/keys")
def show_keys() -> ResponseReturnValue:
    return _show_keys(KeyForm(formdata=None))


@blueprint.post("/keys")
@fresh()
def add_key() -> ResponseReturnValue:
    form = KeyForm()
    if form.validate():
        with ProblemsOn(form):
            key, label = form.recipient.data, form.label.data
            staff_keys.add_key(db.session(), user=staff_user(), typed=key, label=label)
            return redirect_to(".show_keys", _("Key added."))
    return _show_keys(form)


@blueprint.post("/keys/<public_id>/remove")
def remove_key(public_id: str) -> ResponseReturnValue:
    staff_keys.remove_key(db.session(), user=staff_user(), public_id=public_id)
    message = _("Key deleted. Files encrypted with it stay encrypted.")
    return redirect_to(".show_keys", message)


def _request_form(campaign: Campaign) -> RequestForm:
    session = db.session()
    return RequestForm.of(
        campaign.slug,
        requests.list_bundles(session, campaign),
        staff_keys.list_keys(session, staff_user()),
        locales=current_settings().locales,
    )


def _read_keys(form: PurposeForm) -> list[str]:
    """Those chosen of one's own, and those pasted. Raises Invalid with the field `more_keys`."""
    own = staff_keys.list_keys(db.session(), staff_user())
    chosen = [key.recipient for key in own if key.public_id in (form.keys.data or [])]
    pasted = staff_keys.read_lines(form.more_keys.data or "", field="more_keys")
    return list(dict.fromkeys([*chosen, *pasted]))


def _show_request(
    campaign: Campaign, form: RequestForm, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    second = current_settings().exports_need_second_person
    page = RequestPage(campaign=campaign, form=form, needs_second_person=second, problem=problem)
    return show_page(page, status)


def _show_consents(form: ConsentsForm, problem: str = "", status: int = 200) -> ResponseReturnValue:
    form.offer_keys(staff_keys.list_keys(db.session(), staff_user()))
    second = current_settings().exports_need_second_person
    return show_page(ConsentsPage(form=form, needs_second_person=second, problem=problem), status)


def _show_keys(form: KeyForm) -> ResponseReturnValue:
    keys = staff_keys.list_keys(db.session(), staff_user())
    page = KeysPage(form=form, keys=[(key, staff_keys.fingerprint(key.recipient)) for key in keys])
    return show_page(page)


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
    may_remake: bool
    may_withdraw: bool
    held_back: str  # why a file that is ready is handed to nobody, as a slug; empty where it is
    fingerprints: Sequence[str]
    form: RefuseForm


@blueprint.get("/")
def index() -> ResponseReturnValue:
    session, log_filter = db.session(), requests.LogFilter.of(request.args)
    exports = requests.list_exports(
        session, log_filter, zone=current_settings().timezone, limit=requests.PER_PAGE + 1
    )
    shown, more = exports[: requests.PER_PAGE], len(exports) > requests.PER_PAGE
    return show_page(
        ExportLog(
            waiting=requests.list_waiting(session, db.utcnow()),
            exports=shown,
            typed=log_filter.typed,
            older=_log_url(log_filter, before=shown[-1].id) if more else "",
            newest=_log_url(log_filter) if log_filter.before is not None else "",
            people=requests.list_people(session),
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


@blueprint.post("/<public_id>/remake")
def remake(public_id: str) -> ResponseReturnValue:
    export = requests.get_export(db.session(), public_id)
    requests.remake(db.session(), export, by=staff_user())
    return redirect_to(".show", public_id=public_id)


@blueprint.post("/<public_id>/withdraw")
def withdraw(public_id: str) -> ResponseReturnValue:
    export = requests.get_export(db.session(), public_id)
    requests.withdraw(db.session(), export, by=staff_user())
    message = _("Export cancelled. If there was a file, it is deleted.")
    return redirect_to(".show", message, public_id=public_id)


@blueprint.post("/<public_id>/download")
@fresh(back="exports.show")
def download(public_id: str) -> ResponseReturnValue:
    session = db.session()
    export = requests.get_export(session, public_id)
    try:
        file = requests.open_download(session, export, storage.storage(), by=staff_user())
    except Refused as problem:
        if problem.slug != export_rules.PEOPLE_LEFT:
            raise
        requests.delete_outdated(session, export, actor_name(staff_user()))
        return redirect_to(".show", public_id=public_id)
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": f'attachment; filename="{file.name}"',
    }
    return Response(file.chunks, mimetype="application/octet-stream", headers=headers)


def _show_export(export: DataExport, form: RefuseForm | None = None) -> ResponseReturnValue:
    me, now, settings = staff_user(), db.utcnow(), current_settings()
    return show_page(
        ShowExport(
            export=export,
            mine=export.requested_by_id == me.id,
            over=export_rules.is_over(export, now),
            may_decide=is_allowed(
                export_rules.refuse_decision,
                export,
                me,
                now,
                settings.decider_days,
                expected=Refused,
            ),
            may_download=is_allowed(
                export_rules.refuse_download, export, me.id, now, expected=(NotFound, Gone, Refused)
            ),
            may_remake=export.requested_by_id == me.id and export_rules.may_remake(export, now),
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


def _log_url(log_filter: requests.LogFilter, before: int | None = None) -> str:
    values: dict[str, Any] = {**log_filter.state, "before": before}
    return url_for(".index", **values)
