"""How the organisation looks: its colours, its logo, and the style of its printed letters."""

import mimetypes
from typing import NamedTuple

from flask import Blueprint, Flask, Response, has_request_context, make_response, send_file, url_for

from campaign.core.colours import contrast
from campaign.core.errors import NotFound
from campaign.core.settings import current_settings
from campaign.printing.geometry import layout_for
from campaign.printing.html import screen_css
from campaign.web import compress
from campaign.web.security import public

blueprint = Blueprint("web", __name__)
_DAY = 86_400


class Organisation(NamedTuple):
    """Who runs this site, as pages name it."""

    name: str
    contact_email: str
    address: str
    """In one line."""
    website: str
    logo_url: str | None


def organisation() -> Organisation:
    """Return who runs this site; without the logo's address where no request is (mails)."""
    settings = current_settings()
    has_logo = bool(settings.organisation_logo) and has_request_context()
    return Organisation(
        name=settings.organisation_name,
        contact_email=settings.organisation_email,
        address=", ".join(settings.organisation_address),
        website=settings.organisation_website,
        logo_url=url_for("web.logo") if has_logo else None,
    )


@public
def brand_css() -> Response:
    """Send the organisation's accent colour, light and dark."""
    settings = current_settings()
    light, dark = _accent(settings.accent), _accent(settings.accent_dark)
    return _send_css(f"{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n")


@blueprint.get("/letter.css")
@public
def letter_css() -> Response:
    """Send the printed letter's own style, for the sheet on a page."""
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


def init_app(app: Flask) -> None:
    app.add_url_rule("/brand.css", "brand_css", brand_css)
    app.register_blueprint(blueprint)


def _accent(colour: str) -> str:
    on_accent = max(("#ffffff", "#16181a"), key=lambda text: contrast(colour, text))
    return f":root{{--accent:{colour};--on-accent:{on_accent}}}"


def _send_css(css: str) -> Response:
    response = make_response(css)
    response.content_type = "text/css; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={_DAY}"
    compress.compress(response).add_etag()
    return response
