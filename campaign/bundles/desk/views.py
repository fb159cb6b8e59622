"""The desk's pages on bundles: what waits, making one, its progress, its download."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import storage
from campaign.bundles import access, find_bundles, joint_freeze, nouns
from campaign.bundles.changes import release_letters, restore
from campaign.bundles.desk import change_views, cover_views, wizard_views
from campaign.bundles.desk.bundle_display import copy_of, files_of, set_aside_of
from campaign.bundles.desk.wizard_form import LAYOUT_WORDS, ORDERS, say_people_on_sheets
from campaign.bundles.destinations import name_of, slug_of
from campaign.bundles.documents.number_and_day_words import say_number
from campaign.bundles.freeze import waiting_counts
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import db, i18n
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, Destination
from campaign.staff.guards import actor, fresh, guard

assert restore  # and letters, where a signature is found good again
blueprint = Blueprint("bundles", __name__, url_prefix="/desk/bundles")
guard(blueprint, *access.CARRIERS)


@blueprint.app_template_global("destination_name")
def destination_name(destination: Destination) -> str:
    """A mission, or by post an official, in the language of the page."""
    return name_of(destination, i18n.locale())


blueprint.add_app_template_global(slug_of, "destination_slug")
for _tell in (
    nouns.noun_of,
    nouns.noun_of_campaign,
    nouns.common_noun,
    nouns.say_noun,
    nouns.say_amount,
):
    blueprint.add_app_template_global(_tell)
blueprint.add_app_template_filter(nouns.noun_of, "noun")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits, and the bundles that were made."""
    session = db.session()
    return _page(
        "index",
        waiting=waiting_counts.list_by_mission(session),
        listing=find_bundles.list_bundles(session, page=request.args.get("page", 1, type=int)),
    )


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One bundle: how far it is; then its facts, its files and the download."""
    return _page("show", **_facts(find_bundles.get_bundle(db.session(), public_id)))


@blueprint.get("/<public_id>/progress")
def progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves; asks for the whole page once the bundle is done."""
    bundle = find_bundles.get_bundle(db.session(), public_id)
    response = Response(_page("_progress", **_facts(bundle)))
    if bundle.state not in find_bundles.UNFINISHED:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<public_id>/download")
@fresh(back="bundles.show")
def download(public_id: str) -> ResponseReturnValue:
    """The ZIP, as a stream of known size."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    try:
        made = find_bundles.open_download(session, bundle, storage.storage(), actor=actor())
    except Refused as problem:
        return _page("show", **_facts(bundle), problem=problem.slug), problem.status
    return zip_response(made)


def zip_response(made: find_bundles.Download) -> Response:
    """A bundle's ZIP as it goes out."""
    response = Response(made.chunks, mimetype="application/zip")
    response.headers["Content-Length"] = str(made.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


@blueprint.post("/<public_id>/release")
def release(public_id: str) -> ResponseReturnValue:
    """The letters of a bundle that could not be printed wait again."""
    session = db.session()
    bundle = find_bundles.get_bundle(session, public_id)
    campaign, mission = bundle.campaign.slug, slug_of(bundle.destination)
    stays = bundle.state is BundleState.FAILED and release_letters.has_past(session, bundle)
    release_letters.release(session, bundle, storage.storage(), actor=actor())
    if stays:
        flash(_("The bundle is given up. Its letters wait for another."))
        return redirect(url_for("bundles.show", public_id=public_id))
    return redirect(url_for("bundles.create", campaign=campaign, mission=mission))


wizard_views.register(blueprint)
change_views.register(blueprint)
cover_views.register(blueprint)


def _facts(bundle: Bundle) -> dict[str, Any]:
    session = db.session()
    return {
        "bundle": bundle,
        "progress": find_bundles.progress_of(session, bundle, db.utcnow()),
        "unfinished": bundle.state in find_bundles.UNFINISHED,
        "set_aside": set_aside_of(find_bundles.list_set_aside(session, bundle)),
        "set_aside_count": find_bundles.count_set_aside(session, bundle),
        "can_wait_again": find_bundles.can_wait_again(session, bundle),
        "files": files_of(session, bundle),
        "copy_of": copy_of,
        "zip_name": find_bundles.zip_name(bundle),
        "frozen": Frozen.from_json(bundle.frozen),
        "orders": ORDERS,
        "layouts": LAYOUT_WORDS,
        "companions": joint_freeze.list_companions(session, bundle),
    }


def _page(name: str, **facts: Any) -> str:
    number = partial(say_number, locale=i18n.locale())
    given = {"problem": "", "number": number, "people_on_sheets": say_people_on_sheets}
    return render_template(f"bundles/{name}.html", **(given | facts))
