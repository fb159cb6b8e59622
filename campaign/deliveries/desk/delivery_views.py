"""The page at the gate: opened on a phone, also without reach, sent when there is some."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from campaign.bundles import find_bundles
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db, i18n
from campaign.core.asset_paths import folder
from campaign.core.errors import DomainError, Invalid, Refused
from campaign.core.rate_limits import count_against_limit
from campaign.deliveries import attachments, record_delivery, visits
from campaign.deliveries.desk.forms import GateForm, gate_form, ticked_ids
from campaign.deliveries.desk.refusals import SENTENCES
from campaign.deliveries.envelopes import reroute_bundle
from campaign.deliveries.remaining_letters import (
    count_left,
    find_unnamed_part,
    list_taken_back_here,
)
from campaign.models.bundle import Bundle, BundleState
from campaign.staff.guards import actor, staff_user
from campaign.web.security import takes_file, with_worker

_PER_HOUR = 120
"""Visits that one member of staff can record in an hour."""
_WORKER = ("deliver-queue.js", "deliver-worker.js")
"""What the service worker is made of: the page uses the first as well."""


def register(blueprint: Blueprint) -> None:
    """Put the page under a bundle's address."""
    add, page = blueprint.add_url_rule, "/bundles/<public_id>/deliver"
    add(page, "deliver", deliver, methods=["GET", "POST"])
    add(f"{page}/token", "token", token)
    add(f"{page}/worker.js", "worker", worker)


@takes_file(attachments.MAX_REQUEST_BYTES)
def deliver(public_id: str) -> ResponseReturnValue:
    """What happened at the gate, in thirty seconds."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    if bundle.state is not BundleState.READY:
        raise Refused("bundle-not-ready")
    stopped = is_stopped(bundle.campaign.status)
    form = _form(bundle, stopped=stopped)
    wants_json = request.accept_mimetypes.best == "application/json"
    if form.validate_on_submit():
        visit = _recorded(form)
        if visit is not None:
            say_left_out(form)
            address = url_for("deliveries.show", public_id=visit.public_id)
            return jsonify(sent=True, url=address) if wants_json else redirect(address, 303)
    if wants_json:
        return jsonify(problems=[words for _id, words in form.problems()]), 422
    return _page(bundle, form, stopped=stopped), 422 if form.problems() else 200


def token(public_id: str) -> ResponseReturnValue:
    """A token that is not stale, and whose it is: what was kept on a phone is sent with it."""
    return jsonify(token=generate_csrf(), who=staff_user().public_id)


def worker(public_id: str) -> ResponseReturnValue:
    """The script that opens the page without reach; it sees this one page and nothing else."""
    scripts = (folder("static") / "js" / name for name in _WORKER)
    body = "\n".join(script.read_text("utf-8") for script in scripts)
    scope = url_for("deliveries.deliver", public_id=public_id)
    return Response(body, mimetype="text/javascript", headers={"Service-Worker-Allowed": scope})


def _form(bundle: Bundle, *, stopped: bool) -> GateForm:
    """The form with what may travel along, and with what was ticked when it was written down."""
    session = db.session()
    ids = ticked_ids(request.form) - {bundle.id}
    ticked = visits.list_ticked(session, bundle, ids) if ids else ()
    offered = {
        companion.id: companion for companion in (*visits.list_companions(session, bundle), *ticked)
    }
    unknown = len(ticked) < len(ids)
    return gate_form(bundle, list(offered.values()), stopped=stopped, unknown=unknown)


def _recorded(form: GateForm) -> Any:
    """The visit; none where it was not taken, which is said on the form."""
    session = db.session()
    try:
        recorded_before = record_delivery.find_visit(session, form.key.data)
        if recorded_before is None:
            count_against_limit(session, "deliver", actor(), _PER_HOUR)
        return record_delivery.record_visit(
            session,
            carried=form.bundles(),
            happened=form.happened(),
            key=form.key.data,
            actor=actor(),
            staff_id=staff_user().id,
        )
    except Invalid as problem:
        form.refuse(problem.fields)
    except record_delivery.CompanionRefused as problem:
        say_companion_refused(form, problem)
    except Refused as problem:
        form.form_errors.append(say_refused(problem))
    return None


def say_left_out(form: GateForm) -> None:
    """Name on the record's page what the phone left out of it."""
    names = (form.left_out.data or "").strip()[:300]
    if names:
        flash(_("Not kept: %(names)s. Only pictures can be kept.", names=names), "warning")


def say_companion_refused(form: GateForm, problem: record_delivery.CompanionRefused) -> None:
    """By its box: which bundle could not be recorded with the page's own, and why."""
    bundle, why = problem.bundle, problem.why
    name = f"{bundle.campaign.reference} · {bundle.sequence:03d}"
    colon = i18n.colon(i18n.locale())
    ticked, taken = form[f"with_{bundle.id}"], f"taken_{bundle.id}"
    if isinstance(why, Refused):
        ticked.errors = [*ticked.errors, f"{name}{colon}{say_refused(why)}"]
    elif taken in why.fields:
        form.refuse(why.fields)
    else:
        words = [str(SENTENCES.get(slug, why.slug)) for slug in why.fields.values()]
        ticked.errors = [*ticked.errors, *(f"{name}{colon}{word}" for word in words)]


def say_refused(problem: DomainError) -> str:
    """Why nothing was recorded, in words."""
    words = {
        "nothing-here": _("No letter of this bundle is here any more: look at its page."),
        "part-unnamed": _(
            "A part of this bundle was taken before, and nobody has said which letters. "
            "Say so on the bundle’s page, then record this."
        ),
        "not-open": _("This is a rehearsal: nothing of it is handed over."),
        "bundle-not-ready": _("The bundle is not ready yet."),
        "key-taken": _("A colleague sent this already from this phone."),
    }
    otherwise = _("The state of things does not allow it. Nothing was changed.")
    return str(words.get(problem.slug, otherwise))


def _page(bundle: Bundle, form: GateForm, *, stopped: bool) -> Response:
    session = db.session()
    body = render_template(
        "deliveries/deliver.html",
        bundle=bundle,
        form=form,
        stopped=stopped,
        before="before" in request.args or bool(form.problems()),
        here={carried.id: count_left(session, carried) for carried in form.carried},
        attempts=visits.list_attempts_of(session, bundle),
        unnamed=find_unnamed_part(session, bundle),
        moved_to=reroute_bundle.list_reroutings(session, bundle),
        taken_back=list_taken_back_here(session, bundle),
        who=staff_user().public_id,
        made_at=db.utcnow(),
        made_in_words=i18n.say_moment(db.utcnow(), bundle.zone),
        # The phone keeps this page: nothing of the desk around it, and nobody's name.
        desk_nav=[],
        staff_name="",
    )
    return Response(body, mimetype="text/html", headers=with_worker())
