"""Changing one's own password: no more guesses than at the door, and nobody waits for the hash."""

from sqlalchemy.orm import Session

from campaign.core.errors import Invalid
from campaign.models.staff import StaffUser
from campaign.staff import reauthentication, staff_users

_WRONG = {"current_password": "password-wrong"}


def change(unit: Session, *, user: StaffUser, current_password: str, password: str) -> None:
    """Set one's own new password; to be called before the request has written anything.

    Raises Invalid where the present one is wrong or the new one weak, and TooMany after ten tries
    in an hour from one place, which count together with those of `reauthentication.prove`.
    """
    user_id, about, before = user.id, (user.email, user.name), user.password
    # What has been read so far holds SQLite's one write lock, which the count of tries wants, and
    # nobody else should wait for while passwords are hashed.
    unit.rollback()
    if not reauthentication.prove_password(user_id, current_password):
        raise Invalid(fields=_WRONG)
    hashed = staff_users.hash_new_password(password, about=about)
    unit.refresh(user, with_for_update=True)
    if user.password != before:  # set by a link meanwhile
        raise Invalid(fields=_WRONG)
    staff_users.keep_password(unit, user=user, hashed=hashed)
