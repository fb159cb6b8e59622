"""Browsers that have signed in before: a flood of guesses from their network shuts them not out.

A signed cookie holds a random name of the browser and marks of the accounts that it signed in to.
It opens nothing: who holds it has ten tries an hour at those accounts that nobody else uses up.
"""

import secrets
from dataclasses import dataclass
from typing import cast

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

from campaign.core import db
from campaign.core.settings import current_settings
from campaign.core.text.email_addresses import canonical_email

DAYS = 180
_ACCOUNTS = 4
"""Kept of one browser that several people use, the latest first."""
_SALT = "known-browser"


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    name: str
    marks: tuple[str, ...]

    def knows(self, email: str) -> bool:
        return not set(_marks(email)).isdisjoint(self.marks)


def find_known_browser(email: str) -> str:
    """Return the name of the browser where it has signed in to this account before; "" if not."""
    browser = _read()
    return browser.name if browser and browser.knows(email) else ""


def remember_browser(email: str) -> None:
    """Have the answer to this request say that its browser has signed in to this account."""
    before, mark = _read(), _marks(email)[0]
    marks = [mark, *(other for other in (before.marks if before else ()) if other != mark)]
    name = before.name if before else secrets.token_urlsafe(16)
    value = _serializer().dumps([name, marks[:_ACCOUNTS]])

    @after_this_request
    def _keep(response: Response) -> Response:
        response.set_cookie(
            cookie_name(),
            value,
            max_age=DAYS * 24 * 3600,
            path="/",
            secure=current_settings().secure,
            httponly=True,
            samesite="Lax",
        )
        return response


def cookie_name() -> str:
    return "__Host-known-browser" if current_settings().secure else "known-browser"


def _read() -> KnownBrowser | None:
    try:
        name, marks = _serializer().loads(
            request.cookies.get(cookie_name(), ""), max_age=DAYS * 24 * 3600
        )
    except BadData:
        return None
    return KnownBrowser(name, tuple(marks))


def _marks(email: str) -> list[str]:
    """List the marks that a browser may have of an account, the newest first."""
    proofs = db.database().keyring.proofs(canonical_email(email), _SALT)
    return [proof[:12].hex() for proof in proofs]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(cast("str", current_app.secret_key), salt=_SALT)
