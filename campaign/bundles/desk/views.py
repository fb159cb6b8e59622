"""The desk's pages on bundles: what waits, its progress, its download, what is done with it."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired

from campaign.bundles import access, downloads, file_names, find_bundles, nouns
from campaign.bundles.bundle_status import FirstPrint, find_first_prints, list_refilled
from campaign.bundles.changes import cancel_bundle, prints, release_letters, remake_bundle
from campaign.bundles.changes.cancel_bundle import find_bundle_before
from campaign.bundles.desk import approval_views, cover_views, wizard_views
from campaign.bundles.desk.bundle_display import (
    BundleFile,
    Changes,
    SetAsideLetter,
    describe_set_aside,
    file_response,
    find_changes,
    list_files,
)
from campaign.bundles.desk.wizard_form import LAYOUT_WORDS, ORDERS
from campaign.bundles.destinations import name_of, slug_of
from campaign.bundles.documents.contents_and_delivery_sheet import say_what_to_destroy
from campaign.bundles.documents.readme_text import say_copies
from campaign.bundles.downloads import MOST_REASON
from campaign.bundles.find_bundles import PrintProgress
from campaign.bundles.freeze import freeze_bundle, waiting_counts
from campaign.bundles.freeze.choices import LetterOrder
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import count_carried
from campaign.bundles.freeze.waiting_counts import Waiting
from campaign.core import db, i18n
from campaign.core.db import Json
from campaign.core.errors import Refused
from campaign.core.text.desk_texts import group_code
from campaign.models.bundle import Bundle, BundleState, Destination
from campaign.staff.desk_access import actor, fresh, guard, staff_user
from campaign.storage import storage
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import LineField, choices
from campaign.web.page import Page, add_lookups, redirect_to, show_page
from campaign.web.pagination import Listing

blueprint = Blueprint("bundles", __name__, url_prefix="/desk/bundles")
guard(blueprint, *access.CARRIERS)
for _module in (wizard_views, approval_views, cover_views):
    _module.register(blueprint)

_REASON_MISSING = _l("Enter a reason.")


class ReprintForm(DeskForm):
    file = RadioField(_l("What to print again"), [InputRequired(_l("Choose what to print again."))])
    reason = LineField(
        _l("Reason"),
        limit=MOST_REASON,
        needed=_REASON_MISSING,
        description=_l("For example: the printer tore pages 12 to 20. We keep this with the date."),
    )

    @classmethod
    def of(cls, offers: Sequence[str]) -> "ReprintForm":
        """The form for what a bundle offers; the whole of it is `zip`."""
        form = cls()
        form.file.choices = choices(
            (name or "zip", name or _("The whole bundle, as one ZIP file")) for name in offers
        )
        if not form.is_submitted() and offers:
            form.file.data = offers[0] or "zip"
        return form

    def name(self) -> str:
        """The file that was chosen; empty for the whole ZIP."""
        return "" if self.file.data == "zip" else str(self.file.data)


class CancelForm(DeskForm):
    reason = LineField(
        _l("Reason"),
        limit=MOST_REASON,
        needed=_REASON_MISSING,
        description=_l("For example: one official is missing. We keep this with the bundle."),
    )


class BundleList(Page, template="bundles/index.html"):
    waiting: Sequence[tuple[Destination, Sequence[Waiting]]]
    listing: Listing[Bundle]
    first_prints: Mapping[int, FirstPrint]  # by the bundle's id
    letters: Mapping[int, int]  # of its files, by the bundle's id
    moved: Container[int]  # ids of those whose letters were in another bundle first


class BundleProgress(Page, template="bundles/_progress.html"):
    bundle: Bundle
    progress: PrintProgress
    unfinished: bool
    starts: int  # of a volume that is not printed yet
    set_aside: Sequence[SetAsideLetter]  # the first of them
    set_aside_count: int
    can_wait_again: bool


class ShowBundle(BundleProgress, template="bundles/show.html"):
    letters: int
    on_paper: int  # people on its sheets, in the lists of the print that it now is
    ready_at: datetime | None
    changes: Changes
    first_print: FirstPrint | None
    files: Sequence[BundleFile]
    hashes: Sequence[tuple[str, int, str]]
    """Name, bytes and SHA-256 of each file, to check a copy; empty where none is known."""
    zip_name: str
    check_code: str  # In groups of four
    frozen: Frozen
    copies: str  # to whom staff send one, in a sentence
    orders: Mapping[LetterOrder, object]
    layouts: Mapping[str, object]
    companions: Sequence[Bundle]
    moved: bool
    problem: str
    missing_files: str  # names of those that the storage lacks, where that is the problem


class ReprintPage(Page, template="bundles/reprint.html"):
    bundle: Bundle
    form: ReprintForm
    printed_on: datetime | None  # where it is not the first print
    problem: str = ""


class CancelPage(Page, template="bundles/cancel.html"):
    bundle: Bundle
    form: CancelForm
    problem: str = ""


@blueprint.app_template_global("destination_name")
def destination_name(destination: Destination) -> str:
    return name_of(destination, i18n.locale())


@blueprint.app_template_global()
def bundle_name(bundle: Bundle) -> str:
    """Return its name where the destination is not beside it: each one counts its own from 001."""
    return f"{bundle.name} · {destination_name(bundle.destination)}"


@blueprint.app_template_global()
def first_print_of(bundle: Bundle) -> FirstPrint | None:
    """Return what to do with the sheets of a bundle whose letters went on."""
    return find_first_prints(db.session(), [bundle]).get(bundle.id)


@blueprint.app_template_global("say_what_to_destroy")
def say_what_to_destroy_of(bundle: Bundle) -> str:
    """Say what to do with the papers of a bundle from before it was made again."""
    by_post = bundle.official_id is not None
    return say_what_to_destroy(volumes=bundle.letter_count > 0, by_post=by_post)


add_lookups(blueprint, prints.had_signed_sheets, find_bundle_before)
blueprint.add_app_template_global(slug_of, "destination_slug")
blueprint.add_app_template_global(nouns.noun_of)
blueprint.add_app_template_global(nouns.noun_of_campaign)
blueprint.add_app_template_global(nouns.common_noun)
blueprint.add_app_template_global(nouns.say_noun)
blueprint.add_app_template_global(nouns.say_amount)
blueprint.add_app_template_global(nouns.say_rows)
blueprint.add_app_template_filter(nouns.noun_of, "noun")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    session = db.session()
    listing = find_bundles.list_bundles(session, page=request.args.get("page", 1, type=int))
    return show_page(
        BundleList(
            waiting=waiting_counts.list_by_mission(session),
            listing=listing,
            first_prints=find_first_prints(session, listing.rows),
            letters=find_bundles.count_letters(session, listing.rows),
            moved=list_refilled(session, listing.rows),
        )
    )


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    return _show_bundle(_get(public_id))


@blueprint.get("/<public_id>/progress")
def progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves; asks for the whole page once the bundle is done."""
    page = BundleProgress(**_progress_facts(_get(public_id)))
    response = Response(page.html())
    if not page.unfinished:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<public_id>/download")
@fresh(back="bundles.show")
def download(public_id: str) -> ResponseReturnValue:
    bundle, by = _get(public_id), staff_user()
    try:
        file = downloads.open_download(db.session(), bundle, storage(), by=by, actor=actor())
    except Refused as problem:
        return _show_bundle(bundle, problem)
    return file_response(file)


@blueprint.post("/<public_id>/release")
def release(public_id: str) -> ResponseReturnValue:
    session, bundle = db.session(), _get(public_id)
    campaign, mission = bundle.campaign.slug, slug_of(bundle.destination)
    stays = bundle.state is BundleState.FAILED and release_letters.has_past(session, bundle)
    release_letters.release(session, bundle, storage(), actor=actor())
    if stays:
        message = _("Bundle cancelled. Everything in it is ready for another bundle.")
        return redirect_to("bundles.show", message, public_id=public_id)
    message = _("Contents released. What still counts is ready for another bundle.")
    return redirect_to("bundles.create", message, campaign=campaign, mission=mission)


@blueprint.get("/<public_id>/reprint")
def reprint(public_id: str) -> ResponseReturnValue:
    bundle = _get(public_id)
    try:
        downloads.refuse_reprint(db.session(), bundle)
    except Refused as problem:
        return _show_reprint(bundle, _reprint_form(bundle), problem.slug, problem.status)
    return _show_reprint(bundle, _reprint_form(bundle))


@blueprint.post("/<public_id>/reprint")
@fresh(back="bundles.reprint")
def take_reprint(public_id: str) -> ResponseReturnValue:
    bundle = _get(public_id)
    form = _reprint_form(bundle)
    try:
        downloads.refuse_reprint(db.session(), bundle)
        if not form.validate_on_submit():
            return _show_reprint(bundle, form)
        file = downloads.reprint(
            db.session(),
            bundle,
            storage(),
            name=form.name(),
            reason=form.reason.data,
            actor=actor(),
        )
    except Refused as problem:
        return _show_reprint(bundle, form, problem.slug, problem.status)
    return file_response(file)


def _show_reprint(
    bundle: Bundle, form: ReprintForm, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    recorded = prints.find_print(db.session(), bundle)
    printed_on = recorded.made_at if recorded and recorded.number > 1 else None
    page = ReprintPage(bundle=bundle, form=form, printed_on=printed_on, problem=problem)
    return show_page(page, status)


def _reprint_form(bundle: Bundle) -> ReprintForm:
    return ReprintForm.of(downloads.list_choices(db.session(), bundle))


@blueprint.route("/<public_id>/cancel", methods=["GET", "POST"])
def cancel(public_id: str) -> ResponseReturnValue:
    session, bundle, form = db.session(), _get(public_id), CancelForm()
    try:
        cancel_bundle.refuse_uncancellable(session, bundle)
        if not form.validate_on_submit():
            return show_page(CancelPage(bundle=bundle, form=form))
        reason = form.reason.data
        cancel_bundle.cancel(session, bundle, storage(), reason=reason, actor=actor())
    except Refused as problem:
        page = CancelPage(bundle=bundle, form=form, problem=problem.slug)
        return show_page(page, problem.status)
    return redirect_to("bundles.show", _("Bundle cancelled."), public_id=public_id)


@blueprint.post("/<public_id>/remake")
def remake(public_id: str) -> ResponseReturnValue:
    remake_bundle.remake(db.session(), _get(public_id), actor=actor())
    return redirect_to("bundles.show", public_id=public_id)


def _get(public_id: str) -> Bundle:
    return find_bundles.get_bundle(db.session(), public_id)


def _progress_facts(bundle: Bundle) -> Json:
    session, unfinished = db.session(), bundle.state in find_bundles.UNFINISHED
    return {
        "bundle": bundle,
        "progress": find_bundles.progress_of(session, bundle, db.utcnow()),
        "unfinished": unfinished,
        "starts": find_bundles.count_starts(session, bundle) if unfinished else 0,
        "set_aside": describe_set_aside(find_bundles.list_set_aside(session, bundle)),
        "set_aside_count": find_bundles.count_set_aside(session, bundle),
        "can_wait_again": find_bundles.can_wait_again(session, bundle),
    }


def _show_bundle(bundle: Bundle, problem: Refused | None = None) -> ResponseReturnValue:
    session, frozen = db.session(), Frozen.from_json(bundle.frozen)
    files, recorded = list_files(session, bundle), prints.find_print(session, bundle)
    page = ShowBundle(
        **_progress_facts(bundle),
        letters=find_bundles.count_letters(session, [bundle])[bundle.id],
        on_paper=recorded.on_paper if recorded else count_carried(session, bundle.id),
        ready_at=recorded.made_at if recorded else bundle.ready_at,
        changes=find_changes(session, bundle),
        first_print=first_print_of(bundle),
        files=files,
        hashes=[(file.name, file.bytes, file.sha256) for file in files if file.sha256],
        zip_name=file_names.zip_name(bundle),
        check_code=group_code(prints.find_check_code(session, bundle)),
        frozen=frozen,
        copies=say_copies(frozen, i18n.locale()),
        orders=ORDERS,
        layouts=LAYOUT_WORDS,
        companions=freeze_bundle.list_companions(session, bundle),
        moved=bool(list_refilled(session, [bundle])),
        problem=problem.slug if problem else "",
        missing_files=str(problem.data.get("files", "")) if problem else "",
    )
    return show_page(page, problem.status if problem else 200)
