"""A form of the desk whose token is not that of the session: signed out elsewhere, or too old.

What was typed would be lost, so the page that says so holds it, and sends it again once its reader
is signed in. Only where the browser says that the form was ours: else somebody could be led to
send what another site wrote.
"""

import re

from flask import Flask, current_app, g, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from campaign.core import i18n
from campaign.staff.sessions import LAST_LANGUAGE, safe_next_page
from campaign.web.page import Page
from campaign.web.security import private_page

_SECRET = re.compile(r"password|proof|secret")
_NOT_KEPT = "csrf_token"


class ExpiredForm(Page, template="staff/expired_form.html"):
    signed_in: bool
    back: str
    """Address of the page of the form."""
    typed: list[tuple[str, str]]
    has_file: bool


def init_app(app: Flask) -> None:
    """Answer in place of the page of a request that cannot be read."""
    app.register_error_handler(CSRFError, _answer_expired_form)


def _find_language() -> str:
    """Return that of who is signed in, or was until now in this browser; else the browser's."""
    if current_user.is_authenticated:
        return str(current_user.locale)
    last = session.get(LAST_LANGUAGE)
    return last if last in i18n.languages() else i18n.negotiated()


def _answer_expired_form(_problem: CSRFError) -> ResponseReturnValue:
    g.locale = _find_language()
    page = ExpiredForm(
        signed_in=current_user.is_authenticated,
        back=_find_page_before(),
        typed=_list_typed(),
        has_file=any(file.filename for file in request.files.values()),
    )
    return private_page(current_app.make_response((page.html(), 400)))


def _list_typed() -> list[tuple[str, str]]:
    """Return what was sent; nothing where it may be another site's, or secret."""
    names = set(request.form)
    if request.headers.get("Sec-Fetch-Site") != "same-origin" or any(map(_SECRET.search, names)):
        return []
    return [pair for pair in request.form.items(multi=True) if pair[0] != _NOT_KEPT]


def _find_page_before() -> str:
    """Return the page of the form, or the nearest above its address that can be opened."""
    if _can_be_opened(request.path):
        return safe_next_page(request.full_path.rstrip("?"))
    path = request.path.rstrip("/")
    while path := path.rpartition("/")[0]:
        for address in (path, f"{path}/"):
            if _can_be_opened(address):
                return safe_next_page(address)
    return safe_next_page(None)


def _can_be_opened(path: str) -> bool:
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    except (HTTPException, RequestRedirect):
        return False
    return True
