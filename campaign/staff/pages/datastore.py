"""Where Flask-Security finds staff users: in our own session, by the fingerprint of an address."""

from typing import Any, cast

from flask_security import RoleMixin, SQLAlchemySessionUserDatastore
from werkzeug.local import LocalProxy

from campaign.core import db
from campaign.models.staff import StaffUser
from campaign.staff.staff_users import find_by_email


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
