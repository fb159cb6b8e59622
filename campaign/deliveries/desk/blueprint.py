"""The desk's pages on deliveries: the list, a visit, its files, taking a record back."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.bundles import find_bundles
from campaign.bundles.access import CARRIERS
from campaign.core import db
from campaign.deliveries import attachments, record_delivery, stopped_bundles, visits
from campaign.deliveries.bundle_outcomes import BundleOutcome, find_outcomes
from campaign.deliveries.desk import (
    correct_views,
    delivery_views,
    publish_delivery_views,
    split_views,
)
from campaign.deliveries.envelopes import reroute_bundle, split_bundle
from campaign.deliveries.remaining_letters import count_here, count_left, find_unnamed_part
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateFileKind, GateVisit, PaperFate
from campaign.staff.guards import actor, fresh, guard, staff_user
from campaign.web.desk import redirect_to

blueprint = Blueprint("deliveries", __name__, url_prefix="/desk")
guard(blueprint, *CARRIERS)
delivery_views.register(blueprint)
split_views.register(blueprint)
publish_delivery_views.register(blueprint)
correct_views.register(blueprint)


@blueprint.app_template_global("way_of_bundle")
def way_of_bundle(bundle: Bundle) -> dict[str, Any]:
    """What the page of a bundle says of its way: tries, what is still here, where the rest went."""
    session = db.session()
    attempts = visits.list_attempts_of(session, bundle)
    return {
        "attempts": attempts,
        "late": visits.list_late(session, attempts),
        "here": count_here(session, bundle),
        "unnamed": find_unnamed_part(session, bundle),
        "moved_to": reroute_bundle.list_reroutings(session, bundle),
        "moved_from": reroute_bundle.find_rerouting_to(session, bundle),
        "returned": reroute_bundle.list_returned(session, bundle),
        "run": split_bundle.find_run(session, bundle),
    }


@blueprint.app_template_global("ends_of_bundles")
def ends_of_bundles(bundles: Sequence[Bundle]) -> dict[int, BundleOutcome]:
    """How each bundle of a list fared after it was printed."""
    return find_outcomes(db.session(), bundles)


@blueprint.app_template_global("held_paper_of")
def held_paper_of(bundle: Bundle) -> dict[str, Any] | None:
    """Of a bundle whose campaign was stopped: whether paper lies here, and what became of it."""
    session = db.session()
    held = stopped_bundles.find_held(session, bundle)
    fate = held.fate.value if held and held.fate else ""
    if not fate and not stopped_bundles.lies_here(session, bundle):
        return None
    return {"fate": fate, "settled_at": held.settled_at if held else None}


@blueprint.app_template_global("late_deliveries_of")
def late_deliveries_of(campaign: Campaign) -> list[DeliveryAttempt]:
    """Deliveries of a campaign after it was stopped, by who did not know of it yet."""
    return visits.list_late_of(db.session(), campaign)


@blueprint.post("/bundles/<public_id>/held-back")
def settle_held_back(public_id: str) -> ResponseReturnValue:
    """Say what became of the paper of a bundle whose campaign was stopped."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    fate = next((kind for kind in PaperFate if kind.value == request.form.get("fate")), None)
    if fate is None:
        abort(400)
    stopped_bundles.record_fate(session, bundle, fate, actor=actor(), staff_id=staff_user().id)
    message = _("What became of the printed letters is noted.")
    return redirect_to("bundles.show", message, public_id=public_id)


@blueprint.get("/deliveries/")
def index() -> ResponseReturnValue:
    """What happened at the gates, the newest first."""
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    rows, total = visits.list_attempts(db.session(), page=page)
    pages = max(1, -(-total // visits.PAGE))
    late = visits.list_late(db.session(), [row for row, *_rest in rows])
    return render_template("deliveries/index.html", rows=rows, late=late, page=page, pages=pages)


@blueprint.get("/deliveries/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One visit: what was written down, its pictures, and what can be done next."""
    session = db.session()
    visit = visits.get_visit(session, public_id)
    left = {
        attempt.id: count_left(session, attempt.bundle)
        for attempt in visit.attempts
        if attempt.bundle
    }
    return render_template("deliveries/show.html", visit=visit, left=left, **_facts(visit))


@blueprint.get("/deliveries/attempts/<public_id>")
def show_attempt(public_id: str) -> ResponseReturnValue:
    """The visit of an attempt."""
    visit = visits.get_visit_of(db.session(), visits.get_attempt(db.session(), public_id))
    return redirect(url_for(".show", public_id=visit.public_id))


@blueprint.get("/deliveries/<public_id>/files/<file_id>/<int:number>.jpg")
def file_page(public_id: str, file_id: str, number: int) -> ResponseReturnValue:
    """A picture, or a page of the receipt."""
    session = db.session()
    file = attachments.get_file(session, visits.get_visit(session, public_id), file_id)
    return Response(attachments.read_page(file, number), mimetype="image/jpeg")


@blueprint.post("/deliveries/<public_id>/files/<file_id>/download")
@fresh(back="deliveries.show_again")
def receipt_download(public_id: str, file_id: str) -> ResponseReturnValue:
    """The receipt's PDF as it came."""
    session = db.session()
    file = attachments.get_file(session, visits.get_visit(session, public_id), file_id)
    return pdf_attachment(attachments.read_original(session, file, actor=actor()), "receipt.pdf")


@blueprint.get("/deliveries/<public_id>/files/<file_id>")
def show_again(public_id: str, file_id: str) -> ResponseReturnValue:
    """Where one comes back to once it is clear who asks."""
    return redirect(url_for(".show", public_id=public_id))


@blueprint.post("/deliveries/<public_id>/remove")
def remove(public_id: str) -> ResponseReturnValue:
    """Take a record back that was a mistake."""
    session = db.session()
    visit = visits.get_visit(session, public_id)
    bundle = next((attempt.bundle for attempt in visit.attempts if attempt.bundle), None)
    record_delivery.remove_visit(session, visit, actor=actor())
    flash(_("The record is removed."))
    if bundle is None:
        return redirect_to(".index")
    return redirect_to("bundles.show", public_id=bundle.public_id)


def pdf_attachment(body: bytes, name: str) -> Response:
    """A PDF that is saved, not shown."""
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _facts(visit: GateVisit) -> dict[str, Any]:
    return {
        "pictures": [file for file in visit.files if file.kind is GateFileKind.PICTURE],
        "receipts": [file for file in visit.files if file.kind is GateFileKind.RECEIPT],
        "is_unnamed": lambda attempt: attempt.outcome is DeliveryOutcome.PART and not attempt.taken,
        "again": {DeliveryOutcome.REFUSED, DeliveryOutcome.PART},
        "late": visits.list_late(db.session(), visit.attempts),
        "removable": all(attempt.update_id is None for attempt in visit.attempts),
    }
