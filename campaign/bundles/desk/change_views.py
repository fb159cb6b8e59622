"""The desk's pages on what is done with a bundle: print again, make again, give up."""

from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.bundles import bundle_status, find_bundles
from campaign.bundles.changes import (
    cancel_bundle,
    prints,
    remake_bundle,
    reprint_volumes,
    withdrawals,
)
from campaign.bundles.desk.change_forms import CancelForm, ReprintForm
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState
from campaign.staff.guards import actor, fresh, staff_user
from campaign.web.desk import redirect_to, render_page


def register(blueprint: Blueprint) -> None:
    """Put the pages under a bundle's address, and let its page ask what can be done."""
    blueprint.add_url_rule("/<public_id>/reprint", "reprint", reprint, methods=["GET"])
    blueprint.add_url_rule("/<public_id>/reprint", "take_reprint", take_reprint, methods=["POST"])
    blueprint.add_url_rule("/<public_id>/cancel", "cancel", cancel, methods=["GET", "POST"])
    blueprint.add_url_rule("/<public_id>/remake", "remake", remake, methods=["POST"])
    blueprint.context_processor(lambda: {"moves_of": moves_of})


def moves_of(bundle: Bundle) -> dict[str, Any]:
    """What can be done with the bundle, and what was done."""
    session = db.session()
    stopped = is_stopped(bundle.campaign.status)
    ready = bundle.state is BundleState.READY
    settled = bundle_status.is_settled(session, bundle)
    has_files = ready and bundle.emptied_at is None
    ended = {BundleState.CANCELLED, BundleState.FAILED}
    return {
        "gone": withdrawals.list_taken_back(session, bundle) if has_files else [],
        "reprints": reprint_volumes.list_reprints(session, bundle),
        "prints": prints.list_prints(session, bundle),
        "can_reprint": ready
        and not stopped
        and bool(reprint_volumes.list_choices(session, bundle)),
        "settled": settled,
        "can_cancel": not settled and bundle.state not in ended,
        "can_remake": ready and not settled and not stopped,
    }


def reprint(public_id: str) -> ResponseReturnValue:
    """What can be printed once more, and the question why."""
    bundle = find_bundles.get_bundle(db.session(), public_id)
    return _reprint_page(bundle, _reprint_form(bundle))


@fresh(back="bundles.reprint")
def take_reprint(public_id: str) -> ResponseReturnValue:
    """The file once more, as it was, byte for byte."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    form = _reprint_form(bundle)
    if not form.validate_on_submit():
        return _reprint_page(bundle, form)
    try:
        made = reprint_volumes.reprint(
            session,
            bundle,
            storage.storage(),
            name=form.name(),
            reason=form.reason.data,
            actor=actor(),
            staff_id=staff_user().id,
        )
    except Refused as problem:
        return _reprint_page(bundle, form, problem.slug, problem.status)
    return _file(made)


def _file(made: find_bundles.Download) -> Response:
    kind = "application/zip" if made.name.endswith(".zip") else "application/pdf"
    response = Response(made.chunks, mimetype=kind)
    response.headers["Content-Length"] = str(made.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


def _reprint_form(bundle: Bundle) -> ReprintForm:
    return ReprintForm.of(reprint_volumes.list_choices(db.session(), bundle))


def _reprint_page(
    bundle: Bundle, form: ReprintForm, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    return render_page("bundles/reprint.html", form, status, bundle=bundle, problem=problem)


def cancel(public_id: str) -> ResponseReturnValue:
    """What follows from giving a bundle up, and the button."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    form, problem, status = CancelForm(), "", 200
    if form.validate_on_submit():
        try:
            cancel_bundle.cancel(
                session, bundle, storage.storage(), reason=form.reason.data, actor=actor()
            )
        except Refused as refused:
            problem, status = refused.slug, refused.status
        else:
            said = _("The bundle is given up. What still waits of it goes with another.")
            return redirect_to("bundles.show", said, public_id=public_id)
    return render_page("bundles/cancel.html", form, status, bundle=bundle, problem=problem)


def remake(public_id: str) -> ResponseReturnValue:
    """The volumes that hold letters which were taken back are made again without them."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    remake_bundle.remake(session, bundle, actor=actor())
    return redirect_to("bundles.show", public_id=public_id)
