"""The authenticator app and the recovery codes: set up, proved, turned off, reset when lost.

The app's codes (TOTP, RFC 6238) are checked by Flask-Security; what it leaves open, that a code
works once, also of two tries at one moment, is a conditional UPDATE here.
"""

import secrets
from typing import Any, cast

from flask_security import Totp, UserMixin
from passlib.exc import UsedTokenError
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.audit import DoneBefore
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import current_settings
from campaign.models.staff import RecoveryCode, StaffUser
from campaign.staff import required_factors
from campaign.staff.staff_users import actor_name, end_sessions, record

RECOVERY_CODES = 10
_SLACK_SECONDS = 30
"""Clocks of telephones go wrong by so much."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper."""
_PARTS, _PART_LENGTH = 4, 4


def start(session: Session, *, user: StaffUser) -> None:
    """Make a secret for the user's app; until a code proves it, it counts for nothing.

    Raises Refused (`factor-is-set`) where there is an app already.
    """
    if user.has_app:
        raise Refused("factor-is-set")
    user.totp_secret, user.totp_counter = create_secret(session), None
    record(session, actor_name(user), "accounts.factor-start", user)


def turn_on(session: Session, *, user: StaffUser, code: str) -> list[str]:
    """Ask for codes from now on; return recovery codes where it is the first second factor.

    They are shown this once. Raises Invalid (field `code`) where the app shows another, Refused
    where nothing was started.
    """
    if user.has_app or user.totp_secret is None:
        raise Refused("factor-not-started")
    if not use_app_code(session, user, code):
        raise Invalid(fields={"code": "code-wrong"})
    codes = [] if user.has_second_factor else create_recovery_codes(session, user)
    user.totp_since = db.utcnow()
    record(session, actor_name(user), "accounts.factor-on", user)
    return codes


def renew_recovery_codes(session: Session, *, user: StaffUser) -> list[str]:
    """Make new recovery codes for the old ones. Raises Refused without a second factor."""
    if not user.has_second_factor:
        raise Refused("factor-not-started")
    codes = create_recovery_codes(session, user)
    record(session, actor_name(user), "accounts.factor-codes", user)
    return codes


def turn_off(session: Session, *, user: StaffUser) -> None:
    """Ask for no codes any more. Raises Refused (`factor-required`) where the app is needed."""
    required_factors.lock_factors(session, user)
    if not required_factors.can_remove_app(user):
        raise Refused("factor-required")
    user.totp_secret = user.totp_since = user.totp_counter = None
    drop_idle_codes(session, user)
    record(session, actor_name(user), "accounts.factor-off", user)


def reset(session: Session, *, user: StaffUser, actor: str) -> None:
    """For somebody who lost app, passkeys and recovery codes: the password alone signs in again.

    All their sessions end. Whoever does this must know by another way that it is really them.
    Raises DoneBefore where there is no second factor.
    """
    required_factors.lock_factors(session, user)
    if not (user.has_second_factor or user.totp_secret):
        raise DoneBefore(audit.find_last(session, actor_name(user), "accounts.factor-reset"))
    user.totp_secret = user.totp_since = user.totp_counter = None
    user.passkeys.clear()
    drop_idle_codes(session, user)
    end_sessions(user)
    record(session, actor, "accounts.factor-reset", user)


class _Totp(Totp):
    """Flask-Security's check, with its memory in the user's row."""

    def __init__(self, session: Session) -> None:
        settings = current_settings()
        key = db.database().keyring.lasting("totp\0totp").hex()
        # A colon parts the issuer from the account in the address that the app reads.
        issuer = settings.organisation_name.replace(":", " ")
        super().__init__({"1": key}, issuer)
        self.session = session

    def get_last_counter(self, user: UserMixin) -> int | None:
        """Return the half minute whose code was used last."""
        return cast("StaffUser", user).totp_counter

    def set_last_counter(self, user: UserMixin, tmatch: Any) -> None:
        """Use the code up; of two at once, one finds it used."""
        later = or_(StaffUser.totp_counter.is_(None), StaffUser.totp_counter < tmatch.counter)
        used_id = self.session.scalar(
            update(StaffUser)
            .where(StaffUser.id == cast("StaffUser", user).id, later)
            .values(totp_counter=tmatch.counter)
            .returning(StaffUser.id)
            .execution_options(synchronize_session=False)
        )
        if used_id is None:
            raise UsedTokenError


def create_secret(session: Session) -> str:
    return str(_Totp(session).generate_totp_secret())


def get_app_address(session: Session, user: StaffUser) -> str:
    """Return what the QR code says: `otpauth://totp/…`."""
    return str(_Totp(session).get_totp_uri(user.email, user.totp_secret or ""))


def get_app_key(session: Session, user: StaffUser) -> str:
    """Return the secret in groups of letters, for who types it."""
    return str(_Totp(session).get_totp_pretty_key(user.totp_secret or ""))


def use_app_code(session: Session, user: StaffUser, code: str) -> bool:
    """Whether `code` is the app's code of now; it is used up then."""
    if user.totp_secret is None:
        return False
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit()):
        return False
    return bool(_Totp(session).verify_totp(typed, user.totp_secret, user, window=_SLACK_SECONDS))


def create_recovery_codes(session: Session, user: StaffUser) -> list[str]:
    """Make ten new codes, shown once; the earlier ones are worthless. Only digests are kept."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_user_id == user.id))
    codes = [_make_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(staff_user_id=user.id, digest=_digest(user, code)) for code in codes
    )
    session.flush()
    return codes


def use_recovery_code(session: Session, user: StaffUser, code: str) -> bool:
    """Whether `code` is one of the user's; it is used up then."""
    used = session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_user_id == user.id,
            RecoveryCode.digest == _digest(user, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=db.utcnow())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return used is not None


def count_recovery_codes(session: Session, user: StaffUser) -> int:
    left = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.staff_user_id == user.id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(left) or 0


def drop_idle_codes(session: Session, user: StaffUser) -> None:
    """Delete the recovery codes of who has no second factor any more."""
    session.flush()
    if not user.has_second_factor:
        session.execute(delete(RecoveryCode).where(RecoveryCode.staff_user_id == user.id))


def looks_like_recovery_code(code: str) -> bool:
    """Whether it can only be a recovery code: the app's codes are figures."""
    return len(_strip_marks(code)) == _PARTS * _PART_LENGTH


def _make_code() -> str:
    parts = ("".join(secrets.choice(_LETTERS) for _ in range(_PART_LENGTH)) for _ in range(_PARTS))
    return "-".join(parts)


def _strip_marks(code: str) -> str:
    return "".join(sign for sign in code.lower() if sign.isalnum())


def _digest(user: StaffUser, code: str) -> bytes:
    # 79 random bits behind a keyed hash: nothing that could be guessed from a stolen table.
    text = f"{user.id}|{_strip_marks(code)}"
    return db.database().keyring.fingerprint(text, "recovery-code")
