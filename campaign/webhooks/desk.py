"""The pages of webhooks, for admins."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.core import db
from campaign.core.settings import current_settings
from campaign.models.staff import Role
from campaign.models.webhook import EventKind, WebhookEndpoint, WebhookPost
from campaign.staff.desk_access import fresh, guard, staff_user
from campaign.staff.gone_things import lead_to_others
from campaign.web.edit_conflict import EditConflictForm, lock_row
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import CheckboxesField, Filled, LineField, choices
from campaign.web.outgoing_sentences import OUTGOING_SENTENCES
from campaign.web.page import Page, ProblemsOn, redirect_to, show_page
from campaign.web.pagination import Listing, load_page, read_page
from campaign.webhooks import endpoints

blueprint = Blueprint("webhooks", __name__, url_prefix="/desk/webhooks")
guard(blueprint, Role.ADMIN)
_DELETED = _l("This webhook was deleted. Nothing was saved.")
lead_to_others(blueprint, {"webhook": _DELETED, "row": _DELETED})

KINDS: Mapping[str, object] = {
    EventKind.ACTION_OPENED.value: _l("A campaign opens"),
    EventKind.ACTION_CLOSED.value: _l("A campaign is closed"),
    EventKind.ACTION_STOPPED.value: _l("A campaign is stopped"),
    EventKind.ACTION_OUTCOME.value: _l("An outcome is posted"),
    EventKind.SIGNATURE_CONFIRMED.value: _l("A signature is confirmed"),
    EventKind.SIGNATURE_WITHDRAWN.value: _l("A letter is withdrawn"),
    EventKind.SIGNATURE_ERASED.value: _l("A supporter has everything deleted"),
    EventKind.DELIVERY_RECORDED.value: _l("A delivery is recorded"),
    EventKind.REPLY_PUBLISHED.value: _l("A reply is published"),
    EventKind.TEST.value: _l("Test"),
}
_LONGEST = 500


class WebhookForm(DeskForm):
    sentences = OUTGOING_SENTENCES
    address = LineField(
        _l("Web address"),
        limit=_LONGEST,
        needed=_l("Enter the address where your program receives webhooks."),
        description=_l("Where your program receives webhooks. The address must start with https."),
    )
    events = CheckboxesField(
        _l("Events"),
        [Filled(_l("Choose at least one event."))],
        choices=choices([(kind.value, KINDS[kind.value]) for kind in endpoints.KINDS]),
    )

    def kinds(self) -> list[EventKind]:
        return [EventKind(name) for name in self.events.data]


class ChangeWebhookForm(EditConflictForm, WebhookForm):
    def __init__(self, webhook: WebhookEndpoint) -> None:
        super().__init__(data=_values_of(webhook))


def _values_of(webhook: WebhookEndpoint) -> dict[str, object]:
    return {"address": webhook.address, "events": webhook.events}


class WebhooksPage(Page, template="webhooks/index.html"):
    webhooks: Sequence[tuple[WebhookEndpoint, str]]  # each with its address, if that opens


class WebhookFormPage(Page, template="webhooks/form.html"):
    form: WebhookForm
    webhook: WebhookEndpoint | None


class WebhookPage(Page, template="webhooks/show.html"):
    webhook: WebhookEndpoint
    address: str  # empty where it does not open
    host: str
    kinds: Mapping[str, object]
    failed: int
    next_try: datetime | None
    posts: Listing[WebhookPost]
    messages: Mapping[int, endpoints.Message | None]
    """By event; None: it does not open."""
    failure_days: int
    log_days: int


class DeletePage(Page, template="webhooks/delete.html"):
    webhook: WebhookEndpoint
    host: str
    waiting: int


class SecretPage(Page, template="webhooks/secret.html"):
    webhook: WebhookEndpoint
    host: str
    secret: str


@blueprint.get("/")
def index() -> ResponseReturnValue:
    webhooks = endpoints.list_endpoints(db.session())
    listed = [(webhook, endpoints.read_address(webhook)) for webhook in webhooks]
    return show_page(WebhooksPage(webhooks=listed))


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    return show_page(WebhookFormPage(form=WebhookForm(formdata=None), webhook=None))


@blueprint.post("/new")
@fresh()
def create() -> ResponseReturnValue:
    form = WebhookForm()
    many = _("This site has 20 webhooks already, and cannot have more. Delete one first.")
    if form.validate():
        with ProblemsOn(form, many):
            webhook = endpoints.add_endpoint(
                db.session(), address=form.address.data, kinds=form.kinds(), by=staff_user()
            )
            message = _("Webhook added. Give your program the secret, then send a test.")
            return redirect_to(".show", message, public_id=webhook.public_id)
    return show_page(WebhookFormPage(form=form, webhook=None))


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    session, settings = db.session(), current_settings()
    webhook = endpoints.get_endpoint(session, public_id)
    posts = load_page(session, endpoints.select_posts(webhook), read_page(request.args))
    return show_page(
        WebhookPage(
            webhook=webhook,
            address=endpoints.read_address(webhook),
            host=endpoints.host_of(webhook),
            kinds=KINDS,
            failed=endpoints.count_failed(session, webhook),
            next_try=endpoints.find_next_try(session, webhook),
            posts=posts,
            messages=endpoints.read_messages(session, posts.rows),
            failure_days=settings.webhook_failure_days,
            log_days=settings.webhook_log_days,
        )
    )


@blueprint.get("/<public_id>/edit")
def edit(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    return show_page(WebhookFormPage(form=ChangeWebhookForm(webhook), webhook=webhook))


@blueprint.post("/<public_id>/edit")
@fresh()
def change(public_id: str) -> ResponseReturnValue:
    session = db.session()
    webhook = endpoints.get_endpoint(session, public_id)
    form = ChangeWebhookForm(webhook)
    if form.validate():
        with ProblemsOn(form):
            address = endpoints.CheckedAddress(form.address.data)
            lock_row(session, webhook)
            if form.is_current(_values_of(webhook)):
                kinds, by = form.kinds(), staff_user()
                endpoints.change_endpoint(session, webhook, address=address, kinds=kinds, by=by)
                return redirect_to(".show", _("Changes saved."), public_id=public_id)
    return show_page(WebhookFormPage(form=form, webhook=webhook))


@blueprint.post("/<public_id>/secret")
@fresh()
def show_secret(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    secret = endpoints.show_secret(db.session(), webhook, by=staff_user())
    # Shown in the answer itself: kept anywhere for another page, it could be read there.
    return show_page(SecretPage(webhook=webhook, host=endpoints.host_of(webhook), secret=secret))


@blueprint.post("/<public_id>/test")
def send_test(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    endpoints.send_test(db.session(), webhook, by=staff_user())
    message = _("The test is on its way. Reload this page in a minute to see the answer.")
    return redirect_to(".show", message, public_id=public_id)


@blueprint.post("/<public_id>/again")
def send_again(public_id: str) -> ResponseReturnValue:
    """Send one post again, or all that failed."""
    webhook = endpoints.get_endpoint(db.session(), public_id)
    post_id = request.form.get("post", "")
    endpoints.send_again(db.session(), webhook, by=staff_user(), post_id=post_id)
    return redirect_to(
        ".show",
        _("We are sending it again. Reload this page in a minute to see the answer."),
        public_id=public_id,
    )


@blueprint.post("/<public_id>/try-again")
def try_again(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    endpoints.try_again(db.session(), webhook, by=staff_user())
    message = _("We try again now. Reload this page in a minute.")
    return redirect_to(".show", message, public_id=public_id)


@blueprint.post("/<public_id>/on")
def turn_on(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    endpoints.turn_on(db.session(), webhook, by=staff_user())
    return redirect_to(".show", _("Webhook turned on."), public_id=public_id)


@blueprint.post("/<public_id>/off")
def turn_off(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    endpoints.turn_off(db.session(), webhook, by=staff_user())
    return redirect_to(".show", _("Webhook turned off."), public_id=public_id)


@blueprint.get("/<public_id>/delete")
def ask_delete(public_id: str) -> ResponseReturnValue:
    session = db.session()
    webhook = endpoints.get_endpoint(session, public_id)
    waiting = endpoints.count_waiting(session, webhook)
    host = endpoints.host_of(webhook)
    return show_page(DeletePage(webhook=webhook, host=host, waiting=waiting))


@blueprint.post("/<public_id>/delete")
@fresh(back=".ask_delete")
def delete(public_id: str) -> ResponseReturnValue:
    webhook = endpoints.get_endpoint(db.session(), public_id)
    endpoints.delete_endpoint(db.session(), webhook, by=staff_user())
    return redirect_to(".index", _("Webhook deleted."))
