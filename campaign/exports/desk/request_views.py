"""Asking for an export, and one's keys."""

from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.bundles.find_bundles import get_bundle
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import current_settings
from campaign.exports import export_log, requests, staff_keys
from campaign.exports.desk.blueprint import blueprint
from campaign.exports.desk.forms import KeyForm, RequestForm, say_problem
from campaign.models.campaign import Campaign
from campaign.models.export import ExportFormat, ExportKey, ExportKind
from campaign.staff.guards import fresh, staff_user
from campaign.web.desk import redirect_to
from campaign.web.page import Page, show_page


class ChooseCampaign(Page, template="exports/choose_campaign.html"):
    campaigns: Sequence[Campaign]


class RequestPage(Page, template="exports/request.html"):
    campaign: Campaign
    form: RequestForm
    needs_second_person: bool
    problem: str  # slug of why it was refused


class KeysPage(Page, template="exports/keys.html"):
    form: KeyForm
    keys: Sequence[tuple[ExportKey, str]]  # each with its fingerprint


@blueprint.get("/new")
def choose() -> ResponseReturnValue:
    slug = request.args.get("campaign", "")
    if not slug:
        return show_page(ChooseCampaign(campaigns=export_log.list_campaigns(db.session())))
    campaign = get_campaign(db.session(), slug)
    form = _request_form(campaign)
    if not form.is_submitted():
        form.bundle.data = request.args.get("bundle", "")
    return _show_request(campaign, form)


@blueprint.post("/new")
@fresh()
def ask() -> ResponseReturnValue:
    """Ask for it; it is made at once, or waits for a second person."""
    session = db.session()
    campaign = get_campaign(session, request.form.get("campaign", ""))
    form = _request_form(campaign)
    if not form.validate():
        return _show_request(campaign, form)
    try:
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
    except Invalid as problem:
        _mark(form, problem)
        if problem.fields.get("more_keys") == "key-private":
            form.more_keys.data = ""
        return _show_request(campaign, form)
    except Refused as problem:
        session.rollback()
        campaign = get_campaign(session, campaign.slug)
        return _show_request(campaign, form, problem.slug, problem.status)
    return redirect_to(".show", public_id=export.public_id)


@blueprint.get("/keys")
def show_keys() -> ResponseReturnValue:
    return _show_keys(KeyForm(formdata=None))


@blueprint.post("/keys")
@fresh()
def add_key() -> ResponseReturnValue:
    form = KeyForm()
    if not form.validate():
        return _show_keys(form)
    try:
        staff_keys.add_key(
            db.session(), user=staff_user(), typed=form.recipient.data, label=form.label.data
        )
    except Invalid as problem:
        _mark(form, problem)
        if problem.fields.get("recipient") == "key-private":
            form.recipient.data = ""
        return _show_keys(form)
    return redirect_to(".show_keys", _("Key added."))


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


def _read_keys(form: RequestForm) -> list[str]:
    """Those chosen of one's own, and those pasted. Raises Invalid with the field `more_keys`."""
    own = staff_keys.list_keys(db.session(), staff_user())
    chosen = [key.recipient for key in own if key.public_id in (form.keys.data or [])]
    pasted = staff_keys.read_lines(form.more_keys.data or "", field="more_keys")
    return list(dict.fromkeys([*chosen, *pasted]))


def _mark(form: RequestForm | KeyForm, problem: Invalid) -> None:
    for name, slug in problem.fields.items():
        form[name].errors = [say_problem(slug)]


def _show_request(
    campaign: Campaign, form: RequestForm, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    second = current_settings().exports_need_second_person
    page = RequestPage(campaign=campaign, form=form, needs_second_person=second, problem=problem)
    return show_page(page, status)


def _show_keys(form: KeyForm) -> ResponseReturnValue:
    keys = staff_keys.list_keys(db.session(), staff_user())
    page = KeysPage(form=form, keys=[(key, staff_keys.fingerprint(key.recipient)) for key in keys])
    return show_page(page)
