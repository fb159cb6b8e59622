"""Campaigns that continue one another: further information on an earlier action."""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser, sees

_CHAIN_LOCK = 0x0A0D18


def refuse_circle(session: Session, campaign: Campaign, follows_id: int | None) -> None:
    """Raise Invalid with the field `follows` where the campaign would follow itself in the end."""
    if follows_id is None:
        return
    # Two organizers at once could close a circle of which each sees half; SQLite has one writer.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    seen: set[int] = set()
    at: int | None = follows_id
    while at is not None and at not in seen:
        if at == campaign.id:
            raise Invalid(fields={"follows": "follows-circle"})
        seen.add(at)
        at = session.scalar(select(Campaign.follows_id).where(Campaign.id == at))


def visible_neighbours(
    session: Session, campaign: Campaign, *, by: StaffUser
) -> tuple[Campaign | None, list[Campaign]]:
    """What the campaign continues, and what continues it, as far as `by` sees it at the desk."""
    near = (Campaign.id == campaign.follows_id) | (Campaign.follows_id == campaign.id)
    visible = select(Campaign).where(near, sees(by, Campaign.id)).order_by(Campaign.id)
    neighbours = session.scalars(visible).all()
    earlier = next((other for other in neighbours if other.id == campaign.follows_id), None)
    return earlier, [other for other in neighbours if other.follows_id == campaign.id]


def public_neighbours(campaign: Campaign) -> tuple[Campaign | None, list[Campaign]]:
    """What the campaign continues, and what continues it, as far as everybody may read it."""
    earlier = campaign.follows
    if earlier is not None and not lifecycle.is_public(earlier.status):
        earlier = None
    return earlier, [later for later in campaign.followed_by if lifecycle.is_public(later.status)]
