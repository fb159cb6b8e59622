"""Asking for an export, and one's keys."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.bundles.find_bundles import get_bundle
from campaign.campaigns.campaigns import get_campaign
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import current_settings
from campaign.exports import export_log, requests, staff_keys
from campaign.exports.desk.blueprint import blueprint, page
from campaign.exports.desk.forms import AskForm, KeyForm, say_problem
from campaign.models.campaign import Campaign
from campaign.models.export import ExportFormat, ExportKind
from campaign.staff.guards import fresh, staff_user
from campaign.web.desk import redirect_to


@blueprint.get("/new")
def choose() -> ResponseReturnValue:
    """The form, for the campaign (and bundle) that the address names; without one, which."""
    slug = request.args.get("campaign", "")
    if not slug:
        return page("choose_campaign", campaigns=export_log.list_campaigns(db.session()))
    campaign = get_campaign(db.session(), slug)
    form = _form(campaign)
    if not form.is_submitted():
        form.bundle.data = request.args.get("bundle", "")
    return _asking(campaign, form)


@blueprint.post("/new")
@fresh()
def ask() -> ResponseReturnValue:
    """Ask for it; it is made at once, or waits for a second person."""
    session = db.session()
    campaign = get_campaign(session, request.form.get("campaign", ""))
    form = _form(campaign)
    if not form.validate():
        return _asking(campaign, form), 422
    try:
        made = requests.ask(
            session,
            campaign=campaign,
            kind=ExportKind(form.kind.data),
            bundle=get_bundle(session, form.bundle.data) if form.bundle.data else None,
            written_as=ExportFormat(form.format.data),
            locale=form.locale.data,
            reason=form.reason.data,
            keys=_keys(form),
            by=staff_user(),
            settings=current_settings(),
        )
    except Invalid as problem:
        _mark(form, problem)
        return _asking(campaign, form), 422
    except Refused as problem:
        session.rollback()
        return _asking(get_campaign(session, campaign.slug), form, problem.slug), problem.status
    return redirect_to(".show", public_id=made.public_id)


@blueprint.get("/keys")
def show_keys() -> ResponseReturnValue:
    """One's public keys."""
    return _keys_page(KeyForm(formdata=None))


@blueprint.post("/keys")
@fresh()
def add_key() -> ResponseReturnValue:
    """Keep a public key."""
    form = KeyForm()
    if not form.validate():
        return _keys_page(form), 422
    try:
        staff_keys.add_key(
            db.session(), user=staff_user(), typed=form.recipient.data, label=form.label.data
        )
    except Invalid as problem:
        _mark(form, problem)
        if problem.fields.get("recipient") == "key-private":
            form.recipient.data = ""
        return _keys_page(form), 422
    return redirect_to(".show_keys", _("The key is in your list."))


@blueprint.post("/keys/<public_id>/remove")
def remove_key(public_id: str) -> ResponseReturnValue:
    """Forget a public key."""
    staff_keys.remove_key(db.session(), user=staff_user(), public_id=public_id)
    said = _("The key is removed. Files that were encrypted to it stay so.")
    return redirect_to(".show_keys", said)


def _form(campaign: Campaign) -> AskForm:
    session = db.session()
    bundles = requests.list_bundles(session, campaign)
    return AskForm.of(
        campaign.slug,
        bundles,
        staff_keys.list_keys(session, staff_user()),
        locales=current_settings().locales,
    )


def _keys(form: AskForm) -> list[str]:
    """Those chosen of one's own, and those pasted. Raises Invalid with the field `more_keys`."""
    own = staff_keys.list_keys(db.session(), staff_user())
    chosen = [key.recipient for key in own if key.public_id in (form.keys.data or [])]
    pasted = staff_keys.read_lines(form.more_keys.data or "", field="more_keys")
    return list(dict.fromkeys([*chosen, *pasted]))


def _mark(form: Any, problem: Invalid) -> None:
    for name, slug in problem.fields.items():
        form[name].errors = [say_problem(slug)]
    if problem.fields.get("more_keys") == "key-private":
        form.more_keys.data = ""


def _asking(campaign: Campaign, form: AskForm, problem: str = "") -> str:
    needed = current_settings().exports_need_second_person
    return page("request", campaign=campaign, form=form, second=needed, problem=problem)


def _keys_page(form: KeyForm) -> str:
    shown = [
        (key, staff_keys.fingerprint(key.recipient))
        for key in staff_keys.list_keys(db.session(), staff_user())
    ]
    return page("keys", form=form, keys=shown)
