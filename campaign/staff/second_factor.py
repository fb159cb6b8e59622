"""Setting up a second factor, doing without it again, and helping somebody who lost theirs."""

from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.errors import Invalid, Refused
from campaign.models.staff import StaffUser
from campaign.staff import totp
from campaign.staff.staff_users import actor_name, end_sessions


def start(session: Session, *, user: StaffUser) -> None:
    """Make a secret for the user's app; until a code proves it, it counts for nothing.

    Raises Refused (`factor-is-set`) where there is a second factor already.
    """
    if user.has_second_factor:
        raise Refused("factor-is-set")
    user.totp_secret, user.totp_counter = totp.create_secret(session), None
    _record(session, user, user, "accounts.factor-start")


def turn_on(session: Session, *, user: StaffUser, code: str) -> list[str]:
    """Ask for codes from now on; return the recovery codes, which are shown this once.

    Raises Invalid (field `code`) where the app shows another, Refused where nothing was started.
    """
    if user.has_second_factor or user.totp_secret is None:
        raise Refused("factor-not-started")
    if not totp.use_app_code(session, user, code):
        raise Invalid(fields={"code": "code-wrong"})
    user.totp_since = db.utcnow()
    codes = totp.create_recovery_codes(session, user)
    _record(session, user, user, "accounts.factor-on")
    return codes


def renew_recovery_codes(session: Session, *, user: StaffUser) -> list[str]:
    """Make new recovery codes for the old ones. Raises Refused without a second factor."""
    if not user.has_second_factor:
        raise Refused("factor-not-started")
    codes = totp.create_recovery_codes(session, user)
    _record(session, user, user, "accounts.factor-codes")
    return codes


def turn_off(session: Session, *, user: StaffUser, required: bool) -> None:
    """Ask for no codes any more. Raises Refused (`factor-required`) where the role needs one."""
    if required:
        raise Refused("factor-required")
    totp.remove_factor(session, user)
    _record(session, user, user, "accounts.factor-off")


def reset(session: Session, *, user: StaffUser, actor: str) -> None:
    """For somebody who lost the app and the recovery codes: the password alone signs in again.

    All their sessions end. Whoever does this must know by another way that it is really them.
    """
    totp.remove_factor(session, user)
    end_sessions(user)
    session.flush()
    audit.record(session, actor=actor, action="accounts.factor-reset", subject=actor_name(user))


def _record(session: Session, by: StaffUser, user: StaffUser, action: str) -> None:
    session.flush()
    audit.record(session, actor=actor_name(by), action=action, subject=actor_name(user))
