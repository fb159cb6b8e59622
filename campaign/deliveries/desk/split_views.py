"""What is done with a bundle that was refused: envelopes, or another mission."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from campaign.bundles import file_names, find_bundles
from campaign.bundles.desk.bundle_display import list_sheets_to_black_out
from campaign.bundles.destinations import find_destination
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from campaign.bundles.nouns import Noun, noun_of
from campaign.bundles.volumes.proof_print import print_proof
from campaign.core import db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import current_settings, home_country
from campaign.core.text.desk_texts import read_number
from campaign.deliveries import visits
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.desk.forms import say_recorded
from campaign.deliveries.desk.print_words import SheetsToRemove, list_sheets_to_remove
from campaign.deliveries.desk.refusals import DeliveryForm, say_moved
from campaign.deliveries.desk.split_forms import PartForm, PostForm, RerouteForm, SplitForm
from campaign.deliveries.envelopes import (
    envelope_store,
    make_envelopes,
    mark_posted,
    reroute_bundle,
    split_bundle,
)
from campaign.deliveries.envelopes.mark_posted import Weight, weigh_envelopes
from campaign.deliveries.envelopes.reroute_bundle import find_postal_official, list_other_missions
from campaign.deliveries.envelopes.withdrawn_letters import list_put_in
from campaign.deliveries.moved_letters import MovedSince
from campaign.deliveries.record_delivery import GoneBefore
from campaign.deliveries.recording_rules import Numbers, join_spans, say_numbers
from campaign.deliveries.remaining_letters import count_left, find_unnamed_part
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.delivery import Envelope, EnvelopeRun, Rerouting
from campaign.models.directory import Official
from campaign.staff.desk_access import actor, fresh
from campaign.web.page import Page, pdf_file, redirect_to, show_page

_ENVELOPES_SHOWN = 100
_RECORDS_NAMED, _SPANS_NAMED = 4, 20  # a message is kept in a cookie until it is shown


@dataclass(frozen=True, slots=True)
class EnvelopeOverview:
    """The envelopes of a bundle: how all of them went, and a page of them."""

    shown: Sequence[Envelope]
    letters: Mapping[int, int]  # in each now, or that went in it, by its number
    numbers: Mapping[int, str]  # of these letters, as its address sheet names them
    weights: Mapping[int, Weight]  # by the number of the envelope
    ways: mark_posted.EnvelopeWays
    trips: Mapping[int, DeliveryAttempt]
    put_in: Mapping[int, Sequence[str]]
    """What was withdrawn and may be in those that lie here, by the number of the envelope."""
    outside: int  # letters that are here and in no envelope
    outside_numbers: str
    total: int
    letter_sought: int  # the number of a letter; 0: none is looked for
    before: int | None
    """After which envelope the page before this one begins; None: this is the first."""
    next_after: int  # after which the next page begins; 0: this is the last


class AfterRefusal(Page, template="deliveries/refused.html"):
    bundle: Bundle
    problem: str  # the slug of what stands against what was asked for
    recorded: DeliveryAttempt | None  # the record that says it already
    recorded_words: str
    numbers_saved: str  # of the letters that a part was, where a colleague has entered them
    here: int
    attempts: Sequence[DeliveryAttempt]
    unnamed: DeliveryAttempt | None
    moved_to: Sequence[Rerouting]
    to_remove: Sequence[SheetsToRemove]
    is_unfinished: bool  # it is being made, or made again
    black_out: Sequence[tuple[Bundle, Sequence[TravellingSheet]]]
    part_form: PartForm
    split_form: SplitForm
    reroute_form: RerouteForm
    post_form: PostForm | None
    posting_zone: str
    by_post_too: bool
    run: EnvelopeRun | None
    overview: EnvelopeOverview | None


class CheckReroute(Page, template="deliveries/reroute.html"):
    bundle: Bundle
    destination: Destination
    slug: str
    preview: reroute_bundle.Preview
    form: RerouteForm
    by_post: bool


def register(blueprint: Blueprint) -> None:
    add, page = blueprint.add_url_rule, "/bundles/<public_id>/after"
    add(page, "after", after)
    for view in (part, split, more, undo, again, post):
        add(f"{page}/{view.__name__}", view.__name__, view, methods=["POST"])
    add(f"{page}/reroute", "reroute", reroute, methods=["GET", "POST"])
    add(f"{page}/reroute/proof", "reroute_proof", reroute_proof, methods=["POST"])
    add(f"{page}/files/<name>", "envelopes_download", envelopes_download, methods=["POST"])
    add(f"{page}/files/<name>", "after_again", after_again)


def after(public_id: str) -> ResponseReturnValue:
    return _make_page(find_bundles.get_bundle(db.session(), public_id)).html()


def part(public_id: str) -> ResponseReturnValue:
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    form = PartForm.of(bundle, split_bundle.get_letter_numbers(session, bundle))
    attempt = find_unnamed_part(session, bundle)
    if attempt is None:
        named = {Numbers(*span) for span in mark_posted.list_taken(session, bundle)}
        is_typed = bool(form.numbers.data) and bool(named)
        if not is_typed or (form.validate_on_submit() and named.issuperset(form.spans)):
            return redirect_to("deliveries.after", public_id=public_id)
        return _make_page(bundle, "part-named", form).html(), 409

    def name_part() -> None:
        try:
            uncounted = split_bundle.name_part(session, attempt, form.spans, actor=actor())
        except split_bundle.TooFewTaken as problem:
            form.numbers.errors = _say_uncounted(problem.uncounted)
            raise
        for words in _say_uncounted(uncounted):
            flash(words, "warning")

    message = _("Numbers saved. These supporters can now see the result.")
    if bundle.emptied_at is not None:  # nobody in it is known any more
        message = _("Numbers saved.")
    return _do(bundle, form, name_part, message)


def _say_uncounted(uncounted: Sequence[Numbers]) -> list[str]:
    if not uncounted:
        return []
    words = _(
        "Not counted, because they were not printed or were removed: %(numbers)s",
        numbers=say_numbers(uncounted),
    )
    return [words]


def split(public_id: str) -> ResponseReturnValue:
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    form = SplitForm.of(bundle, is_sent=True)
    return _do(
        bundle,
        form,
        lambda: split_bundle.split_bundle(
            session,
            bundle,
            letters_each=form.letters_each.data,
            with_letters="with_letters" in form and form.with_letters.data,
            actor=actor(),
        ),
        _("We are making the files for the envelopes."),
    )


def more(public_id: str) -> ResponseReturnValue:
    message = _("We are making the files for the envelopes.")
    return _do_with_run(public_id, split_bundle.split_rest, message)


def undo(public_id: str) -> ResponseReturnValue:
    message = _("Envelopes cancelled. The bundle is one piece again.")
    return _do_with_run(public_id, split_bundle.undo_split, message)


def again(public_id: str) -> ResponseReturnValue:
    message = _("We are making the files for the envelopes.")
    return _do_with_run(public_id, make_envelopes.retry_failed, message)


def _do_with_run(
    public_id: str, action: Callable[..., object], message: str
) -> ResponseReturnValue:
    session, bundle, run = _load_run(public_id)
    return _do(bundle, DeliveryForm(), partial(action, session, run, actor=actor()), message)


def _load_run(public_id: str) -> tuple[Session, Bundle, EnvelopeRun]:
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    return session, bundle, split_bundle.get_run(session, bundle)


def post(public_id: str) -> ResponseReturnValue:
    session, bundle, run = _load_run(public_id)
    form = PostForm.of(run, 1, run.envelope_count, is_sent=True)

    def record() -> None:
        posting = form.posting()
        attempt = mark_posted.post_envelopes(
            session, run, posting, key=form.key.data, actor=actor()
        )
        recorded = mark_posted.list_recorded(session, run, posting)
        _say_posted(recorded.pop(attempt.id), recorded)

    return _do(bundle, form, record, "")


def _say_posted(mine: Sequence[Numbers], before: Mapping[int, Sequence[Numbers]]) -> None:
    """Say how many envelopes were recorded, and of the others whose record it is."""
    count, there = _count_envelopes(mine), sum(map(_count_envelopes, before.values()))
    words = ngettext(
        "We recorded %(count)s envelope as posted.",
        "We recorded %(count)s envelopes as posted.",
        count,
        count=i18n.say_number(count),
    )
    flash(words)
    if len(before) > _RECORDS_NAMED:
        words = ngettext(
            "%(count)s of these envelopes was recorded before. The table below says when.",
            "%(count)s of these envelopes were recorded before. The table below says when.",
            there,
            count=i18n.say_number(there),
        )
        flash(words, "warning")
        return
    for attempt in visits.find_attempts(db.session(), list(before)).values():
        spans = before[attempt.id]
        words = ngettext(
            "Envelope %(numbers)s: %(recorded)s",
            "Envelopes %(numbers)s: %(recorded)s",
            _count_envelopes(spans),
            numbers=_say_spans(spans),
            recorded=say_recorded(attempt),
        )
        flash(words, "warning")


def _say_spans(spans: Sequence[Numbers]) -> str:
    return say_numbers(spans[:_SPANS_NAMED]) + ("…" if spans[_SPANS_NAMED:] else "")


def _count_envelopes(spans: Sequence[Numbers]) -> int:
    return sum(span.last - span.first + 1 for span in spans)


def reroute(public_id: str) -> ResponseReturnValue:
    """Ask before letters go through another mission, or by post; then make a new bundle of them."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    if request.method == "GET":
        return _check_reroute(bundle, request.args.get("mission", ""))
    form = _make_reroute_form(bundle)
    return _do(
        bundle,
        form,
        lambda: reroute_bundle.reroute_bundle(
            session,
            bundle,
            find_destination(session, form.mission.data),
            settings=current_settings(),
            actor=actor(),
        ),
        _("We are printing a new bundle."),
    )


@fresh()
def reroute_proof(public_id: str) -> ResponseReturnValue:
    """Return some of the letters as the other mission would get them, each marked as a proof."""
    session, bundle = db.session(), find_bundles.get_bundle(db.session(), public_id)
    slug = request.form.get("mission", "")
    form = _make_reroute_form(bundle, chosen=slug)
    try:
        destination = _find_offered(form, slug)
        proof = reroute_bundle.make_proof(session, bundle, destination, home_country())
        body = print_proof(session, proof, actor=actor())
    except (NotFound, Invalid, Refused) as problem:
        return _refuse_reroute(bundle, form, problem)
    return pdf_file(body, f"proof-{destination.slug}.pdf", inline=True)


@fresh(back="deliveries.after_again")
def envelopes_download(public_id: str, name: str) -> ResponseReturnValue:
    """Return one of the files of the envelopes; or their page, where it is made anew first."""
    session, bundle, run = _load_run(public_id)
    try:
        if make_envelopes.make_again_if_outdated(session, run, name, actor=actor()):
            message = (
                _("We are remaking the files with the cards that are still here.")
                if noun_of(bundle) is Noun.CARD
                else _("We are remaking the files with the letters that are still here.")
            )
            return redirect_to("deliveries.after", message, public_id=public_id)
        body = envelope_store.read_file(session, run, name, actor=actor())
    except Refused as problem:
        return _make_page(bundle, problem.slug).html(), 409
    return pdf_file(body, f"{file_names.zip_name(bundle)}_{name}")


def after_again(public_id: str, name: str) -> ResponseReturnValue:
    """Where one comes back to once it is clear who asks."""
    return redirect(url_for("deliveries.after", public_id=public_id))


def _do(
    bundle: Bundle, form: DeliveryForm, action: Callable[[], object], message: str
) -> ResponseReturnValue:
    """Do it and say so; or show the page again, with what stands against it."""
    problem, recorded = "", None
    if form.validate_on_submit():
        try:
            result = action()
        except GoneBefore as gone:
            problem, recorded = gone.slug, gone.attempt
        except MovedSince as moved:
            form.form_errors.append(say_moved(moved))
        except Refused as refused:
            problem = refused.slug
        except Invalid as invalid:
            form.refuse(invalid.fields)
        else:
            if isinstance(result, Bundle):
                return redirect_to("bundles.show", message, public_id=result.public_id)
            return redirect_to("deliveries.after", message, public_id=bundle.public_id)
    page = _make_page(bundle, problem, form, recorded)
    return page.html(), 409 if problem else 422


def _check_reroute(bundle: Bundle, slug: str) -> ResponseReturnValue:
    session = db.session()
    form = _make_reroute_form(bundle, chosen=slug)
    try:
        destination = _find_offered(form, slug)
        preview = reroute_bundle.preview_reroute(session, bundle, destination, home_country())
    except (NotFound, Invalid, Refused) as problem:
        return _refuse_reroute(bundle, form, problem)
    return show_page(
        CheckReroute(
            bundle=bundle,
            destination=destination,
            slug=slug,
            preview=preview,
            form=form,
            by_post=isinstance(destination, Official),
        )
    )


def _find_offered(form: RerouteForm, slug: str) -> Destination:
    """Return the destination that was chosen. Raises NotFound for one that is not offered."""
    if slug not in {choice.value for choice in form.mission.choices if choice.value}:
        raise NotFound("mission", slug=slug)
    return find_destination(db.session(), slug)


def _refuse_reroute(
    bundle: Bundle, form: RerouteForm, problem: NotFound | Invalid | Refused
) -> ResponseReturnValue:
    if isinstance(problem, Refused):
        return _make_page(bundle, problem.slug, form).html(), 409
    form.refuse(problem.fields if isinstance(problem, Invalid) else {"mission": "mission-missing"})
    return _make_page(bundle, form=form).html(), 422


def _make_page(
    bundle: Bundle,
    problem: str = "",
    form: DeliveryForm | None = None,
    recorded: DeliveryAttempt | None = None,
) -> AfterRefusal:
    """Make the page; `form` is the one of its forms that was sent."""
    session = db.session()
    run = split_bundle.find_run(session, bundle)
    here, moved_to = count_left(session, bundle), reroute_bundle.list_reroutings(session, bundle)
    overview = _make_overview(run, here, opened=bool(moved_to)) if run else None
    is_unfinished = bundle.state in find_bundles.UNFINISHED
    to_remove: Sequence[SheetsToRemove] = ()
    if not is_unfinished:  # until then it is not settled which letters the print before held
        to_remove = list_sheets_to_remove(session, bundle, list_papers(session, bundle))
    return AfterRefusal(
        bundle=bundle,
        problem=problem,
        recorded=recorded,
        recorded_words=say_recorded(recorded) if recorded else "",
        numbers_saved=say_numbers(mark_posted.list_taken(session, bundle)),
        here=here,
        attempts=visits.list_attempts_of(session, bundle),
        unnamed=find_unnamed_part(session, bundle),
        moved_to=moved_to,
        to_remove=to_remove,
        is_unfinished=is_unfinished,
        black_out=[(bundle, list_sheets_to_black_out(session, bundle))],
        part_form=form if isinstance(form, PartForm) else PartForm.of(bundle),
        split_form=form if isinstance(form, SplitForm) else SplitForm.of(bundle, is_sent=False),
        reroute_form=form if isinstance(form, RerouteForm) else _make_reroute_form(bundle),
        post_form=form if isinstance(form, PostForm) else _make_post_form(run, overview),
        posting_zone=mark_posted.posting_zone(bundle),
        by_post_too=find_postal_official(session, bundle) is not None,
        run=run,
        overview=overview,
    )


def _make_reroute_form(bundle: Bundle, *, chosen: str | None = None) -> RerouteForm:
    session = db.session()
    missions = list_other_missions(session, bundle, home=home_country())
    by_post = find_postal_official(session, bundle)
    return RerouteForm.of(bundle, missions, by_post, chosen=chosen)


def _make_post_form(run: EnvelopeRun | None, overview: EnvelopeOverview | None) -> PostForm | None:
    if run is None or overview is None:
        return None
    lying = overview.ways.to_post
    first, last = (lying.first, lying.last) if lying else (1, run.envelope_count)
    return PostForm.of(run, first, last, is_sent=False)


def _make_overview(run: EnvelopeRun, here: int, *, opened: bool) -> EnvelopeOverview:
    """Count the envelopes, `opened` ones too, and take the page of them that is asked for."""
    session = db.session()
    begin, sought = (
        read_number(request.args.get(name, "").strip(), 8) or 0 for name in ("after", "letter")
    )
    if sought:
        number = split_bundle.find_envelope_number(session, run, sought)
        begin = number - 1 if number else run.envelope_count
    shown = split_bundle.list_envelopes(session, run, after=begin, limit=_ENVELOPES_SHOWN)
    outside = split_bundle.list_in_no_envelope(session, run.bundle)
    ways = mark_posted.list_ways(session, run, here=max(here - len(outside), 0))
    attempt_ids = {envelope.attempt_id for envelope in shown}
    attempt_ids |= {span.attempt_id for span in ways.lines}
    letters = mark_posted.list_letters(session, run, shown)
    return EnvelopeOverview(
        shown=shown,
        letters=mark_posted.count_letters(shown, letters),
        numbers={
            envelope: make_envelopes.say_letter_numbers(inside, i18n.locale())
            for envelope, inside in letters.items()
        },
        weights=weigh_envelopes(session, run, shown, i18n.locale()),
        ways=ways,
        trips=visits.find_attempts(session, [ident for ident in attempt_ids if ident]),
        put_in=list_put_in(session, run) if ways.to_post else {},
        outside=len(outside),
        outside_numbers=_say_spans(join_spans((number, number) for number in outside)),
        total=run.envelope_count - (0 if opened else len(ways.empty)) or run.envelope_count,
        letter_sought=sought,
        before=max(begin - _ENVELOPES_SHOWN, 0) if begin else None,
        next_after=shown[-1].sequence if len(shown) == _ENVELOPES_SHOWN else 0,
    )
