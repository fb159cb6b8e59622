"""The desk's pages on bundles: what waits, making one, its progress, its download."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.bundles import access, find_bundles, joint_freeze, nouns
from campaign.bundles.changes import release_letters, restore
from campaign.bundles.desk import approval_views, change_views, cover_views, wizard_views
from campaign.bundles.desk.bundle_display import (
    BundleFile,
    Changes,
    SetAsideLetter,
    describe_set_aside,
    file_response,
    find_changes,
    hashes_of,
    list_files,
)
from campaign.bundles.desk.wizard_form import LAYOUT_WORDS, ORDERS
from campaign.bundles.destinations import name_of, slug_of
from campaign.bundles.find_bundles import Progress
from campaign.bundles.first_prints import FirstPrint, find_first_prints
from campaign.bundles.freeze import waiting_counts
from campaign.bundles.freeze.choices import Order
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.waiting_counts import Waiting
from campaign.core import db, i18n
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, Destination
from campaign.staff.desk_access import actor, fresh, guard, staff_user
from campaign.web.page import Page, redirect_to, show_page
from campaign.web.pagination import Listing

assert restore  # and letters, where a signature is found good again
blueprint = Blueprint("bundles", __name__, url_prefix="/desk/bundles")
guard(blueprint, *access.CARRIERS)
wizard_views.register(blueprint)
approval_views.register(blueprint)
change_views.register(blueprint)
cover_views.register(blueprint)


class BundleList(Page, template="bundles/index.html"):
    waiting: Sequence[tuple[Destination, Sequence[Waiting]]]
    listing: Listing[Bundle]
    first_prints: Mapping[int, FirstPrint]
    """By the bundle's id."""
    letters: Mapping[int, int]
    """Of its files, by the bundle's id."""


class BundleProgress(Page, template="bundles/_progress.html"):
    bundle: Bundle
    progress: Progress
    unfinished: bool
    set_aside: Sequence[SetAsideLetter]
    """The first of them."""
    set_aside_count: int
    can_wait_again: bool


class ShowBundle(BundleProgress, template="bundles/show.html"):
    letters: int
    """Of its files."""
    changes: Changes
    first_print: FirstPrint | None
    files: Sequence[BundleFile]
    hashes: Sequence[tuple[str, int, str]]
    zip_name: str
    frozen: Frozen
    orders: Mapping[Order, object]
    layouts: Mapping[str, object]
    companions: Sequence[Bundle]
    problem: str
    """Slug of why it is not given out."""


@blueprint.app_template_global("destination_name")
def destination_name(destination: Destination) -> str:
    """Return a mission's name, or by post an official's, in the language of the page."""
    return name_of(destination, i18n.locale())


@blueprint.app_template_global()
def first_print_of(bundle: Bundle) -> FirstPrint | None:
    """Return what to do with the sheets of a bundle whose letters went on."""
    return find_first_prints(db.session(), [bundle]).get(bundle.id)


blueprint.add_app_template_global(slug_of, "destination_slug")
for _function in (
    nouns.noun_of,
    nouns.noun_of_campaign,
    nouns.common_noun,
    nouns.say_noun,
    nouns.say_amount,
):
    blueprint.add_app_template_global(_function)
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
        )
    )


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """How far it is; then its facts, its files and the download."""
    return _show_bundle(find_bundles.get_bundle(db.session(), public_id))


@blueprint.get("/<public_id>/progress")
def progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves; asks for the whole page once the bundle is done."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    set_aside = find_bundles.list_set_aside(session, bundle)
    page = BundleProgress(
        bundle=bundle,
        progress=find_bundles.progress_of(session, bundle, db.utcnow()),
        unfinished=bundle.state in find_bundles.UNFINISHED,
        set_aside=describe_set_aside(set_aside),
        set_aside_count=find_bundles.count_set_aside(session, bundle),
        can_wait_again=find_bundles.can_wait_again(session, bundle),
    )
    response = Response(page.html())
    if bundle.state not in find_bundles.UNFINISHED:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<public_id>/download")
@fresh(back="bundles.show")
def download(public_id: str) -> ResponseReturnValue:
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    try:
        file = find_bundles.open_download(
            session, bundle, storage.storage(), by=staff_user(), actor=actor()
        )
    except Refused as problem:
        return _show_bundle(bundle, problem.slug, problem.status)
    return file_response(file)


@blueprint.post("/<public_id>/release")
def release(public_id: str) -> ResponseReturnValue:
    """The letters of a bundle that could not be printed wait again."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    campaign, mission = bundle.campaign.slug, slug_of(bundle.destination)
    stays = bundle.state is BundleState.FAILED and release_letters.has_past(session, bundle)
    release_letters.release(session, bundle, storage.storage(), actor=actor())
    if stays:
        message = _("Bundle cancelled. Everything in it is ready for another bundle.")
        return redirect_to("bundles.show", message, public_id=public_id)
    return redirect_to("bundles.create", campaign=campaign, mission=mission)


def _show_bundle(bundle: Bundle, problem: str = "", status: int = 200) -> ResponseReturnValue:
    session = db.session()
    files = list_files(session, bundle)
    page = ShowBundle(
        bundle=bundle,
        letters=find_bundles.count_letters(session, [bundle])[bundle.id],
        progress=find_bundles.progress_of(session, bundle, db.utcnow()),
        unfinished=bundle.state in find_bundles.UNFINISHED,
        set_aside=describe_set_aside(find_bundles.list_set_aside(session, bundle)),
        set_aside_count=find_bundles.count_set_aside(session, bundle),
        can_wait_again=find_bundles.can_wait_again(session, bundle),
        changes=find_changes(session, bundle),
        first_print=first_print_of(bundle),
        files=files,
        hashes=hashes_of(files),
        zip_name=find_bundles.zip_name(bundle),
        frozen=Frozen.from_json(bundle.frozen),
        orders=ORDERS,
        layouts=LAYOUT_WORDS,
        companions=joint_freeze.list_companions(session, bundle),
        problem=problem,
    )
    return show_page(page, status)
