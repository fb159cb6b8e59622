"""The gate of services that give personal data: whose role has such a thing at all. Pure."""

from collections.abc import Collection

from campaign.core.errors import NotFound
from campaign.models.staff import Role, StaffUser


def refuse_role(user: StaffUser, roles: Collection[Role], what: str) -> None:
    """Raise NotFound (`what`) where this person's role has none, whichever page or job asks."""
    if user.role not in roles or not user.active:
        raise NotFound(what)
