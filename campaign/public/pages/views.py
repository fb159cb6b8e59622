"""The public pages that only read: for everybody, the same for everyone, without a cookie."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from campaign.core import db, i18n
from campaign.public import page_cache
from campaign.public.page_cache import PageCache
from campaign.public.pages import before_request, list_views, share_views
from campaign.public.pages.cached_pages import render_case, render_outcome
from campaign.public.referrers import clean_source, with_source
from campaign.web.security import public

blueprint = Blueprint("public", __name__)
before_request.init_blueprint(blueprint)
blueprint.record_once(lambda state: state.app.extensions.setdefault("page_cache", PageCache()))


@blueprint.before_app_request
def _show_changes_at_once() -> None:
    """What the desk has changed is on the public page when its author looks there next."""
    if request.method == "POST" and request.blueprint not in {"signing", "tracking", "privacy"}:
        db.after_commit(db.session(), page_cache.page_cache().recheck_now)


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    response = redirect(url_for("public.home", lang=i18n.negotiated()))
    response.vary.add("Accept-Language")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/<lang>/actions")
@blueprint.get("/<lang>/actions/")
@public
def actions(lang: str) -> ResponseReturnValue:
    """Lead on to the first page, which lists them."""
    return redirect(url_for("public.home", lang=lang), 301)


@blueprint.get("/<lang>/actions/<slug>")
@public
def case(lang: str, slug: str) -> ResponseReturnValue:
    """One case. What led here (`from`) goes on with the link to the letter; nothing keeps it."""
    source = clean_source(request.args.get("from", ""))

    def led_here(page: bytes) -> bytes:
        return with_source(page, url_for("signing.write", lang=lang, slug=slug), source)

    return page_cache.page_cache().serve(
        ("case", lang, slug), lambda: render_case(lang, slug), led_here if source else None
    )


@blueprint.get("/<lang>/actions/<slug>/outcome")
@public
def outcome(lang: str, slug: str) -> ResponseReturnValue:
    """How a case ended, or how such cases end."""
    return page_cache.page_cache().serve(
        ("outcome", lang, slug), lambda: render_outcome(lang, slug)
    )


list_views.register(blueprint)
share_views.register(blueprint)
