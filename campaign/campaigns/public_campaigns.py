"""Campaigns that everybody may read, loaded at once with what lists of them show."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.campaigns import lifecycle
from campaign.models.campaign import Campaign, Update


def list_public(unit: Session) -> Sequence[Campaign]:
    """All public campaigns with their editions and updates, in a fixed number of queries."""
    return unit.scalars(
        select(Campaign)
        .where(Campaign.status.in_(lifecycle.PUBLIC))
        .options(
            selectinload(Campaign.editions),
            selectinload(Campaign.updates).selectinload(Update.editions),
        )
        .order_by(Campaign.id)
    ).all()
