"""The desk's pages on deliveries: the list, a visit, correcting, publishing, removing it."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.bundles import find_bundles
from campaign.bundles.access import CARRIERS
from campaign.bundles.changes.withdrawals import list_withdrawn
from campaign.campaigns.desk.update_views import say_unpublished
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.deliveries import (
    attachments,
    correct_record,
    deleted_news,
    gone_lists,
    linked_actions,
    publish_delivery,
    record_delivery,
    stopped_bundles,
    visits,
)
from campaign.deliveries.carried_paper import is_letter
from campaign.deliveries.desk import delivery_views, split_views
from campaign.deliveries.desk.forms import CorrectForm, FilesForm
from campaign.deliveries.desk.print_words import say_check_code
from campaign.deliveries.desk.publish_form import PublishForm, publish_form
from campaign.deliveries.envelopes import reroute_bundle, split_bundle
from campaign.deliveries.remaining_letters import (
    count_here,
    count_left,
    find_sheet_fates,
    find_unnamed_part,
    is_out,
    list_kept_back,
    list_moved_numbers,
)
from campaign.deliveries.visits import find_outcomes
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, Update
from campaign.models.delivery import (
    EnvelopeRun,
    GateFile,
    GateFileKind,
    GateVisit,
    HeldBundle,
    PaperFate,
    Rerouting,
)
from campaign.staff.desk_access import actor, fresh, guard, name_staff
from campaign.web.meant_field import read_answers
from campaign.web.page import Page, accepted, add_lookups, pdf_file, redirect_to, show_page
from campaign.web.pagination import count_pages
from campaign.web.security import takes_file

blueprint = Blueprint("deliveries", __name__, url_prefix="/desk")
guard(blueprint, *CARRIERS)
delivery_views.register(blueprint)
split_views.register(blueprint)
add_lookups(
    blueprint,
    find_sheet_fates,
    find_outcomes,
    list_withdrawn,
    gone_lists.count_signed_with,
    visits.list_late_of,
    stopped_bundles.count_loose_sheets,
    stopped_bundles.is_left_behind,
    stopped_bundles.list_bundles_gone_with,
    stopped_bundles.list_bundles_of,
    linked_actions.has_letters_left,
    linked_actions.list_linked_going_out,
    list_kept_back,
    list_moved_numbers,
)


@dataclass(frozen=True, slots=True)
class WayOfBundle:
    """What was tried with a bundle, what is still here, and where the rest went."""

    attempts: Sequence[DeliveryAttempt]
    late: Container[int]  # ids of attempts after the stop
    here: int
    unnamed: DeliveryAttempt | None
    moved_to: Sequence[Rerouting]
    moved_from: Rerouting | None
    returned: Sequence[Bundle]
    run: EnvelopeRun | None


@dataclass(frozen=True, slots=True)
class HeldPaper:
    fate: str  # empty as long as nobody has said what became of it
    settled_at: datetime | None
    is_rest: bool  # whether something of the bundle went out
    with_sheets: bool  # whether signed sheets are part of it
    with_lists: bool


class DeliveryList(Page, template="deliveries/index.html"):
    attempts: Sequence[DeliveryAttempt]
    late: Container[int]
    page: int
    pages: int


class ShowVisit(Page, template="deliveries/show.html"):
    visit: GateVisit
    recorded_by: str
    left: Mapping[int, int]  # how many letters are still here, by the id of the attempt
    prints: Mapping[int, str]  # says which of several prints it was, and who its lists named
    pictures: Sequence[GateFile]
    receipts: Sequence[GateFile]
    unfinished: Sequence[DeliveryAttempt]
    late: Container[int]
    stopped: Sequence[Campaign]
    has_later: bool  # see `visits.has_later`
    is_answered: bool


class CorrectRecord(Page, template="deliveries/correct.html"):
    visit: GateVisit
    form: CorrectForm


class AddFiles(Page, template="deliveries/add_files.html"):
    visit: GateVisit
    form: FilesForm


class PublishAttempt(Page, template="deliveries/publish.html"):
    attempt: DeliveryAttempt
    visit: GateVisit
    form: PublishForm


@blueprint.app_template_global("way_of_bundle")
def way_of_bundle(bundle: Bundle) -> WayOfBundle:
    session = db.session()
    attempts = visits.list_attempts_of(session, bundle)
    return WayOfBundle(
        attempts=attempts,
        late=visits.list_late(attempts),
        here=count_here(session, bundle),
        unnamed=find_unnamed_part(session, bundle),
        moved_to=reroute_bundle.list_reroutings(session, bundle),
        moved_from=reroute_bundle.find_rerouting_to(session, bundle),
        returned=reroute_bundle.list_returned(session, bundle),
        run=split_bundle.find_run(session, bundle),
    )


@blueprint.app_template_global("held_paper_of")
def held_paper_of(bundle: Bundle) -> HeldPaper | None:
    """Paper of a bundle whose campaign was stopped; None where none lies here."""
    session = db.session()
    held = session.get(HeldBundle, bundle.id)
    fate = held.fate if held else None
    is_past = fate is PaperFate.DESTROYED and bundle.state is BundleState.CANCELLED
    # What went out was not destroyed, whatever somebody said before the delivery was recorded.
    if not is_past and not stopped_bundles.lies_here(session, bundle):
        return None
    return HeldPaper(
        fate=fate.value if fate else "",
        settled_at=held.settled_at if held else None,
        is_rest=is_out(session, bundle),
        with_sheets=stopped_bundles.holds_sheets(session, bundle),
        with_lists=stopped_bundles.holds_lists(session, bundle),
    )


@blueprint.post("/bundles/<public_id>/held-back")
def settle_held_back(public_id: str) -> ResponseReturnValue:
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    fate = next((kind for kind in PaperFate if kind.value == request.form.get("fate")), None)
    if fate is None:
        abort(400)
    message = _("Recorded what you did with the paper.")
    if not stopped_bundles.record_fate(session, bundle, fate, actor=actor()):
        message = _("This paper is already recorded as destroyed. Nothing was changed.")
    return redirect_to("bundles.show", message, public_id=public_id)


@blueprint.get("/deliveries/")
def index() -> ResponseReturnValue:
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    attempts, total = visits.list_attempts(db.session(), page=page)
    late = visits.list_late(attempts)
    pages = count_pages(total, visits.PAGE)
    return show_page(DeliveryList(attempts=attempts, late=late, page=page, pages=pages))


@blueprint.get("/deliveries/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    session, visit = db.session(), _get_visit(public_id)
    attempts = visit.attempts
    campaigns = dict.fromkeys(attempt.campaign for attempt in attempts)
    stopped = [campaign for campaign in campaigns if is_stopped(campaign.status)]
    came_back = CAME_BACK | {DeliveryOutcome.PART}
    left = {
        attempt.id: count_left(session, attempt.bundle) for attempt in attempts if attempt.bundle
    }
    return show_page(
        ShowVisit(
            visit=visit,
            recorded_by=name_staff(visit.created_by_id),
            left=left,
            prints={attempt.id: " ".join(_say_print(attempt)) for attempt in attempts},
            pictures=[file for file in visit.files if file.kind is GateFileKind.PICTURE],
            receipts=[file for file in visit.files if file.kind is GateFileKind.RECEIPT],
            unfinished=[
                attempt
                for attempt in attempts
                if (attempt.outcome is DeliveryOutcome.PART and not attempt.taken)
                or (
                    attempt.outcome in came_back
                    and left.get(attempt.id)
                    and attempt.campaign not in stopped
                )
            ],
            late=visits.list_late(attempts),
            stopped=stopped,
            has_later=visits.has_later(session, attempts),
            is_answered=visits.is_answered(session, attempts),
        )
    )


def _say_print(attempt: DeliveryAttempt) -> Iterator[str]:
    recorded, named, unreadable = gone_lists.find_gone_lists(db.session(), attempt)
    if recorded is not None:
        moment = i18n.say_moment_in_zone(recorded.made_at, attempt.zone)
        # Also true of volumes that were kept from an earlier print, without the withdrawn sheets.
        yield _("The cover letter and lists with it were printed on %(moment)s.", moment=moment)
        yield from say_check_code(recorded.check_code)
    if attempt.sheets_back:
        yield _("The signature sheets came back.")
    comma = i18n.comma(i18n.locale())
    if sheets := [*filter(is_letter, attempt.by_hand)]:
        yield _("Sheets removed by hand: %(numbers)s.", numbers=comma.join(sheets))
    if named:
        numbers = comma.join(named)
        yield _("Names that could still be read on the lists: %(numbers)s.", numbers=numbers)
    if unreadable:
        numbers = comma.join(unreadable)
        yield _("Names made unreadable by hand on the lists: %(numbers)s.", numbers=numbers)


@blueprint.get("/deliveries/attempts/<public_id>")
def show_attempt(public_id: str) -> ResponseReturnValue:
    _attempt, visit = _get_attempt(public_id)
    return redirect(url_for(".show", public_id=visit.public_id))


@blueprint.get("/deliveries/<public_id>/files/<file_id>/<int:number>.jpg")
def file_page(public_id: str, file_id: str, number: int) -> ResponseReturnValue:
    body = attachments.read_page(_get_file(public_id, file_id), number)
    return Response(body, mimetype="image/jpeg")


@blueprint.post("/deliveries/<public_id>/files/<file_id>/download")
@fresh(back="deliveries.show_again")
def receipt_download(public_id: str, file_id: str) -> ResponseReturnValue:
    file = _get_file(public_id, file_id)
    body = attachments.read_original(db.session(), file, actor=actor())
    return pdf_file(body, "receipt.pdf")


@blueprint.get("/deliveries/<public_id>/files/<file_id>")
def show_again(public_id: str, file_id: str) -> ResponseReturnValue:
    """Where one comes back to once it is clear who asks."""
    return redirect(url_for(".show", public_id=public_id))


@blueprint.post("/deliveries/<public_id>/remove")
def remove(public_id: str) -> ResponseReturnValue:
    return _remove(_get_visit(public_id))


@blueprint.post("/deliveries/attempts/<public_id>/remove")
def remove_attempt(public_id: str) -> ResponseReturnValue:
    attempt, visit = _get_attempt(public_id)
    return _remove(visit, only=attempt)


@blueprint.post("/bundles/<public_id>/tell-mistake")
def tell_mistake(public_id: str) -> ResponseReturnValue:
    bundle = find_bundles.get_bundle(db.session(), public_id)
    deleted_news.tell_mistake(db.session(), bundle, actor=actor())
    return redirect_to("bundles.show", _("We are emailing them now."), public_id=public_id)


@blueprint.route("/deliveries/<public_id>/correct", methods=["GET", "POST"])
def correct(public_id: str) -> ResponseReturnValue:
    visit = _get_visit(public_id)
    form = CorrectForm.of(visit)
    if form.validate_on_submit() and _is_corrected(visit, form):
        return _lead_to(visit, _("Record corrected. We will not email anyone again."))
    return show_page(CorrectRecord(visit=visit, form=form))


@blueprint.route("/deliveries/<public_id>/files", methods=["GET", "POST"])
@takes_file(attachments.MAX_REQUEST_BYTES)
def add_files(public_id: str) -> ResponseReturnValue:
    visit, form = _get_visit(public_id), FilesForm()

    def add() -> None:
        correct_record.add_files(db.session(), visit, tuple(form.redrawn()), actor=actor())

    refused = _("Choose a picture or a receipt.")
    if form.validate_on_submit() and accepted(form, add, refused=refused):
        return _lead_to(visit, _("Files added to the record."))
    return show_page(AddFiles(visit=visit, form=form))


@blueprint.route("/deliveries/attempts/<public_id>/publish", methods=["GET", "POST"])
def publish(public_id: str) -> ResponseReturnValue:
    attempt, visit = _get_attempt(public_id)
    if request.method == "GET" and attempt.update_id is not None:
        publisher = publish_delivery.find_publisher(db.session(), attempt)
        return _lead_to(visit, _say_published(attempt, publisher), "error")
    if request.method == "GET" and not attempt.messages:
        return _lead_to(visit, _say_nothing_delivered(), "error")
    signed = gone_lists.count_signed_with(db.session(), [attempt])
    form = publish_form(attempt, visit, signed=signed.get(attempt.id, 0))
    seen = read_answers()

    def post() -> None:
        publish_delivery.publish(
            db.session(), attempt, visit, form.post(), actor=actor(), risks_seen=seen
        )

    try:
        if form.validate_on_submit() and accepted(form, post):
            return _lead_to(visit, _("Published on the case page."))
    except Refused as problem:
        sentence = _("Nothing was published. The case is not public.")
        if problem.slug == "visit-published":
            sentence = _say_published(attempt, cast("int | None", problem.data["staff_id"]))
        elif problem.slug == "nothing-delivered":
            sentence = _say_nothing_delivered()
        form.form_errors.append(sentence)
    return show_page(PublishAttempt(attempt=attempt, visit=visit, form=form))


@blueprint.post("/deliveries/attempts/<public_id>/take-back")
def take_back(public_id: str) -> ResponseReturnValue:
    attempt, visit = _get_attempt(public_id)
    try:
        publish_delivery.unpublish(db.session(), attempt, actor=actor())
    except Refused as problem:
        sentence = say_unpublished(cast("int | None", problem.data["staff_id"]))
        return _lead_to(visit, sentence, "error")
    return _lead_to(visit, _("Unpublished. The case page no longer shows it."))


def _say_nothing_delivered() -> str:
    return _("Nothing was published. According to this record, nothing was left to deliver.")


def _say_published(attempt: DeliveryAttempt, staff_id: int | None) -> str:
    """Say that a delivery is on the case's page, what its post is called, and who published it."""
    update = db.session().get_one(Update, attempt.update_id)
    titles = {edition.locale: edition.title for edition in update.editions}
    title = i18n.words_in(titles, i18n.locale(), attempt.campaign.default_locale)
    if who := name_staff(staff_id):
        return _(
            "%(who)s has already published this delivery: “%(title)s”. To change what is "
            "published, unpublish it first, on the page of the delivery.",
            who=who,
            title=title,
        )
    return _(
        "This delivery is already published: “%(title)s”. To change what is published, "
        "unpublish it first, on the page of the delivery.",
        title=title,
    )


def _get_visit(public_id: str) -> GateVisit:
    return visits.get_visit(db.session(), public_id)


def _get_attempt(public_id: str) -> tuple[DeliveryAttempt, GateVisit]:
    """Raises NotFound where the attempt is known from elsewhere, from no visit."""
    attempt = visits.get_attempt(db.session(), public_id)
    if attempt.visit is None:
        raise NotFound("visit")
    return attempt, attempt.visit


def _get_file(public_id: str, file_id: str) -> GateFile:
    return attachments.get_file(db.session(), _get_visit(public_id), file_id)


def _remove(visit: GateVisit, only: DeliveryAttempt | None = None) -> ResponseReturnValue:
    attempts, message = [only] if only else visit.attempts, _("Record deleted.")
    bundle = next((attempt.bundle for attempt in attempts if attempt.bundle), None)
    tells = "tell" in request.form
    if not record_delivery.remove_visit(db.session(), visit, actor=actor(), only=only, tells=tells):
        return _lead_to(visit, _("Record corrected."))
    if bundle is None:
        return redirect_to(".index", message)
    return redirect_to("bundles.show", message, public_id=bundle.public_id)


def _lead_to(visit: GateVisit, message: str, category: str = "message") -> ResponseReturnValue:
    return redirect_to("deliveries.show", message, category, public_id=visit.public_id)


def _is_corrected(visit: GateVisit, form: CorrectForm) -> bool:
    session, by, sure = db.session(), actor(), form.sure.data
    record_delivery.lock_visit(session, visit)
    if not form.is_current(correct_record.facts_of(visit).as_data()):
        return False
    if accepted(
        form,
        lambda: correct_record.correct_visit(session, visit, form.facts(), actor=by, sure=sure),
    ):
        return True
    session.rollback()
    return False
