"""The desk's pages on what is done with a bundle: print again, make again, give up."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.bundles import find_bundles
from campaign.bundles.changes import cancel_bundle, remake_bundle, reprint_volumes
from campaign.bundles.desk.bundle_display import file_response
from campaign.bundles.desk.change_forms import CancelForm, ReprintForm
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle
from campaign.staff.desk_access import actor, fresh, staff_user
from campaign.web.page import Page, redirect_to, show_page


class ReprintPage(Page, template="bundles/reprint.html"):
    bundle: Bundle
    form: ReprintForm
    problem: str


class CancelPage(Page, template="bundles/cancel.html"):
    bundle: Bundle
    form: CancelForm
    problem: str


def register(blueprint: Blueprint) -> None:
    """Put the pages under a bundle's address."""
    blueprint.add_url_rule("/<public_id>/reprint", "reprint", reprint, methods=["GET"])
    blueprint.add_url_rule("/<public_id>/reprint", "take_reprint", take_reprint, methods=["POST"])
    blueprint.add_url_rule("/<public_id>/cancel", "cancel", cancel, methods=["GET", "POST"])
    blueprint.add_url_rule("/<public_id>/remake", "remake", remake, methods=["POST"])


def reprint(public_id: str) -> ResponseReturnValue:
    """What can be printed once more, and the question why."""
    bundle = find_bundles.get_bundle(db.session(), public_id)
    return show_page(ReprintPage(bundle=bundle, form=_reprint_form(bundle), problem=""))


@fresh(back="bundles.reprint")
def take_reprint(public_id: str) -> ResponseReturnValue:
    """The file once more, as it was, byte for byte."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    form = _reprint_form(bundle)
    if not form.validate_on_submit():
        return show_page(ReprintPage(bundle=bundle, form=form, problem=""))
    try:
        file = reprint_volumes.reprint(
            session,
            bundle,
            storage.storage(),
            name=form.name(),
            reason=form.reason.data,
            actor=actor(),
            staff_id=staff_user().id,
        )
    except Refused as problem:
        page = ReprintPage(bundle=bundle, form=form, problem=problem.slug)
        return show_page(page, problem.status)
    return file_response(file)


def _reprint_form(bundle: Bundle) -> ReprintForm:
    return ReprintForm.of(reprint_volumes.list_choices(db.session(), bundle))


def cancel(public_id: str) -> ResponseReturnValue:
    """What follows from giving a bundle up, and the button."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    form = CancelForm()
    if not form.validate_on_submit():
        return show_page(CancelPage(bundle=bundle, form=form, problem=""))
    store, reason = storage.storage(), form.reason.data
    try:
        cancel_bundle.cancel(session, bundle, store, reason=reason, actor=actor())
    except Refused as problem:
        page = CancelPage(bundle=bundle, form=form, problem=problem.slug)
        return show_page(page, problem.status)
    message = _("Bundle cancelled. What you have not delivered yet will go with another bundle.")
    return redirect_to("bundles.show", message, public_id=public_id)


def remake(public_id: str) -> ResponseReturnValue:
    """Make the volumes again without letters that were taken back."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    remake_bundle.remake(session, bundle, actor=actor())
    return redirect_to("bundles.show", public_id=public_id)
