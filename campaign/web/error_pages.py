"""From a failure to a page that helps: expected ones by their kind, bugs as 500 without details."""

import traceback

import structlog
from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, SecurityError

from campaign.core import i18n, logs
from campaign.core.errors import DomainError, TooMany
from campaign.core.settings import current_settings
from campaign.web.page import Page

log = structlog.get_logger()


class BadRequest(Page, template="errors/400.html"):
    pass


class Forbidden(Page, template="errors/403.html"):
    pass


class NoSuchPage(Page, template="errors/404.html"):
    pass


class WrongMethod(Page, template="errors/405.html"):
    pass


class Conflict(Page, template="errors/409.html"):
    slug: str


class LinkOver(Page, template="errors/410.html"):
    slug: str


class TooLarge(Page, template="errors/413.html"):
    pass


class Unusable(Page, template="errors/422.html"):
    pass


class TooManyTries(Page, template="errors/429.html"):
    slug: str


class Broken(Page, template="errors/500.html"):
    slug: str


class Unavailable(Page, template="errors/503.html"):
    slug: str


_WITHOUT_SLUG: dict[int, type[Page]] = {
    400: BadRequest,
    403: Forbidden,
    404: NoSuchPage,
    405: WrongMethod,
    413: TooLarge,
    422: Unusable,
}
_WITH_SLUG = {409: Conflict, 410: LinkOver, 429: TooManyTries, 500: Broken, 503: Unavailable}


def error_page(status: int, slug: str = "") -> Page:
    if page := _WITHOUT_SLUG.get(status):
        return page()
    if page_with_slug := _WITH_SLUG.get(status):
        return page_with_slug(slug=slug)
    return Broken(slug=slug) if status >= 500 else BadRequest()


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)
    app.url_value_preprocessor(_take_language)


def _take_language(_endpoint: str | None, values: dict[str, object] | None) -> None:
    if values and values.get("lang") in i18n.languages():
        g.locale = values["lang"]


def _expected(problem: DomainError) -> ResponseReturnValue:
    headers = {"Retry-After": str(problem.seconds)} if isinstance(problem, TooMany) else {}
    return _html(problem.status, problem.slug), problem.status, headers


def _http(problem: HTTPException) -> ResponseReturnValue:
    if isinstance(problem, SecurityError):
        # A forged Host: no address of ours can be built from it, so the page is one sentence.
        words = gettext("This site does not use that address. Check the address in your browser.")
        return words, 400, {"Content-Type": "text/plain; charset=utf-8"}
    if problem.code is None or problem.code < 400:
        return problem
    headers = [
        (name, value) for name, value in problem.get_headers() if name in {"Allow", "Retry-After"}
    ]
    return _html(problem.code), problem.code, headers


def _bug(problem: Exception) -> ResponseReturnValue:
    if current_app.testing:
        raise problem
    log.error(
        "page failed",
        endpoint=request.endpoint,
        problem=type(problem).__name__,
        place=logs.place_of(problem),
    )
    if current_settings().mode == "development":
        traceback.print_exception(problem)
    return _html(500), 500


def _html(status: int, slug: str = "") -> str:
    if not hasattr(g, "locale"):
        first = request.path.strip("/").partition("/")[0]
        g.locale = first if first in i18n.languages() else i18n.negotiated()
    return error_page(status, slug).html()
