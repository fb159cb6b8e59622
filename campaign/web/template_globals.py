"""What every template can name, and how the organization looks: its colours, logo and letters."""

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Flask, Response, has_request_context, make_response, send_file, url_for
from flask_babel import gettext
from jinja2 import StrictUndefined

from campaign.core import i18n
from campaign.core.asset_paths import folder
from campaign.core.colours import contrast
from campaign.core.errors import NotFound
from campaign.core.i18n import say_number, say_share
from campaign.core.settings import current_settings
from campaign.core.text.address_lines import glue_numbers
from campaign.printing.geometry import layout_for
from campaign.printing.html import screen_css
from campaign.web import compress
from campaign.web.markup import markdown, opening, unmarked
from campaign.web.meant_field import say_asked
from campaign.web.outgoing_sentences import OUTGOING_SENTENCES
from campaign.web.security import FOR_ALL_SITES, public

blueprint = Blueprint("web", __name__)
_DAY = 86_400
_YEAR = 31_536_000


class Organisation(NamedTuple):
    name: str
    contact_email: str
    address: str  # in one line, as it is shown
    website: str
    logo_url: str | None


def organisation() -> Organisation:
    """Return who runs this site; without the logo's address where no request is (mails)."""
    settings = current_settings()
    has_logo = bool(settings.organisation_logo) and has_request_context()
    return Organisation(
        name=settings.organisation_name,
        contact_email=settings.organisation_email,
        address=glue_numbers(", ".join(settings.organisation_address)),
        website=settings.organisation_website,
        logo_url=url_for("web.logo") if has_logo else None,
    )


def _glue_own_address(text: str) -> str:
    """Return a text that is stored as it was, with the organization's address as it is shown."""
    address = ", ".join(current_settings().organisation_address)
    return text.replace(address, glue_numbers(address)) if address else text


def _name_other_language(lang: str) -> str:
    """Return the line over a text in a language that is not the reader's; else none."""
    if not lang or lang == i18n.locale():
        return ""
    return gettext(
        "This text is not available in your language yet. Here it is in %(language)s.",
        language=i18n.language_name(lang, i18n.locale()),
    )


@public
def brand_css() -> Response:
    settings = current_settings()
    light, dark = _accent(settings.accent), _accent(settings.accent_dark)
    return _send_css(f"{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n")


@blueprint.get("/letter.css")
@public
def letter_css() -> Response:
    return _send_css(screen_css(layout_for(current_settings().organisation_country)))


@blueprint.get("/logo")
@public
def logo() -> Response:
    settings = current_settings()
    path = (settings.folder / settings.organisation_logo).resolve()
    is_inside = path.is_relative_to(settings.folder.resolve())
    if not settings.organisation_logo or not is_inside or not path.is_file():
        raise NotFound("logo")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return send_file(path, mimetype=kind, max_age=_DAY)


def _accent(colour: str) -> str:
    on_accent = max(("#ffffff", "#16181a"), key=lambda text: contrast(colour, text))
    return f":root{{--accent:{colour};--on-accent:{on_accent}}}"


def _send_css(css: str) -> Response:
    response = make_response(css)
    response.content_type = "text/css; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={_DAY}"
    response.headers.update(FOR_ALL_SITES)
    compress.compress(response).add_etag()
    return response


def asset(path: str) -> str:
    """Return the address of a static file; it changes with the content, and is kept a year."""
    return url_for("static", filename=path, v=_content_hash(folder("static") / path))


@lru_cache(maxsize=256)
def _content_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _names() -> dict[str, object]:
    """Return what `base.html` and the mails ask for; mails are rendered where no request is."""
    settings, locale = current_settings(), i18n.locale()
    on_page = has_request_context()
    return {
        "organisation": organisation(),
        "locale": locale,
        "direction": i18n.direction(locale),
        "comma": i18n.comma(locale),
        "comma_between_names": i18n.comma_between_names(locale),
        "colon": i18n.colon(locale),
        "languages": i18n.language_switch() if on_page else [],
        "home_url": url_for("public.home", lang=locale) if on_page else settings.base_url,
        "privacy_url": url_for("about.privacy", lang=locale) if on_page else "",
        "feed_url": url_for("public.feed", lang=locale) if on_page else "",
        "development": settings.mode == "development",
    }


def init_app(app: Flask) -> None:
    """Give templates their names, strictly: one that is not there is an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        numberformat=say_number,
        markdown=markdown,
        unmarked=unmarked,
        opening=opening,
        country=i18n.country_name,
        day=i18n.say_date,
        weekday=i18n.say_weekday,
        moment=i18n.say_moment,
        moment_in_zone=i18n.say_moment_in_zone,
        day_and_time=i18n.say_day_and_time,
        day_in=i18n.say_day_in,
        town_of_zone=i18n.say_town_of_zone,
        language_name=i18n.language_name,
        other_language=_name_other_language,
        direction=i18n.direction,
        isolated=i18n.isolate,
        glue_numbers=glue_numbers,
        glue_own_address=_glue_own_address,
    )
    app.jinja_env.globals.update(
        asset=asset,
        say_asked=say_asked,
        words_in=i18n.words_in,
        moment_patterns=i18n.moment_patterns,
        time_patterns=i18n.time_patterns,
        number=say_number,
        percent=say_share,
        outgoing_sentences=OUTGOING_SENTENCES,
    )
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    compress.init_app(app)
    app.context_processor(_names)
    app.add_url_rule("/brand.css", "brand_css", brand_css)
    app.register_blueprint(blueprint)
