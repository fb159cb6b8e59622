"""Lists of cases and what machines read of them: first page, archive, updates, feed, site map."""

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from campaign.public import feeds
from campaign.public.home import Wish
from campaign.public.page_cache import MAX_AGE, page_cache
from campaign.public.pages import cached_pages
from campaign.web import compress
from campaign.web.security import public


def register(blueprint: Blueprint) -> None:
    """Put these pages at the top of each language, and of the site."""
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
    if wish.is_plain:
        return page_cache().serve(("home", lang), lambda: cached_pages.render_home(lang, wish))
    g.language_query = wish.arguments()
    return _unkept(cached_pages.render_home(lang, wish))


@public
def archive(lang: str) -> ResponseReturnValue:
    """The ended ones, and how they ended."""
    wish = Wish.of(request.args)
    if wish.is_plain:
        return page_cache().serve(
            ("archive", lang), lambda: cached_pages.render_archive(lang, wish)
        )
    g.language_query = wish.arguments()
    return _unkept(cached_pages.render_archive(lang, wish))


@public
def updates(lang: str) -> ResponseReturnValue:
    """What has come of all cases, the newest first."""
    page = Wish.of(request.args).page
    if page == 1:
        return page_cache().serve(
            ("updates", lang), lambda: cached_pages.render_updates(lang, page)
        )
    g.language_query = {"page": page}
    return _unkept(cached_pages.render_updates(lang, page))


@public
def feed(lang: str) -> ResponseReturnValue:
    """Open actions and updates, for feed readers."""
    return page_cache().serve(("feed", lang), lambda: feeds.atom_feed(lang))


@public
def sitemap() -> ResponseReturnValue:
    """Every public page, for search engines."""
    return page_cache().serve(("sitemap",), feeds.sitemap)


@public
def robots() -> ResponseReturnValue:
    """What robots may look at."""
    return page_cache().serve(("robots",), feeds.robots)


def _unkept(page: str) -> Response:
    """A page that was asked for with words of the reader's: there are too many to keep."""
    response = Response(page, mimetype="text/html")
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return compress.compress(response)
