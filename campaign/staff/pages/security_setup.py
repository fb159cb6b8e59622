"""Sign-in: Flask-Security, set up for this house.

Flask-Security hashes and checks passwords, loads the user whom a session names, and brings the
second factors when they come (`SECURITY_TWO_FACTOR`, `SECURITY_WEBAUTHN`, its blueprint). Its own
sign-in pages stay out: ours (`sign_in_views`) count before they look, and hash outside a
transaction.

It finds staff users in our own session, by the fingerprint of an address.

A form of the desk whose token is not that of the session (signed out elsewhere, or too old) would
lose what was typed: the page that says so holds it, and sends it again once its reader is signed
in. Only where the browser says that the form was ours: else somebody could be led to send what
another site wrote.
"""

import re
from datetime import timedelta
from typing import Any, cast

from flask import Flask, current_app, g, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_login.utils import _user_context_processor
from flask_security import RoleMixin, Security, SQLAlchemySessionUserDatastore
from flask_wtf.csrf import CSRFError
from werkzeug.local import LocalProxy

from campaign.core import db, i18n
from campaign.core.settings import Settings
from campaign.models.staff import StaffUser
from campaign.staff import passwords, sessions
from campaign.staff.gone_things import match_page
from campaign.staff.navigation import desk_context
from campaign.staff.pages import sign_in_views
from campaign.staff.sessions import LAST_LANGUAGE, safe_next_page
from campaign.staff.staff_users import find_by_email
from campaign.web.page import Page
from campaign.web.security import private_page


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        passwords.SETTINGS,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 — the name of a method
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        # Besides each password's own salt: a thief of the database cannot even begin to guess.
        SECURITY_PASSWORD_SALT=app.extensions["database"]
        .keyring.lasting("pepper\0passwords")
        .hex(),
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=sessions.SESSION_HOURS),
        # Flask-WTF wants a Referer on https; our pages send none. `same_origin` stands in.
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
    )
    extension = Security(app, StaffDatastore(), register_blueprint=False)
    extension.login_manager.unauthorized_handler(sessions.ask_to_sign_in)
    _leave_session_unread(app, extension)
    app.context_processor(desk_context)
    app.register_blueprint(sign_in_views.blueprint)
    app.register_error_handler(CSRFError, _answer_expired_form)


def _leave_session_unread(app: Flask, extension: Security) -> None:
    """Take out what would read the session on every page.

    Public pages are the same for everyone and cacheable; a glance at the session adds
    `Vary: Cookie` to them and asks the database. Guards ask when they need to. Tokens in
    addresses and headers, which Flask-Security would take too, sign nobody in here.
    """
    manager = extension.login_manager
    app.after_request_funcs[None].remove(manager._update_remember_cookie)  # noqa: SLF001
    app.template_context_processors[None].remove(_user_context_processor)
    extension.principal.identity_loaders.clear()
    manager.request_loader(None)


class StaffDatastore(SQLAlchemySessionUserDatastore):
    """Staff users in the session of the request, which commits at its end and nowhere else."""

    def __init__(self) -> None:
        super().__init__(cast("Any", LocalProxy(db.session)), StaffUser, RoleMixin)

    def commit(self) -> None:
        """Nothing: the end of a request that succeeded commits (`campaign.db`)."""

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> StaffUser | None:
        """The user with this `email` (in any spelling of it), or of another column."""
        if "email" in kwargs:
            return find_by_email(db.session(), str(kwargs["email"]))
        return cast("StaffUser | None", super().find_user(case_insensitive, **kwargs))

    def find_role(self, role: str) -> None:
        """None: a role is a column of the user here, and guards read it."""


_SECRET = re.compile(r"password|proof|secret")
_NOT_KEPT = "csrf_token"


class ExpiredForm(Page, template="staff/expired_form.html"):
    signed_in: bool
    back: str
    typed: list[tuple[str, str]]
    has_file: bool


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
    if match_page(request.path) is not None:
        return safe_next_page(request.full_path.rstrip("?"))
    path = request.path.rstrip("/")
    while path := path.rpartition("/")[0]:
        for address in (path, f"{path}/"):
            if match_page(address) is not None:
                return safe_next_page(address)
    return safe_next_page(None)
