"""Staff users: adding, finding, changing, and the passwords they sign in with."""

import secrets
from collections.abc import Sequence

from email_validator import EmailNotValidError, validate_email
from flask_security import hash_password, verify_password
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.audit import DoneBefore
from campaign.core.errors import Invalid, Refused
from campaign.core.rate_limits import FewAtOnce
from campaign.core.slow_work import leave_database
from campaign.core.text.email_addresses import canonical_email
from campaign.core.text.fold import normal_form
from campaign.models.staff import Role, StaffUser
from campaign.staff.passwords import find_password_problem

HASHING = "hashing"
_strangers = FewAtOnce(2, seconds=3, slug=HASHING)
"""Passwords of browsers that never signed in: each takes 64 MB and a core for a moment, and who
guesses must neither use up the memory nor hold every thread."""
_known = FewAtOnce(2, seconds=3, slug=HASHING)
"""Those of who is signed in, has a link or has signed in before: no guesses stand in their way."""


def find_by_email(session: Session, email: str) -> StaffUser | None:
    """Find the user with this address, however it is spelled."""
    return session.scalar(select(StaffUser).where(StaffUser.email_hmac == _fingerprint(email)))


def get_staff_user(session: Session, public_id: str) -> StaffUser:
    return db.get_row(session, select(StaffUser).filter_by(public_id=public_id), "staff-user")


def list_staff_users(session: Session) -> Sequence[StaffUser]:
    """List all staff users, by name and address; active ones first."""
    users = session.scalars(select(StaffUser)).all()
    # Name and address are sealed: only here can they be put in order.
    return sorted(users, key=lambda user: (not user.active, user.name.casefold(), user.email))


def has_anybody_password(session: Session) -> bool:
    return db.has_row(session, select(StaffUser.id).where(StaffUser.password.is_not(None)))


def add_staff_user(
    session: Session,
    *,
    email: str,
    role: Role,
    name: str = "",
    locale: str = "en",
    actor: str = "command",
) -> StaffUser:
    """Add a user, who can sign in once a password is set.

    Raises Invalid for an address that cannot be one, Refused (`staff-exists`) for one that a user
    has already.
    """
    user = StaffUser(
        email=_valid_email(email),
        email_hmac=_fingerprint(email),
        name=name,
        role=role,
        locale=locale,
        active=True,
        fs_uniquifier=create_uniquifier(),
    )
    if find_by_email(session, email) is not None:
        raise Refused("staff-exists")
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as problem:
        raise Refused("staff-exists") from problem
    record(session, actor, "accounts.add", user, role=role.value)
    return user


def change_role(session: Session, *, user: StaffUser, role: Role, by: StaffUser) -> None:
    """Change the role of a user; raises Refused: `own-account`, DoneBefore."""
    _refuse_own(user, by)
    _lock(session, user)
    if user.role is role:
        raise _done_before(session, user, "accounts.role")
    before, user.role = user.role, role
    record(session, actor_name(by), "accounts.role", user, before=before.value, after=role.value)


def disable_staff_user(session: Session, *, user: StaffUser, by: StaffUser) -> None:
    """Let a user in no more, and end all their sessions.

    Raises Refused: `own-account`, DoneBefore.
    """
    _refuse_own(user, by)
    _lock(session, user)
    if not user.active:
        raise _done_before(session, user, "accounts.disable")
    user.active = False
    end_sessions(user)
    record(session, actor_name(by), "accounts.disable", user)


def enable_staff_user(session: Session, *, user: StaffUser, by: StaffUser) -> None:
    """Let a disabled user sign in again, with the password they had. Raises DoneBefore."""
    _lock(session, user)
    if user.active:
        raise _done_before(session, user, "accounts.enable")
    user.active = True
    record(session, actor_name(by), "accounts.enable", user)


def note_new_link(
    session: Session, *, user: StaffUser, actor: str, seen: int | None = None
) -> None:
    """Make earlier links worthless. Raises Refused: `staff-disabled`, DoneBefore.

    `seen`: the number of links that who asks for one knows of.
    """
    _lock(session, user)
    if seen not in {None, user.link_number}:
        raise _done_before(session, user, "accounts.link")
    if not user.active:
        raise Refused("staff-disabled")
    user.link_number = StaffUser.link_number + 1
    record(session, actor, "accounts.link", user)


def change_profile(
    session: Session,
    *,
    user: StaffUser,
    name: str,
    locale: str,
    gets_digest: bool,
    gets_alarms: bool,
) -> None:
    user.name, user.locale = name, locale
    user.gets_digest, user.gets_alarms = gets_digest, gets_alarms
    record(session, actor_name(user), "accounts.profile", user)


def hash_new_password(password: str, *, about: tuple[str, str]) -> str:
    """Return a new password as it is kept; `about`: address and name of its owner.

    Raises Invalid (field `password`) for a weak one, TooMany (`HASHING`) where this process hashes
    as many as it may.
    """
    leave_database()
    normal = normalise_password(password)
    problem = find_password_problem(normal, about=about)
    if problem is not None:
        raise Invalid(fields={"password": problem})
    with _known.wait():
        return hash_password(normal)


def keep_password(session: Session, *, user: StaffUser, hashed: str) -> None:
    """Set a password and end all sessions."""
    user.password = hashed
    end_sessions(user)
    record(session, actor_name(user), "accounts.password", user)


def is_password_right(user: StaffUser | None, password: str, *, known: bool) -> bool:
    """Whether `user` may sign in with `password`.

    For a user who is unknown, or has no password yet, the same work is done: the time that an
    answer takes must not tell who has an account. A disabled user is refused after it. `known`:
    whether the browser has signed in to this account before. Raises TooMany (`HASHING`).
    """
    normal = normalise_password(password)
    with (_known if known else _strangers).wait():
        if user is None or not user.password:
            hash_password(normal)
            return False
        return bool(verify_password(normal, user.password)) and user.active


def end_sessions(user: StaffUser) -> None:
    user.fs_uniquifier = create_uniquifier()


def create_uniquifier() -> str:
    """Make what a session names a user by: 256 random bits."""
    return secrets.token_hex(32)


def normalise_password(password: str) -> str:
    """Return a password in one form, whatever keyboard composed its accents."""
    return normal_form("NFKD", password)


def actor_name(user: StaffUser) -> str:
    return f"staff:{user.id}"


def _valid_email(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError as problem:
        raise Invalid(fields={"email": "email-form"}) from problem


def _fingerprint(email: str) -> bytes:
    return db.database().keyring.fingerprint(canonical_email(email), "email")


def _refuse_own(user: StaffUser, by: StaffUser) -> None:
    if user.id == by.id:
        raise Refused("own-account")


def _lock(session: Session, user: StaffUser) -> None:
    """Wait for others who change the account, and see what they made of it."""
    session.flush()
    session.refresh(user, with_for_update={"key_share": True})


def _done_before(session: Session, user: StaffUser, action: str) -> DoneBefore:
    return DoneBefore(audit.find_last(session, actor_name(user), action))


def record(session: Session, actor: str, action: str, user: StaffUser, **detail: str | int) -> None:
    """Note in the audit what was done with a user's account, or by them with it."""
    session.flush()
    audit.record(session, actor, action, actor_name(user), **detail)
