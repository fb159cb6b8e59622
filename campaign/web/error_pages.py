"""From a failure to a page that helps: expected ones by their kind, bugs as 500 without details."""

import traceback

import structlog
from flask import Flask, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from jinja2 import TemplateNotFound
from werkzeug.exceptions import HTTPException, SecurityError

from campaign.core import i18n, logs
from campaign.core.errors import DomainError, TooMany
from campaign.core.settings import current_settings

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DomainError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)
    app.url_value_preprocessor(_take_language)


def _take_language(_endpoint: str | None, values: dict[str, object] | None) -> None:
    if values and values.get("lang") in i18n.languages():
        g.locale = values["lang"]


def _expected(problem: DomainError) -> ResponseReturnValue:
    headers = {"Retry-After": str(problem.seconds)} if isinstance(problem, TooMany) else {}
    page = _page(problem.status, slug=problem.slug, data=problem.data)
    return page, problem.status, headers


def _http(problem: HTTPException) -> ResponseReturnValue:
    if isinstance(problem, SecurityError):
        # A forged Host: no address of ours can be built from it, so the page is one sentence.
        words = gettext("This site is not served under that name. Check the address.")
        return words, 400, {"Content-Type": "text/plain; charset=utf-8"}
    if problem.code is None or problem.code < 400:
        return problem
    headers = [
        (name, value) for name, value in problem.get_headers() if name in {"Allow", "Retry-After"}
    ]
    return _page(problem.code), problem.code, headers


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
    return _page(500), 500


def _page(status: int, *, slug: str = "", data: dict[str, object] | None = None) -> str:
    if not hasattr(g, "locale"):
        first = request.path.strip("/").partition("/")[0]
        g.locale = first if first in i18n.languages() else i18n.negotiated()
    try:
        return render_template(f"errors/{status}.html", slug=slug, data=data or {})
    except TemplateNotFound:
        name = "500" if status >= 500 else "400"
        return render_template(f"errors/{name}.html", slug=slug, data=data or {})
