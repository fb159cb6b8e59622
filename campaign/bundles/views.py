"""The desk's pages on bundles: what waits, making one, its progress, its download."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign import db, i18n, storage
from campaign.accounts.guards import actor, fresh, guard, staff_user
from campaign.accounts.models import Role
from campaign.bundles import (
    cover_views,
    deliveries,
    delivery_views,
    freezing,
    moves_views,
    moving,
    printing,
    releasing,
    services,
    waiting,
)
from campaign.bundles.forms import FreezeForm
from campaign.bundles.models import Bundle
from campaign.bundles.saying import say_number
from campaign.bundles.sheets import waiting_on_paper
from campaign.bundles.showing import files_of, set_aside_of
from campaign.errors import Refused
from campaign.letters.layouts import layout_for
from campaign.settings import Settings

assert moving  # bundles follow where two missions become one
blueprint = Blueprint("bundles", __name__, url_prefix="/desk/bundles")
guard(blueprint, Role.STAFF)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits, the bundles that were made, what happened at the gate."""
    unit = db.session()
    return _page(
        "index",
        waiting=waiting.list_waiting(unit),
        bundles=services.list_bundles(unit),
        deliveries=deliveries.list_deliveries(unit),
    )


@blueprint.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """What will be in a new bundle, and the button that freezes it."""
    unit, settings = db.session(), _settings()
    chosen = request.form if request.method == "POST" else request.args
    campaign, mission = services.get_pair(
        unit, campaign=chosen.get("campaign", ""), mission=chosen.get("mission", "")
    )
    form = FreezeForm.of(campaign.slug, mission.slug, settings.locales)
    facts = {"campaign": campaign, "mission": mission, "form": form, "problem": ""}
    if form.validate_on_submit():
        try:
            made = freezing.freeze(
                unit, campaign=campaign, mission=mission, settings=settings,
                locale=form.locale.data, actor=actor(), staff_id=staff_user().id,
                on_paper=waiting_on_paper(unit, campaign) if form.sheets_travel.data else 0,
            )  # fmt: skip
        except Refused as problem:
            return _new_page(facts | {"problem": problem.slug}), problem.status
        printing.send_for(unit, made, chains=settings.worker_threads)
        return redirect(url_for("bundles.show", public_id=made.public_id))
    return _new_page(facts), 422 if form.errors else 200


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One bundle: how far it is; then its facts, its files and the download."""
    return _page("show", **_facts(services.get_bundle(db.session(), public_id)))


@blueprint.get("/<public_id>/progress")
def progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves; asks for the whole page once the bundle is done."""
    bundle = services.get_bundle(db.session(), public_id)
    response = Response(_page("_progress", **_facts(bundle)))
    if bundle.state not in services.UNFINISHED:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<public_id>/download")
@fresh(back="bundles.show")
def download(public_id: str) -> ResponseReturnValue:
    """The ZIP, as a stream of known size."""
    unit = db.session()
    bundle = services.get_bundle(unit, public_id)
    try:
        made = services.open_download(unit, bundle, storage.storage(), actor=actor())
    except Refused as problem:
        return _page("show", **_facts(bundle), problem=problem.slug), problem.status
    return zip_response(made)


def zip_response(made: services.Download) -> Response:
    """A bundle's ZIP as it goes out."""
    response = Response(made.chunks, mimetype="application/zip")
    response.headers["Content-Length"] = str(made.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


@blueprint.post("/<public_id>/release")
def release(public_id: str) -> ResponseReturnValue:
    """The letters of a bundle that could not be printed wait again."""
    unit = db.session()
    bundle = services.get_bundle(unit, public_id)
    campaign, mission = bundle.campaign.slug, bundle.mission.slug
    releasing.release(unit, bundle, storage.storage(), actor=actor())
    return redirect(url_for("bundles.create", campaign=campaign, mission=mission))


delivery_views.register(blueprint)
moves_views.register(blueprint)
cover_views.register(blueprint)


def _new_page(facts: dict[str, Any]) -> str:
    campaign, mission = facts["campaign"], facts["mission"]
    parts = waiting.list_waiting_parts(db.session(), campaign=campaign, mission=mission)
    return _page(
        "create",
        parts=parts,
        total=sum(part.letters for part in parts),
        on_paper=waiting_on_paper(db.session(), campaign),
        layout=layout_for(mission.host_country),
        unfinished=services.find_bundle(db.session(), campaign=campaign, mission=mission),
        **facts,
    )


def _facts(bundle: Bundle) -> dict[str, Any]:
    unit = db.session()
    return {
        "bundle": bundle,
        "progress": services.progress_of(unit, bundle, db.utcnow()),
        "unfinished": bundle.state in services.UNFINISHED,
        "set_aside": set_aside_of(services.list_set_aside(unit, bundle)),
        "set_aside_count": services.count_set_aside(unit, bundle),
        "files": files_of(unit, bundle),
        "zip_name": services.zip_name(bundle),
    }


def _page(name: str, **facts: Any) -> str:
    number = partial(say_number, locale=i18n.locale())
    return render_template(f"bundles/{name}.html", **({"problem": "", "number": number} | facts))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
