"""Two missions become one: their bundles go on being numbered."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import services
from campaign.bundles.models import Bundle
from campaign.officials.merging import moves


@moves("bundle", "mission")
def move_bundles(unit: Session, kept_id: int, gone_id: int, _actor: str) -> None:
    """Bundles follow; where both have some of one campaign, those that come are numbered anew.

    What is printed keeps the number that it has on paper: so does its folder, also made again.
    """
    theirs = select(Bundle).where(Bundle.mission_id == gone_id).order_by(Bundle.sequence)
    for bundle in unit.scalars(theirs).all():
        taken = select(func.max(Bundle.sequence)).where(
            Bundle.campaign_id == bundle.campaign_id, Bundle.mission_id == kept_id
        )
        last = unit.scalar(taken)
        bundle.mission_id = kept_id
        if last is not None:
            bundle.frozen = {**bundle.frozen, "folder": services.zip_name(bundle)}
            bundle.sequence = last + 1
        unit.flush()
        unit.expire(bundle, ["mission"])
