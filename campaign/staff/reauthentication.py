"""Proving who one is: the second factor at sign-in, and once more before what is delicate.

Tries are counted like those of passwords: for each account from each network address. Beyond that,
an account's app codes are tried a hundred times an hour at most, from wherever: they have six
figures, and who knows a password could guess from many places at once. A recovery code cannot be
guessed, so it works even then, and nobody is locked out.
"""

from flask import request
from flask import session as cookie
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.rate_limits import count_against_limit, forget_count, network_of
from campaign.core.settings import current_settings
from campaign.models.staff import StaffUser
from campaign.staff import totp
from campaign.staff.staff_users import actor_name, is_password_right

TRIES_PER_HOUR = 10
CODES_PER_HOUR = 100
_WHAT = "second-factor"
_SINCE = "fs_paa"
"""Flask-Security's own name for when somebody last proved who they are."""


def must_set_up(user: StaffUser) -> bool:
    """Whether the user's role asks for a second factor that they have not got yet."""
    settings = current_settings()
    return user.role.value in settings.second_factor_roles and not user.has_second_factor


def is_required(user: StaffUser) -> bool:
    """Whether the user's role may not be without a second factor."""
    settings = current_settings()
    return user.role.value in settings.second_factor_roles


def is_fresh() -> bool:
    """Whether this session proved who it is within the last minutes (`fresh_minutes`)."""
    settings = current_settings()
    proved = cookie.get(_SINCE)
    if not isinstance(proved, int | float):
        return False
    return 0 <= db.utcnow().timestamp() - proved <= settings.fresh_minutes * 60


def note_fresh() -> None:
    """From now on this session is fresh again."""
    cookie[_SINCE] = db.utcnow().timestamp()


def prove(user_id: int, typed: str) -> bool:
    """Whether `typed` proves that this is the user: their code, or password without a factor.

    Works in transactions of its own, since a refused try commits nothing else: the request's
    session must not hold SQLite's one write lock meanwhile. Raises TooMany.
    """
    with db.transaction() as session:
        count_against_limit(session, _WHAT, _place(user_id), TRIES_PER_HOUR)
        user = _get(session, user_id)
        if user.has_second_factor and not totp.looks_like_recovery_code(typed):
            count_against_limit(session, _WHAT, str(user_id), CODES_PER_HOUR)
    right = _use_code(user_id, typed) if user.has_second_factor else is_password_right(user, typed)
    if right:
        with db.transaction() as session:
            forget_count(session, _WHAT, _place(user_id))
    return right


def prove_password(user_id: int, typed: str) -> bool:
    """Whether `typed` is the user's password; tries count together with those of `prove`.

    In transactions of its own, like `prove`. Raises TooMany.
    """
    with db.transaction() as session:
        count_against_limit(session, _WHAT, _place(user_id), TRIES_PER_HOUR)
        user = _get(session, user_id)
    right = is_password_right(user, typed)
    if right:
        with db.transaction() as session:
            forget_count(session, _WHAT, _place(user_id))
    return right


def use_either_code(session: Session, user: StaffUser, typed: str) -> bool:
    """Whether `typed` is a code of the app or a recovery code; it is used up then."""
    if totp.looks_like_recovery_code(typed):
        if not totp.use_recovery_code(session, user, typed):
            return False
        left = totp.count_recovery_codes(session, user)
        name = actor_name(user)
        audit.record(session, actor=name, action="accounts.recovery-code", subject=name, left=left)
        return True
    return totp.use_app_code(session, user, typed)


def _use_code(user_id: int, typed: str) -> bool:
    with db.transaction() as session:
        user = _get(session, user_id)
        return user.active and user.has_second_factor and use_either_code(session, user, typed)


def _get(session: Session, user_id: int) -> StaffUser:
    return session.scalars(select(StaffUser).where(StaffUser.id == user_id)).one()


def _place(user_id: int) -> str:
    return f"{user_id}|{network_of(request.remote_addr or '')}"
