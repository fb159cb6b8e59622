"""Who can be the second person where one decides what another one gets. Pure."""

from datetime import datetime, timedelta

from campaign.core.errors import Refused
from campaign.models.staff import StaffUser


def refuse_decider(user: StaffUser, now: datetime, days: int) -> None:
    """Raise Refused where this account cannot decide: anybody could have made it for that.

    `decider-factor`: it has no second factor; `decider-new`: it is younger than so many days.
    """
    if not user.has_second_factor:
        raise Refused("decider-factor")
    if user.created_at > now - timedelta(days=days):
        raise Refused("decider-new")


def can_decide(user: StaffUser, now: datetime, days: int) -> bool:
    try:
        refuse_decider(user, now, days)
    except Refused:
        return False
    return True
