"""What is done with a bundle that was refused: envelopes, or another mission."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles import find_bundles
from campaign.bundles.destinations import find_destination
from campaign.bundles.documents.number_and_day_words import say_number
from campaign.bundles.volumes.proof_print import print_proof
from campaign.core import db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import current_settings, home_country
from campaign.deliveries import visits
from campaign.deliveries.desk.refusals import DeliveryForm
from campaign.deliveries.desk.split_forms import PartForm, PostForm, RerouteForm, SplitForm
from campaign.deliveries.envelopes import (
    envelope_job,
    envelope_store,
    mark_posted,
    reroute_bundle,
    split_bundle,
)
from campaign.deliveries.envelopes.reroute_bundle import find_postal_official, list_other_missions
from campaign.deliveries.envelopes.weights import weigh_envelopes
from campaign.deliveries.remaining_letters import (
    count_left,
    find_unnamed_part,
    list_taken_back_here,
)
from campaign.models.bundle import Bundle, Destination
from campaign.models.campaign import LetterFormat
from campaign.models.delivery import EnvelopeRun
from campaign.models.directory import Official
from campaign.staff.guards import actor, fresh, staff_user
from campaign.web.desk import redirect_to
from campaign.web.fields import DeskForm

_SHOWN = 100
"""Envelopes on one page."""


def register(blueprint: Blueprint) -> None:
    """Put these pages under a bundle's address."""
    add, page = blueprint.add_url_rule, "/bundles/<public_id>/after"
    add(page, "after", after)
    for name, view in (
        ("part", part),
        ("split", split),
        ("undo", undo),
        ("again", again),
        ("post", post),
    ):
        add(f"{page}/{name}", name, view, methods=["POST"])
    add(f"{page}/reroute", "reroute", reroute, methods=["GET", "POST"])
    add(f"{page}/reroute/proof", "reroute_proof", reroute_proof, methods=["POST"])
    add(f"{page}/files/<name>", "envelopes_download", envelopes_download, methods=["POST"])
    add(f"{page}/files/<name>", "after_again", after_again)


def after(public_id: str) -> ResponseReturnValue:
    """What can be done with the letters that are still here."""
    return _page(find_bundles.get_bundle(db.session(), public_id))


def part(public_id: str) -> ResponseReturnValue:
    """Say which letters were taken."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    form = PartForm.of(split_bundle.get_letter_numbers(session, bundle))
    attempt = find_unnamed_part(session, bundle)
    if attempt is None:
        return redirect_to("deliveries.after", public_id=public_id)

    def deed() -> None:
        split_bundle.name_part(session, attempt, form.read, actor=actor())

    return _done(bundle, "part", form, deed, _("Their writers see now that they were taken."))


def split(public_id: str) -> ResponseReturnValue:
    """Put the letters into envelopes."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    form = SplitForm()

    def deed() -> None:
        split_bundle.split_bundle(
            session,
            bundle,
            letters_each=form.letters_each.data,
            with_letters=form.with_letters.data,
            actor=actor(),
            staff_id=staff_user().id,
        )

    return _done(bundle, "split", form, deed, _("The envelopes are being made up."))


def undo(public_id: str) -> ResponseReturnValue:
    """Take the letters out of their envelopes again."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    run = split_bundle.get_run(session, bundle)
    words = _("The bundle is whole again.")
    return _done(
        bundle,
        "undo",
        DeliveryForm(),
        lambda: split_bundle.undo_split(session, run, actor=actor()),
        words,
    )


def again(public_id: str) -> ResponseReturnValue:
    """Try once more to make files that could not be made."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    run = split_bundle.get_run(session, bundle)
    words = _("The envelopes are being made up.")
    return _done(
        bundle,
        "again",
        DeliveryForm(),
        lambda: envelope_job.retry_failed(session, run, actor=actor()),
        words,
    )


def reroute(public_id: str) -> ResponseReturnValue:
    """What goes where through another mission, or by post; then a new bundle of these letters."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    form = _reroute_form(bundle)
    if request.method == "GET":
        return _check_page(bundle, request.args.get("mission", ""))

    def deed() -> Bundle:
        return reroute_bundle.reroute_bundle(
            session,
            bundle,
            find_destination(session, form.mission.data),
            settings=current_settings(),
            actor=actor(),
            staff_id=staff_user().id,
        )

    return _done(bundle, "reroute", form, deed, _("A new bundle is being printed."))


@fresh()
def reroute_proof(public_id: str) -> ResponseReturnValue:
    """Some of the letters as the other mission would get them, each marked as a proof."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    slug = request.form.get("mission", "")
    form = _reroute_form(bundle, data={"mission": slug}, formdata=None)
    try:
        destination = _find_offered(form, slug)
        proof = reroute_bundle.make_proof(session, bundle, destination, home_country())
        body = print_proof(session, proof, actor=actor())
    except (NotFound, Invalid, Refused) as problem:
        return _no_way(bundle, form, problem)
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="proof-{destination.slug}.pdf"'
    return response


def post(public_id: str) -> ResponseReturnValue:
    """Note that envelopes were posted."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    run = split_bundle.get_run(session, bundle)
    form = PostForm.of(run, 1, run.envelope_count)

    def deed() -> None:
        mark_posted.post_envelopes(
            session, run, form.posting(), key=form.key.data, actor=actor(), staff_id=staff_user().id
        )

    return _done(bundle, "post", form, deed, _("The envelopes are noted as posted."))


@fresh(back="deliveries.after_again")
def envelopes_download(public_id: str, name: str) -> ResponseReturnValue:
    """One of the files of the envelopes; or its page, where that is made anew first."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    run = split_bundle.get_run(session, bundle)
    try:
        if envelope_job.make_again_if_outdated(session, run, name, actor=actor()):
            said = _("The files are being made anew, without letters that were taken back since.")
            return redirect_to("deliveries.after", said, public_id=public_id)
        body = envelope_store.read_file(session, run, name, actor=actor())
    except Refused as problem:
        return _page(bundle, problem=problem.slug), 409
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{find_bundles.zip_name(bundle)}_{name}"'
    )
    return response


def after_again(public_id: str, name: str) -> ResponseReturnValue:
    """Where one comes back to once it is clear who asks."""
    return redirect(url_for("deliveries.after", public_id=public_id))


def _done(
    bundle: Bundle, name: str, form: DeskForm, deed: Callable[[], Bundle | None], words: str
) -> ResponseReturnValue:
    """Do it and say so; or the page again, with what stands against it."""
    problem = ""
    if form.validate_on_submit():
        try:
            made = deed()
        except Refused as refused:
            problem = refused.slug
        except Invalid as invalid:
            form.refuse(invalid.fields)
        else:
            flash(words)
            if made is not None:
                return redirect_to("bundles.show", public_id=made.public_id)
            return redirect_to("deliveries.after", public_id=bundle.public_id)
    body = _page(bundle, problem=problem, **{f"{name}_form": form})
    return body, 409 if problem else 422


def _check_page(bundle: Bundle, slug: str) -> ResponseReturnValue:
    """The question before letters go through another mission; or why they cannot."""
    session = db.session()
    form = _reroute_form(bundle, data={"mission": slug}, formdata=None)
    try:
        destination = _find_offered(form, slug)
        facts = reroute_bundle.preview_reroute(session, bundle, destination, home_country())
    except (NotFound, Invalid, Refused) as problem:
        return _no_way(bundle, form, problem)
    return render_template(
        "deliveries/reroute.html",
        bundle=bundle,
        mission=destination,
        slug=slug,
        facts=facts,
        form=form,
        by_post=isinstance(destination, Official),
        number=lambda value: say_number(value, i18n.locale()),
    )


def _find_offered(form: RerouteForm, slug: str) -> Destination:
    """Return the destination that was chosen. Raises NotFound for one that is not offered."""
    if slug not in {choice.value for choice in form.mission.choices if choice.value}:
        raise NotFound("mission", slug=slug)
    return find_destination(db.session(), slug)


def _no_way(
    bundle: Bundle, form: RerouteForm, problem: NotFound | Invalid | Refused
) -> ResponseReturnValue:
    """The page again, with why the letters cannot go there."""
    if isinstance(problem, Refused):
        return _page(bundle, problem=problem.slug, reroute_form=form), 409
    fields = problem.fields if isinstance(problem, Invalid) else {"mission": "mission-missing"}
    form.refuse(fields)
    return _page(bundle, reroute_form=form), 422


def _page(bundle: Bundle, **given: Any) -> str:
    session = db.session()
    run = split_bundle.find_run(session, bundle)
    here, moved_to = count_left(session, bundle), reroute_bundle.list_reroutings(session, bundle)
    facts: dict[str, Any] = {
        "bundle": bundle,
        "problem": "",
        "here": here,
        "attempts": visits.list_attempts_of(session, bundle),
        "unnamed": find_unnamed_part(session, bundle),
        "moved_to": moved_to,
        "taken_back": list_taken_back_here(session, bundle),
        "part_form": None,
        "split_form": None,
        "reroute_form": None,
        "post_form": None,
        "posting_zone": mark_posted.posting_zone(bundle),
        "undo_form": None,
        "number": lambda value: say_number(value, i18n.locale()),
        **_run_facts(run, here, opened=bool(moved_to)),
    } | given
    facts["part_form"] = facts["part_form"] or PartForm(formdata=None)
    facts["split_form"] = facts["split_form"] or SplitForm(formdata=None)
    facts["by_post_too"] = find_postal_official(session, bundle) is not None
    if facts["reroute_form"] is None:
        facts["reroute_form"] = _reroute_form(bundle)
    if run is not None and facts["post_form"] is None:
        lying = facts["to_post"]
        first, last = (lying.first, lying.last) if lying else (1, run.envelope_count)
        facts["post_form"] = PostForm.of(run, first, last, formdata=None)
    return render_template("deliveries/refused.html", **facts)


def _reroute_form(bundle: Bundle, **given: Any) -> RerouteForm:
    session = db.session()
    by_post = find_postal_official(session, bundle)
    return RerouteForm.of(
        list_other_missions(session, bundle, home=home_country()), by_post, **given
    )


def _run_facts(run: EnvelopeRun | None, here: int, *, opened: bool) -> dict[str, Any]:
    """The envelopes, a page of them, and how many still lie here; `opened` for another mission."""
    if run is None:
        return {"run": None}
    session = db.session()
    sought = _asked("letter")
    found = split_bundle.find_envelope_number(session, run, sought) if sought else 0
    begin = (found or run.envelope_count + 1) - 1 if sought else _asked("after")
    shown = split_bundle.list_envelopes(session, run, after=begin, limit=_SHOWN)
    ways = mark_posted.list_ways(session, run, here=here)
    went = {envelope.attempt_id for envelope in shown} | {line.attempt_id for line in ways.lines}
    total = run.envelope_count - (0 if opened else len(ways.empty)) or run.envelope_count
    return {
        "run": run,
        "envelopes": shown,
        "weights": weigh_envelopes(session, run, shown, i18n.locale()),
        "cards": run.bundle.frozen["format"] == LetterFormat.CARD.value,
        "emptied": ways.empty,
        "postings": ways.lines,
        "trips": visits.find_attempts(session, [attempt_id for attempt_id in went if attempt_id]),
        "sought": sought or "",
        "to_post": ways.to_post,
        "posted": ways.posted,
        "before": max(begin - _SHOWN, 0) if begin else None,
        "next_after": shown[-1].sequence if len(shown) == _SHOWN else 0,
        "posted_words": ngettext(
            "%(count)s of %(total)s envelope is posted",
            "%(count)s of %(total)s envelopes are posted",
            total,
            count=say_number(ways.posted, i18n.locale()),
            total=say_number(total, i18n.locale()),
        ),
    }


def _asked(name: str) -> int:
    """A number that the address names; 0: none."""
    typed = request.args.get(name, "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0
