"""From a failure to a page that helps: expected ones by their kind, bugs as 500 without details."""

import traceback
from types import new_class
from typing import TypeVar

import structlog
from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.exceptions import HTTPException, SecurityError

from campaign.core import i18n, logs
from campaign.core.errors import DomainError, NotFound, TooMany
from campaign.core.settings import current_settings
from campaign.web.page import Page

log = structlog.get_logger()
T = TypeVar("T", bound=Page)


class ErrorPage(Page):
    """The base of the pages `errors/404.html` and so on; some say more by the problem's slug.

    They need no database: it may be what failed.
    """

    def html(self) -> str:
        g.without_user = True
        return super().html()


class ErrorPageWithSlug(ErrorPage):
    slug: str


class TooManyPage(ErrorPageWithSlug, template="errors/429.html"):
    minutes: int
    """After which it can be tried again; 0: not known."""


def _make_pages(base: type[T], *statuses: int) -> dict[int, type[T]]:
    pages = {}
    for status in statuses:
        page = new_class(f"Error{status}", (base,), {"template": f"errors/{status}.html"})
        page.__module__ = __name__
        pages[status] = page
    return pages


_WITHOUT_SLUG = _make_pages(ErrorPage, 400, 403, 404, 405, 413, 422)
_WITH_SLUG = _make_pages(ErrorPageWithSlug, 409, 410, 500, 503)


def error_page(status: int, slug: str = "", *, seconds: int = 0) -> ErrorPage:
    if status == 429:
        return TooManyPage(slug=slug, minutes=count_minutes(seconds))
    if status not in _WITHOUT_SLUG and status not in _WITH_SLUG:
        status = 500 if status >= 500 else 400
    if status in _WITH_SLUG:
        return _WITH_SLUG[status](slug=slug)
    return _WITHOUT_SLUG[status]()


def count_minutes(seconds: int) -> int:
    return -(-seconds // 60)


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, answer_expected)
    app.register_error_handler(HTTPException, answer_error)
    app.register_error_handler(ObjectDeletedError, answer_gone)
    app.register_error_handler(Exception, _bug)
    app.url_value_preprocessor(_take_language)


def _take_language(_endpoint: str | None, values: dict[str, object] | None) -> None:
    if values and values.get("lang") in i18n.languages():
        g.locale = values["lang"]


def answer_expected(problem: DomainError) -> ResponseReturnValue:
    seconds = problem.seconds if isinstance(problem, TooMany) else 0
    headers = {"Retry-After": str(seconds)} if seconds else {}
    return _html(problem.status, problem.slug, seconds=seconds), problem.status, headers


def answer_gone(problem: ObjectDeletedError) -> ResponseReturnValue:
    """What was read before slow work, and is gone after it: nobody did wrong, unless it is often.

    Each part of the site says it as it says that anything is not found.
    """
    log.warning("row gone", endpoint=request.endpoint, place=logs.place_of(problem))
    return current_app.handle_user_exception(NotFound("row"))


def answer_error(problem: HTTPException) -> ResponseReturnValue:
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


def note_bug(problem: Exception) -> None:
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


def _bug(problem: Exception) -> ResponseReturnValue:
    note_bug(problem)
    return _html(500), 500


def _html(status: int, slug: str = "", *, seconds: int = 0) -> str:
    if not hasattr(g, "locale"):
        first = request.path.strip("/").partition("/")[0]
        g.locale = first if first in i18n.languages() else i18n.negotiated()
    return error_page(status, slug, seconds=seconds).html()
