"""What every page needs: addresses of static files, the organisation, words of dates, Markdown."""

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import nh3
from flask import Blueprint, Flask, Response, has_request_context, make_response, send_file, url_for
from flask_babel import gettext
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from campaign.core import i18n
from campaign.core.asset_paths import folder
from campaign.core.colours import contrast
from campaign.core.errors import NotFound
from campaign.core.settings import current_settings
from campaign.printing.geometry import layout_for
from campaign.printing.html import screen_css
from campaign.web import compress
from campaign.web.markup import MARKDOWN, opening, unmarked
from campaign.web.security import public

blueprint = Blueprint("web", __name__)
_YEAR = 31_536_000
_DAY = 86_400
_TAGS = {"p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "h2", "h3", "h4", "br", "hr"}
BAR = "█████"
"""What stands for a passage that is not published."""


class Organisation(NamedTuple):
    """Who runs this site, as pages name it."""

    name: str
    contact_email: str
    website: str
    logo_url: str | None


@public
def brand_css() -> Response:
    """The organisation's accent colour, light and dark."""
    settings = current_settings()
    light, dark = settings.accent, settings.accent_dark
    css = f"{_accent(light)}\n@media screen and (prefers-color-scheme:dark){{{_accent(dark)}}}\n"
    return _cached(css, "text/css", _DAY)


@blueprint.get("/letter.css")
@public
def letter_css() -> Response:
    """The printed letter's own style, for the sheet on a page."""
    css = screen_css(layout_for(current_settings().organisation_country))
    return _cached(css, "text/css", _DAY)


@blueprint.get("/logo")
@public
def logo() -> Response:
    """The organisation's logo."""
    settings = current_settings()
    path = (settings.folder / settings.organisation_logo).resolve()
    if not settings.organisation_logo or not path.is_relative_to(settings.folder.resolve()):
        raise NotFound("logo")
    if not path.is_file():
        raise NotFound("logo")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return send_file(path, mimetype=kind, max_age=_DAY)


def asset(path: str) -> str:
    """Address of a static file that changes with its content, so that it is kept for a year."""
    return url_for("static", filename=path, v=_content_hash(folder("static") / path))


def markdown(text: str) -> Markup:
    """Organizers' Markdown as HTML without anything active."""
    html = nh3.clean(
        MARKDOWN.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer",
    )
    if BAR in html:
        words = escape(gettext("a passage that is not published"))
        html = html.replace(BAR, f'<span class="bar" role="img" aria-label="{words}">{BAR}</span>')
    return Markup(html)  # noqa: S704 — cleaned by nh3 just above


@lru_cache(maxsize=256)
def _content_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _accent(colour: str) -> str:
    return f":root{{--accent:{colour};--on-accent:{_text_on(colour)}}}"


def _text_on(colour: str) -> str:
    return max(("#ffffff", "#16181a"), key=lambda text: contrast(colour, text))


def _cached(body: str, kind: str, seconds: int) -> Response:
    response = make_response(body)
    response.content_type = f"{kind}; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    compress.compress(response).add_etag()
    return response


def _context() -> dict[str, object]:
    """What `base.html` and the mails ask for; mails are rendered where no request is."""
    settings = current_settings()
    on_page = has_request_context()
    return {
        "organisation": Organisation(
            name=settings.organisation_name,
            contact_email=settings.organisation_email,
            website=settings.organisation_website,
            logo_url=url_for("web.logo") if settings.organisation_logo and on_page else None,
        ),
        "locale": i18n.locale(),
        "direction": i18n.direction(i18n.locale()),
        "comma": i18n.comma(i18n.locale()),
        "colon": i18n.colon(i18n.locale()),
        "languages": i18n.language_switch() if on_page else [],
        "home_url": url_for("public.home", lang=i18n.locale()) if on_page else settings.base_url,
        "feed_url": url_for("public.feed", lang=i18n.locale()) if on_page else "",
        "development": settings.mode == "development",
    }


def init_app(app: Flask) -> None:
    """Give templates their helpers, strictly: a name that is not there is an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        markdown=markdown,
        unmarked=unmarked,
        opening=opening,
        country=i18n.country_name,
        day=i18n.say_date,
        weekday=i18n.say_weekday,
        moment=i18n.say_moment,
        time_of_day=i18n.say_time,
        day_in=i18n.say_day_in,
        zone=i18n.say_zone,
        language_name=i18n.language_name,
        direction=i18n.direction,
    )
    app.jinja_env.globals.update(asset=asset, words_in=i18n.words_in)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    compress.init_app(app)
    app.context_processor(_context)
    app.add_url_rule("/brand.css", "brand_css", brand_css)
    app.register_blueprint(blueprint)
