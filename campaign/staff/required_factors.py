"""Which second factor somebody needs, and which of their own is accepted.

`second_factor_roles` names the roles that need one, `admin_second_factor` the kind that admins
need. Whoever has that kind proves who they are with it, or with a recovery code, and with nothing
else: what is weaker could be asked for in its place. Before that, all they have is accepted, so
that nobody is locked out.
"""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import current_settings
from campaign.models.staff import Passkey, Role, StaffUser

Kind = Literal["any", "passkey", "hardware_key"]


def needed_kind(user: StaffUser) -> Kind:
    return current_settings().admin_second_factor if user.role is Role.ADMIN else "any"


def is_needed(user: StaffUser) -> bool:
    return user.role.value in current_settings().second_factor_roles or needed_kind(user) != "any"


def must_set_up(user: StaffUser) -> bool:
    return not _suffices(user, has_app=user.has_app, passkeys=user.passkeys)


def lock_factors(session: Session, user: StaffUser) -> None:
    """Wait for others who remove a factor of this user: two at once could remove the last two."""
    session.refresh(user, with_for_update={"key_share": True})


def can_remove_app(user: StaffUser) -> bool:
    return _can_be_left_with(user, has_app=False, passkeys=user.passkeys)


def can_remove_passkey(user: StaffUser, passkey: Passkey) -> bool:
    others = [other for other in user.passkeys if other is not passkey]
    return _can_be_left_with(user, has_app=user.has_app, passkeys=others)


def is_app_accepted(user: StaffUser) -> bool:
    """Whether a code of their app proves who they are."""
    return user.has_app and (needed_kind(user) == "any" or must_set_up(user))


def list_accepted(user: StaffUser) -> list[Passkey]:
    if must_set_up(user):
        return list(user.passkeys)
    return [passkey for passkey in user.passkeys if is_of_needed_kind(user, passkey)]


def is_of_needed_kind(user: StaffUser, passkey: Passkey) -> bool:
    return passkey.is_hardware or needed_kind(user) != "hardware_key"


def count_admins_without(session: Session) -> tuple[int, int]:
    """Return how many active admins lack what they need, and how many there are."""
    admins = session.scalars(
        select(StaffUser).where(StaffUser.role == Role.ADMIN, StaffUser.active)
    ).all()
    return sum(map(must_set_up, admins)), len(admins)


def _can_be_left_with(user: StaffUser, *, has_app: bool, passkeys: Collection[Passkey]) -> bool:
    # Until they have what they need, what they have protects them.
    if must_set_up(user):
        return has_app or bool(passkeys)
    return _suffices(user, has_app=has_app, passkeys=passkeys)


def _suffices(user: StaffUser, *, has_app: bool, passkeys: Collection[Passkey]) -> bool:
    if needed_kind(user) == "any":
        return has_app or bool(passkeys) or not is_needed(user)
    return any(is_of_needed_kind(user, passkey) for passkey in passkeys)
