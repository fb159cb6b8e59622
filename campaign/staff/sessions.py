"""A session's beginning and end, where people go before and after it, and browsers known by it.

A session is a signed cookie that names the user by `fs_uniquifier`: giving the user a new one
ends every session, also a stolen copy.

Another signed cookie holds a random name of a browser that has signed in before, and marks of the
accounts that it signed in to: a flood of guesses from its network shuts it not out. It opens
nothing: who holds it has ten tries an hour at those accounts that nobody else uses up.
"""

import re
import secrets
from typing import cast

from flask import Response, after_this_request, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import logout_user
from flask_security.utils import login_user
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.settings import current_settings
from campaign.core.text.email_addresses import canonical_email
from campaign.models.staff import StaffUser
from campaign.staff.staff_users import actor_name, end_sessions, record

_INSIDE = re.compile(r"/desk/[A-Za-z0-9/_.~%?&=+,:@-]*")
_HOME = "/desk/"
_HALFWAY = "halfway"
LAST_LANGUAGE = "last-language"
"""Where a session that is over keeps the language of the desk, for the pages before it."""
_HALFWAY_SECONDS = 600
SESSION_HOURS = 12
"""For so long a session lasts at most, whatever is done in it."""
_BEGAN_AT = "began-at"
_USED_AT = "used-at"
_NOTED_EVERY_SECONDS = 60

_BROWSER_DAYS = 180
_BROWSER_ACCOUNTS = 4
"""Kept of one browser that several people use, the latest first."""
_BROWSER_SALT = "known-browser"


def begin_session(session: Session, user: StaffUser, *, by: str = "password") -> None:
    """Sign `user` in, in a session that has nothing of the one before.

    `by`: what they proved it with, `password` (and the second step, where they have one) or
    `passkey`.
    """
    _forget_session()
    user.last_sign_in_at = db.utcnow()
    login_user(user, remember=False, authn_via=[by])
    _note_begin()
    remember_browser(user.email)
    action = "accounts.passkey-sign-in" if by == "passkey" else "accounts.sign-in"
    record(session, actor_name(user), action, user)


def remember_password_passed(user: StaffUser) -> None:
    """Keep that `user` knew the password: who has a second factor is not signed in by it alone."""
    _forget_session()
    cookie[_HALFWAY] = [user.fs_uniquifier, db.utcnow().timestamp()]


def find_user_halfway(session: Session) -> StaffUser | None:
    """Who knew the password within the last minutes and owes the second factor, if anybody."""
    uniquifier, since = cookie.get(_HALFWAY) or ("", 0.0)
    if not 0 <= db.utcnow().timestamp() - since <= _HALFWAY_SECONDS:
        return None
    # A new password, another sign-in's end or disabling make it worthless like any session.
    user = session.scalar(select(StaffUser).where(StaffUser.fs_uniquifier == uniquifier))
    return user if user is not None and user.active and user.has_second_factor else None


def note_use() -> bool:
    """Note that somebody is at the desk; False where nobody was for too long, or it is too old.

    A page that asks for news by itself is nobody: it would hold a session open that was left.
    """
    now = db.utcnow().timestamp()
    # A copy of the cookie that says neither would never be old.
    began_at: float = cookie.get(_BEGAN_AT, 0)
    used_at: float = cookie.get(_USED_AT, 0)
    idle_seconds = current_settings().idle_minutes * 60
    if now - began_at > SESSION_HOURS * 3600 or now - used_at > idle_seconds:
        return False
    by_itself = request.method == "GET" and "HX-Request" in request.headers
    if not by_itself and now - used_at > min(_NOTED_EVERY_SECONDS, idle_seconds / 2):
        cookie[_USED_AT] = now
    return True


def _note_begin() -> None:
    cookie[_BEGAN_AT] = cookie[_USED_AT] = db.utcnow().timestamp()


def close_session(user: StaffUser) -> None:
    locale = user.locale
    logout_user()
    _forget_session()
    cookie[LAST_LANGUAGE] = locale


def renew_session(session: Session, user: StaffUser) -> None:
    """End all sessions of `user` but this one, which is signed in afresh."""
    end_sessions(user)
    session.flush()
    _forget_session()
    login_user(user, remember=False, authn_via=["password", "totp"])
    _note_begin()


def end_session(session: Session, user: StaffUser) -> None:
    end_sessions(user)
    _forget_session()
    cookie[LAST_LANGUAGE] = user.locale
    record(session, actor_name(user), "accounts.sign-out", user)


def ask_to_sign_in() -> ResponseReturnValue:
    """Send somebody to the sign-in page, and from there back to the page they asked for."""
    address = request.full_path.rstrip("?") if request.method == "GET" else ""
    target = safe_next_page(address)
    if target == _HOME:
        return redirect(url_for("sign_in.sign_in"))
    return redirect(url_for("sign_in.sign_in", next=target))


def safe_next_page(address: str | None) -> str:
    r"""`address` if it is a page of the desk, the desk's first page otherwise.

    Only a path below /desk/ is taken, in plain characters and without `//` or `..`: neither
    `//evil`, `/\evil` nor `https:evil` can be one.
    """
    path = (address or "").partition("?")[0]
    if address and _INSIDE.fullmatch(address) and "//" not in path and ".." not in path:
        return address
    return _HOME


def _forget_session() -> None:
    cookie.clear()
    # Flask-WTF keeps the token of this request; the next form needs one of the new session.
    for name in ("csrf_token", "_csrf_token"):
        g.pop(name, None)


def find_known_browser(email: str) -> str:
    """Find the name of this browser, if it has signed in to that account; empty if not."""
    name, marks = _read()
    return "" if set(_marks(email)).isdisjoint(marks) else name


def remember_browser(email: str) -> None:
    """Have the answer to this request say that its browser has signed in to this account."""
    (name, before), mark = _read(), _marks(email)[0]
    marks = [mark, *(other for other in before if other != mark)][:_BROWSER_ACCOUNTS]
    value = _serializer().dumps([name or secrets.token_urlsafe(16), marks])

    @after_this_request
    def _keep(response: Response) -> Response:
        response.set_cookie(
            cookie_name(),
            value,
            max_age=_BROWSER_DAYS * 24 * 3600,
            path="/",
            secure=current_settings().secure,
            httponly=True,
            samesite="Lax",
        )
        return response


def cookie_name() -> str:
    return "__Host-known-browser" if current_settings().secure else "known-browser"


def _read() -> tuple[str, list[str]]:
    """Return the name of this browser and its marks; both empty where it never signed in."""
    value = request.cookies.get(cookie_name(), "")
    try:
        name, marks = _serializer().loads(value, max_age=_BROWSER_DAYS * 24 * 3600)
    except BadData:
        return "", []
    return name, marks


def _marks(email: str) -> list[str]:
    """List the marks that a browser may have of an account, the newest first."""
    proofs = db.database().keyring.proofs(canonical_email(email), _BROWSER_SALT)
    return [proof[:12].hex() for proof in proofs]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(cast("str", current_app.secret_key), salt=_BROWSER_SALT)
