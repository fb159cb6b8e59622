"""The gate of services that give personal data: whose role has such a thing, who decides."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.staff import Role, StaffUser


def refuse_role(user: StaffUser, roles: Collection[Role], what: str) -> None:
    """Raise NotFound (`what`) where this person's role has none, whichever page or job asks."""
    if user.role not in roles or not user.active:
        raise NotFound(what)


def refuse_decider(user: StaffUser, now: datetime, days: int) -> None:
    """Raise Refused where this account cannot decide: anybody could have made it for that.

    `decider-factor`: it has no second factor; `decider-new`: it is younger than so many days.
    """
    if not user.has_second_factor:
        raise Refused("decider-factor")
    if user.created_at > now - timedelta(days=days):
        raise Refused("decider-new")


def refuse_approver(user: StaffUser, *, asker_id: int | None) -> None:
    """Raise Refused for what one asked for oneself (`approval-own`), or as `refuse_decider`."""
    if user.id == asker_id:
        raise Refused("approval-own")
    refuse_decider(user, db.utcnow(), current_settings().decider_days)


def list_deciders(session: Session, roles: Collection[Role], *, asker_id: int) -> list[StaffUser]:
    """List who may decide about what somebody asked for: active, of some days, another."""
    users = session.scalars(
        select(StaffUser).where(
            StaffUser.role.in_(roles), StaffUser.active, StaffUser.id != asker_id
        )
    )
    now, days = db.utcnow(), current_settings().decider_days
    return [user for user in users if can_decide(user, now, days)]


def can_decide(user: StaffUser, now: datetime, days: int) -> bool:
    try:
        refuse_decider(user, now, days)
    except Refused:
        return False
    return True
