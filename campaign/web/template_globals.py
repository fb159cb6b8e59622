"""What every template can name: static files, who runs the site, words of dates, Markdown."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, has_request_context, url_for
from jinja2 import StrictUndefined

from campaign.core import i18n
from campaign.core.asset_paths import folder
from campaign.core.number_format import say_number, say_share
from campaign.core.settings import current_settings
from campaign.web import brand, compress
from campaign.web.markup import markdown, opening, unmarked

_YEAR = 31_536_000


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
        "organisation": brand.organisation(),
        "locale": locale,
        "direction": i18n.direction(locale),
        "comma": i18n.comma(locale),
        "colon": i18n.colon(locale),
        "languages": i18n.language_switch() if on_page else [],
        "home_url": url_for("public.home", lang=locale) if on_page else settings.base_url,
        "privacy_url": url_for("about.privacy", lang=locale)
        if on_page
        else f"{settings.base_url.rstrip('/')}/{locale}/privacy",
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
        time_of_day=i18n.say_time,
        day_in=i18n.say_day_in,
        zone=i18n.say_zone,
        language_name=i18n.language_name,
        direction=i18n.direction,
    )
    app.jinja_env.globals.update(
        asset=asset, words_in=i18n.words_in, number=say_number, percent=say_share
    )
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    compress.init_app(app)
    app.context_processor(_names)
    brand.init_app(app)
