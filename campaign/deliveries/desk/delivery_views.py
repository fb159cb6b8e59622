"""The page at the gate: opened on a phone, also without reach, sent when there is some."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import Session

from campaign.bundles import find_bundles
from campaign.bundles.bundle_status import STILL_HERE, FirstPrint, find_first_prints
from campaign.bundles.changes.withdrawals import list_withdrawn
from campaign.bundles.desk.bundle_display import list_sheets_to_black_out
from campaign.bundles.find_bundles import UNFINISHED
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from campaign.bundles.nouns import Noun, noun_of
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db, i18n
from campaign.core.asset_paths import folder
from campaign.core.errors import Invalid, Refused
from campaign.core.rate_limits import count_against_limit
from campaign.deliveries import attachments, record_delivery, visits
from campaign.deliveries.carried_paper import (
    Paper,
    list_papers,
    list_papers_before_posting,
    list_papers_then,
)
from campaign.deliveries.desk.forms import GateForm, gate_form, say_recorded, ticked_ids
from campaign.deliveries.desk.print_words import SheetsToRemove, list_sheets_to_remove
from campaign.deliveries.desk.refusals import say_not_ready, say_page_closed, say_refusal
from campaign.deliveries.envelopes import reroute_bundle
from campaign.deliveries.recording_rules import GONE_OUT, SENT
from campaign.deliveries.remaining_letters import count_left, find_unnamed_part, is_before_visit
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt
from campaign.models.delivery import GateVisit, Rerouting
from campaign.staff.desk_access import actor, staff_user
from campaign.staff.navigation import Section
from campaign.web.page import Page, redirect_to, show_page
from campaign.web.security import takes_file, with_worker

_PER_HOUR = 120  # visits that one member of staff can record in an hour
_MADE_AGAIN_SECONDS = 60  # after which a bundle that was being made again may be ready
_SOON = timedelta(minutes=30)  # for which a phone waits for that without a word
_WORKER = ("deliver-queue.js", "deliver-worker.js")
"""What the service worker is made of: the page uses the first as well."""


class GatePage(Page, template="deliveries/deliver.html"):
    """A phone keeps it: no supporter and no member of staff stands on it."""

    bundle: Bundle
    form: GateForm
    stopped: bool
    stopped_with: Sequence[Bundle]  # of those that may come along
    before: bool  # whether what was handed over before a stop is recorded
    here: Mapping[int, int]  # letters that are still here, by the id of their bundle
    most: Mapping[int, int]  # letters that were in any paper of it, by the same id
    signed_by_hand: Mapping[int, int]  # people on the sheets that go along, by the same id
    attempts: Sequence[DeliveryAttempt]
    unnamed: DeliveryAttempt | None
    moved_to: Sequence[Rerouting]
    partly_moved: Sequence[tuple[Bundle, FirstPrint]]
    to_remove: Sequence[SheetsToRemove]
    black_out: Sequence[tuple[Bundle, Sequence[TravellingSheet]]]
    withdrawn: bool  # whether every letter was taken back while it was here
    withdrawn_with: Sequence[Bundle]  # of those that may come along
    closed: str  # why nothing of it can be recorded now, where it is not ready any more
    who: str
    made_in_words: str
    desk_nav: Sequence[Section] = ()
    staff_name: str = ""


def register(blueprint: Blueprint) -> None:
    add, page = blueprint.add_url_rule, "/bundles/<public_id>/deliver"
    add(page, "deliver", deliver, methods=["GET", "POST"])
    add(f"{page}/token", "token", token)
    add(f"{page}/worker.js", "worker", worker)


@takes_file(attachments.MAX_REQUEST_BYTES)
def deliver(public_id: str) -> ResponseReturnValue:
    bundle = find_bundles.get_bundle(db.session(), public_id)
    is_polled = "HX-Request" in request.headers  # an open page asks what it would say now
    if bundle.state is not BundleState.READY and request.method != "POST" and not is_polled:
        return redirect_to("bundles.show", say_page_closed(bundle), "error", public_id=public_id)
    form = _make_form(bundle)
    wants_json = _wants_json()
    visit = _find_own(form)
    if visit is None and bundle.state is not BundleState.READY and form.is_submitted():
        form.form_errors.append(say_not_ready(bundle))
    elif visit or (form.validate_on_submit() and (visit := _record(form))):
        _name_files_left_out(form)
        address = url_for("deliveries.show", public_id=visit.public_id)
        if not wants_json:
            return redirect(address, 303)
        # A phone that sends by itself says so where the record is not looked at.
        return jsonify(sent=True, url=address, after_stop=_name_late(visit))
    if wants_json and any(_is_made_again(carried.bundle) for carried in form.bundles()):
        # A phone keeps what it cannot send yet, and sends it again by itself.
        return jsonify(sent=False), 503, {"Retry-After": str(_MADE_AGAIN_SECONDS)}
    if wants_json:
        problems = [words for _id, words in form.problems()]
        return jsonify(problems=problems, recorded=form.recorded, asked=form.asked_papers()), 422
    response = make_response(show_page(_make_page(bundle, form)))
    response.headers.update(with_worker())
    return response


def _is_made_again(bundle: Bundle) -> bool:
    """Whether it will soon be ready: a phone that sends a record of it now need only wait.

    What is held up by a stop, or takes too long, is to be said instead.
    """
    return (
        bundle.state in UNFINISHED
        and not is_stopped(bundle.campaign.status)
        and bundle.remade_at is not None
        and db.utcnow() - bundle.remade_at < _SOON
    )


def _name_late(visit: GateVisit) -> str:
    """Name what went out after a stop: bundles of other campaigns may have come along."""
    late = visits.list_late(visit.attempts)
    names = [
        i18n.isolate(attempt.bundle.name)
        for attempt in visit.attempts
        if attempt.id in late and attempt.bundle
    ]
    return i18n.comma(i18n.locale()).join(names)


def token(public_id: str) -> ResponseReturnValue:
    """A token that is not stale, and whose it is: what was kept on a phone is sent with it."""
    return jsonify(token=generate_csrf(), who=staff_user().public_id)


def worker(public_id: str) -> ResponseReturnValue:
    """The script that opens the page without reach; it sees this one page and nothing else."""
    scripts = (folder("static") / "js" / name for name in _WORKER)
    body = "\n".join(script.read_text("utf-8") for script in scripts)
    scope = url_for("deliveries.deliver", public_id=public_id)
    return Response(body, mimetype="text/javascript", headers={"Service-Worker-Allowed": scope})


def _make_form(bundle: Bundle) -> GateForm:
    session = db.session()
    ids = ticked_ids(request.form) - {bundle.id}
    ticked = visits.list_ticked(session, bundle, ids) if ids else ()
    # The page that says only "stopped" has no place to say how another one ended.
    only_stopped = is_stopped(bundle.campaign.status) and not (ids or "before" in request.args)
    listed = visits.list_companions(session, bundle, only_stopped=only_stopped)
    companions = list(dict.fromkeys([*listed, *ticked]))
    carried = (bundle, *companions)
    is_sent = request.method == "POST"
    now = {} if is_sent else _list_papers_now(session, carried)
    form = gate_form(
        bundle,
        companions,
        _list_papers_sent(session, carried) if is_sent else _offer_papers(session, carried, now),
        with_sheets=_list_with_sheets(session, carried, is_sent=is_sent),
        sent=request.form,
        unknown=len(ticked) < len(ids),
    )
    form.papers_now = now
    return form


def _list_papers_now(session: Session, bundles: Iterable[Bundle]) -> dict[int, Sequence[Paper]]:
    return {bundle.id: list_papers(session, bundle) for bundle in bundles}


def _list_papers_sent(session: Session, bundles: Iterable[Bundle]) -> dict[int, Sequence[Paper]]:
    """List those that may have been carried on the visit that was sent."""
    sent = GateForm()
    day, at, went = sent.happened_on.data, sent.happened_time.data, sent.outcome.data in GONE_OUT
    if day is None:
        return _list_papers_now(session, bundles)
    return {bundle.id: list_papers_then(session, bundle, day, at, went=went) for bundle in bundles}


def _list_with_sheets(
    session: Session, bundles: Iterable[Bundle], *, is_sent: bool
) -> Collection[int]:
    """List those whose signature sheets were here before the visit, or may have been."""
    sent = GateForm() if is_sent else None
    when: ColumnElement[bool] | None = false() if "before" in request.args else None
    if sent and sent.happened_on.data:
        when = is_before_visit(sent.happened_on.data, sent.happened_time.data, surely=False)
    return signed_sheets.list_with_sheets_here(session, bundles, when=when)


def _offer_papers(
    session: Session, bundles: Iterable[Bundle], now: Mapping[int, Sequence[Paper]]
) -> dict[int, Sequence[Paper]]:
    """List those of the visit that may be sent yet.

    Where nothing is left, that one lies before the first envelope that was posted, if any was.
    """
    is_before = "before" in request.args
    return {
        bundle.id: (
            (is_before or not count_left(session, bundle))
            and list_papers_before_posting(session, bundle)
        )
        or now[bundle.id]
        for bundle in bundles
    }


def _find_own(form: GateForm) -> GateVisit | None:
    """Find what this phone sent before and heard no answer to, whatever would be asked by now."""
    if not form.is_submitted():
        return None
    visit = record_delivery.find_visit(db.session(), form.key.data or "")
    return visit if visit and visit.created_by_id == staff_user().id else None


def _record(form: GateForm) -> GateVisit | None:
    """Record the visit; None where it was not taken, which is said on the form."""
    session = db.session()
    try:
        happened = form.happened()  # its files are drawn before anything is counted or locked
        if record_delivery.find_visit(session, form.key.data) is None:
            count_against_limit(session, "deliver", actor(), _PER_HOUR)
        return record_delivery.record_visit(
            session, carried=form.bundles(), happened=happened, key=form.key.data, actor=actor()
        )
    except Invalid as problem:
        _note_recorded(form, problem)
        form.refuse(problem.fields)
    except record_delivery.CompanionRefused as problem:
        _say_companion_refused(form, problem)
    except Refused as problem:
        words = _note_recorded(form, problem)
        form.form_errors.append(words or say_refusal(problem, cards=form.cards))
    return None


def _note_recorded(form: GateForm, problem: Invalid | Refused) -> str:
    """Lead to the record that says it already, and say what it says; empty where none does."""
    if not isinstance(problem, record_delivery.RecordedBefore | record_delivery.GoneBefore):
        return ""
    if problem.attempt is None:
        return ""
    form.recorded = url_for("deliveries.show_attempt", public_id=problem.attempt.public_id)
    # A phone keeps what it is answered: no member of staff stands in that.
    words = say_recorded(problem.attempt, names_colleagues=not _wants_json())
    if _is_time_unsaid(form, problem.attempt):
        hint = _(
            "Did this happen before it was sent? Enter the time of sending in that record. Then "
            "record this again, with its time."
        )
        words = f"{words} {hint}"
    form.sentences = {**form.sentences, "delivery-recorded": words}
    return words


def _is_time_unsaid(form: GateForm, posting: DeliveryAttempt) -> bool:
    """Whether letters came back on the day of a posting, and which was first is not known."""
    return (
        form.outcome.data in STILL_HERE
        and posting.outcome in SENT
        and posting.happened_on == form.happened_on.data
        and None in (posting.happened_time, form.happened_time.data)
    )


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _name_files_left_out(form: GateForm) -> None:
    """Name on the record's page what the phone left out of it."""
    names = (form.left_out.data or "").strip()[:300]
    if names:
        flash(_("We did not keep %(names)s. Only pictures can be added.", names=names), "warning")


def _say_companion_refused(form: GateForm, problem: record_delivery.CompanionRefused) -> None:
    """Say by its box which bundle could not be recorded with the page's own, and why."""
    bundle, reason = problem.bundle, problem.why
    recorded = _note_recorded(form, reason)
    if isinstance(reason, Refused):
        sentences = [recorded or say_refusal(reason, cards=noun_of(bundle) is Noun.CARD)]
    elif {f"{name}_{bundle.id}" for name in ("taken", "sheets", "paper", "removed")} & set(
        reason.fields
    ):
        form.refuse(reason.fields)
        return
    else:
        sentences = [str(form.sentences.get(slug, reason.slug)) for slug in reason.fields.values()]
    box, colon = form[f"with_{bundle.id}"], i18n.colon(i18n.locale())
    box.errors = [*box.errors, *(f"{bundle.name}{colon}{sentence}" for sentence in sentences)]


def _make_page(bundle: Bundle, form: GateForm) -> GatePage:
    session = db.session()
    stopped_with = [other for other in form.carried[1:] if is_stopped(other.campaign.status)]
    ids = list_withdrawn(session, form.carried)
    withdrawn = [carried for carried in form.carried if carried.id in ids]
    to_deliver = [carried for carried in form.carried if carried not in (*stopped_with, *withdrawn)]
    first_prints = find_first_prints(session, to_deliver)
    here = {carried.id: count_left(session, carried) for carried in form.carried}
    is_given_up = bundle.state in {BundleState.CANCELLED, BundleState.FAILED}
    most = {
        key: max([letters, *(paper.letters for paper in form.papers.get(key, ()))])
        for key, letters in here.items()
    }
    papers_now = form.papers_now or _list_papers_now(session, to_deliver)
    return GatePage(
        bundle=bundle,
        form=form,
        stopped=is_stopped(bundle.campaign.status),
        stopped_with=stopped_with,
        before="before" in request.args or bool(form.problems()),
        here=here,
        most=most,
        signed_by_hand={
            carried.id: signed_sheets.count_here(session, carried)
            for carried in form.carried
            if f"sheets_{carried.id}" in form
        },
        attempts=visits.list_attempts_of(session, bundle),
        unnamed=find_unnamed_part(session, bundle),
        moved_to=reroute_bundle.list_reroutings(session, bundle),
        partly_moved=[
            (carried, first_prints[carried.id])
            for carried in to_deliver
            if carried.id in first_prints and first_prints[carried.id].has_others_here
        ],
        to_remove=[
            sheets
            for carried in to_deliver
            for sheets in list_sheets_to_remove(session, carried, papers_now[carried.id])
        ],
        black_out=[
            (carried, sheets)
            for carried in to_deliver
            if (sheets := list_sheets_to_black_out(session, carried))
        ],
        withdrawn=bundle in withdrawn,
        withdrawn_with=[other for other in withdrawn if other not in (bundle, *stopped_with)],
        closed=say_page_closed(bundle) if is_given_up and not form.is_submitted() else "",
        who=staff_user().public_id,
        made_in_words=i18n.say_moment(db.utcnow(), bundle.zone),
    )
