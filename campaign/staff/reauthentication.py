"""Proving who one is: the second factor at sign-in, and once more before what is delicate.

Tries are counted like those of passwords: for each account from each network address. Beyond that,
an account's app codes are tried a hundred times an hour at most, from wherever: they have six
figures, and who knows a password could guess from many places at once. A browser that has signed in
before has tries of its own, and a recovery code cannot be guessed: nobody is locked out.
"""

import hmac
from typing import Literal

from flask import request
from flask import session as cookie
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from campaign.core import db
from campaign.core.errors import Invalid, TooMany
from campaign.core.rate_limits import (
    count_against_limit,
    count_from_networks,
    forget_count_from_networks,
)
from campaign.core.settings import current_settings
from campaign.models.staff import StaffUser
from campaign.staff import passkeys, required_factors, second_factor
from campaign.staff.sessions import find_known_browser
from campaign.staff.staff_users import (
    actor_name,
    hash_new_password,
    is_password_right,
    keep_password,
    record,
)
from campaign.web.form_base import SiteForm
from campaign.web.page import Page
from campaign.web.security import request_networks

TRIES_PER_HOUR = 10
CODES_PER_HOUR = 100
_COUNTED_AS = "second-factor"
_PROVED_AT = "fs_paa"
"""Flask-Security's own name for when somebody last proved who they are."""
_WRONG_PASSWORD = {"current_password": "password-wrong"}


def is_fresh() -> bool:
    """Whether this session proved who it is within the last minutes (`fresh_minutes`)."""
    proved_at = cookie.get(_PROVED_AT)
    if not isinstance(proved_at, int | float):
        return False
    return 0 <= db.utcnow().timestamp() - proved_at <= current_settings().fresh_minutes * 60


def note_fresh() -> None:
    cookie[_PROVED_AT] = db.utcnow().timestamp()


def prove_identity(user_id: int, typed: str) -> bool:
    """Whether `typed` proves that this is the user: their code, or password without a factor.

    Works in transactions of its own, since a refused try commits nothing else: the request's
    session must not hold SQLite's one write lock meanwhile. Raises TooMany.
    """
    with db.transaction() as session:
        user = _count_try(session, user_id)
        if user.has_second_factor and not second_factor.looks_like_recovery_code(typed):
            by = f"{user_id}|{browser}" if (browser := find_known_browser(user.email)) else user_id
            count_against_limit(session, _COUNTED_AS, str(by), CODES_PER_HOUR)
    right = (
        _use_code(user_id, typed)
        if user.has_second_factor
        else is_password_right(user, typed, known=True)
    )
    if right:
        _forget_tries(user_id)
    return right


def prove_by_passkey(user_id: int, purpose: passkeys.Purpose, answer: str, token: str) -> bool:
    """Whether a passkey's answer proves that this is the user, as `prove_identity` does."""
    with db.transaction() as session:
        _count_try(session, user_id)
    with db.transaction() as session:
        user = _get_user(session, user_id)
        proved = passkeys.use_passkey(session, purpose, user, answer=answer, token=token)
    if proved is None:
        return False
    _forget_tries(user_id)
    return True


def change_own_password(
    session: Session, *, user: StaffUser, current_password: str, password: str
) -> None:
    """Set one's own new password; to be called before the request has written anything.

    Raises Invalid where the present one is wrong or the new one weak, and TooMany after ten tries
    in an hour from one place, which count together with those of `prove_identity`.
    """
    user_id, about, before = user.id, (user.email, user.name), user.password
    # What has been read so far holds SQLite's one write lock, which the count of tries wants, and
    # nobody else should wait for while passwords are hashed.
    session.rollback()
    with db.transaction() as counting:
        known_user = _count_try(counting, user_id)
    if not is_password_right(known_user, current_password, known=True):
        raise Invalid(fields=_WRONG_PASSWORD)
    _forget_tries(user_id)
    hashed = hash_new_password(password, about=about)
    session.refresh(user, with_for_update=True)
    if not hmac.compare_digest(user.password or "", before or ""):  # set by a link meanwhile
        raise Invalid(fields=_WRONG_PASSWORD)
    keep_password(session, user=user, hashed=hashed)


def use_either_code(session: Session, user: StaffUser, typed: str) -> bool:
    """Whether `typed` is a code of the app or a recovery code; it is used up then."""
    if second_factor.looks_like_recovery_code(typed):
        if not second_factor.use_recovery_code(session, user, typed):
            return False
        left = second_factor.count_recovery_codes(session, user)
        record(session, actor_name(user), "accounts.recovery-code", user, left=left)
        return True
    return required_factors.is_app_accepted(user) and second_factor.use_app_code(
        session, user, typed
    )


def _use_code(user_id: int, typed: str) -> bool:
    with db.transaction() as session:
        user = _get_user(session, user_id)
        return user.active and user.has_second_factor and use_either_code(session, user, typed)


def _count_try(session: Session, user_id: int) -> StaffUser:
    count_from_networks(
        session, _COUNTED_AS, request_networks(), TRIES_PER_HOUR, account=str(user_id)
    )
    return _get_user(session, user_id)


def _forget_tries(user_id: int) -> None:
    with db.transaction() as session:
        forget_count_from_networks(session, _COUNTED_AS, request_networks(), account=str(user_id))


def _get_user(session: Session, user_id: int) -> StaffUser:
    return session.scalars(select(StaffUser).where(StaffUser.id == user_id)).one()


ASKED = "again"
"""What a question sends along after which a button is pressed once more."""
_NOT_KEPT = {"csrf_token", "proof", "passkey_proof", "passkey_challenge", ASKED}


class _IdentityForm(SiteForm):
    """A form with one answer that shows who it is: `proof` as it was typed, or a passkey's."""

    purpose: passkeys.Purpose
    next = HiddenField()
    passkey_proof = HiddenField()
    passkey_challenge = HiddenField()

    def __init__(self, user: StaffUser, **values: object) -> None:
        super().__init__(**values)
        self.asks_for_passkey = bool(required_factors.list_accepted(user))
        self.asks_for_code = user.has_second_factor
        if self.asks_for_code:
            self.proof.label.text = _("Code")
            self.proof.description = (
                _(
                    "Enter the six digits that your app shows now. Without your phone, enter a "
                    "recovery code."
                )
                if required_factors.is_app_accepted(user)
                else _("Enter a recovery code. Each one works once.")
            )

    @property
    def is_answered(self) -> bool:
        return bool(self.proof.data or self.passkey_proof.data)

    def check(self, user: StaffUser) -> int:
        """Return 200 where the answer is right, otherwise the status of the page that says no."""
        if self.passkey_proof.data:
            return self._check_passkey(user)
        if not self.validate():
            return 422
        has_factor, user_id = user.has_second_factor, user.id
        # What has been read so far holds SQLite's one write lock, which the count of tries wants.
        db.session().rollback()
        try:
            if prove_identity(user_id, self.proof.data):
                return 200
        except TooMany as limit:
            self.proof.errors = [say_too_many(limit)]
            return limit.status
        self.proof.errors = [
            _("This code is wrong or was already used. Wait for the next code and enter it.")
            if has_factor
            else _("This password is wrong. Enter it again.")
        ]
        return 422

    def _check_passkey(self, user: StaffUser) -> int:
        user_id, answer, token = user.id, self.passkey_proof.data, self.passkey_challenge.data or ""
        db.session().rollback()
        try:
            if prove_by_passkey(user_id, self.purpose, answer, token):
                return 200
        except TooMany as limit:
            self.form_errors.append(say_too_many(limit))
            return limit.status
        self.form_errors.append(say_passkey_refused())
        return 422


def code_field(label: object) -> StringField:
    too_long = _l("This code is too long. Check it and enter it again.")
    checks = [InputRequired(_l("Enter the code.")), Length(max=128, message=too_long)]
    return StringField(label, checks)


class CodeForm(_IdentityForm):
    purpose: passkeys.Purpose = "second-step"
    proof = code_field(_l("Code"))


class ProofForm(_IdentityForm):
    """Who are you, once more: a code or passkey, or the password without a second factor."""

    purpose: passkeys.Purpose = "confirm"
    proof = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])


def list_kept() -> list[tuple[str, str]]:
    """List all that was typed beside an answer, so that it is not lost while we ask."""
    return [pair for pair in request.form.items(multi=True) if pair[0] not in _NOT_KEPT]


class Reauthenticate(Page, template="staff/reauthenticate.html"):
    form: ProofForm
    action: str
    kept: list[tuple[str, str]]
    leads_to: Literal["page", "back", "deed"]
    """To the page that was asked for, back to that of the button, or on to what was sent."""


def say_passkey_refused() -> str:
    return _("We could not accept this passkey. Try again, or use another way to sign in.")


def say_press_again() -> str:
    return _("You have confirmed who you are. Press the button again.")


def say_too_many(limit: TooMany) -> str:
    minutes = -(-limit.seconds // 60)
    return ngettext(
        "Too many attempts. Wait %(num)s minute, then try again.",
        "Too many attempts. Wait %(num)s minutes, then try again.",
        minutes,
    )
