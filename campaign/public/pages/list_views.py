"""Lists of cases and what machines read of them: first page, archive, updates, feed, site map."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from campaign.public import feeds
from campaign.public.home import Wish, archive_page, home_page, updates_page
from campaign.public.page_cache import MAX_AGE, page_cache
from campaign.web import compress
from campaign.web.page import Page
from campaign.web.security import public


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/<lang>/", view_func=home)
    blueprint.add_url_rule("/<lang>/archive", view_func=archive)
    blueprint.add_url_rule("/<lang>/updates", view_func=updates)
    blueprint.add_url_rule("/<lang>/feed.xml", view_func=feed)
    blueprint.add_url_rule("/sitemap.xml", view_func=sitemap)
    blueprint.add_url_rule("/robots.txt", view_func=robots)


@public
def home(lang: str) -> ResponseReturnValue:
    """The open actions; filter and search stand in the address."""
    wish = Wish.of(request.args)
    return _serve("home", lang, lambda: home_page(lang, wish), wish.arguments())


@public
def archive(lang: str) -> ResponseReturnValue:
    wish = Wish.of(request.args)
    return _serve("archive", lang, lambda: archive_page(lang, wish), wish.arguments())


@public
def updates(lang: str) -> ResponseReturnValue:
    """What has come of all cases, the newest first."""
    page = Wish.of(request.args).page
    query: dict[str, object] = {"page": page} if page > 1 else {}
    return _serve("updates", lang, lambda: updates_page(lang, page), query)


@public
def feed(lang: str) -> ResponseReturnValue:
    return page_cache().serve(("feed", lang), lambda: feeds.atom_feed(lang))


@public
def sitemap() -> ResponseReturnValue:
    return page_cache().serve(("sitemap",), feeds.sitemap)


@public
def robots() -> ResponseReturnValue:
    return page_cache().serve(("robots",), feeds.robots)


def _serve(name: str, lang: str, make: Callable[[], Page], query: Mapping[str, object]) -> Response:
    """The page from memory; with a `query` of the reader's anew: there are too many to keep."""
    if not query:
        return page_cache().serve((name, lang), lambda: make().html())
    g.language_query = query
    response = Response(make().html(), mimetype="text/html")
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return compress.compress(response)
