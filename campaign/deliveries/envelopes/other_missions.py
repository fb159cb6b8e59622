"""Other ways on which the letters of a bundle can go: through another mission, or by post."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import sending_country_of
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.campaigns.content.address_and_salutation import missing_of_address
from campaign.models.bundle import Bundle
from campaign.models.campaign import Target
from campaign.models.directory import Mission, Official


def missions_for(
    unit: Session, bundle: Bundle, *, home: str = "", limit: int = 300
) -> Sequence[Mission]:
    """Missions of the same country, those in the same host country first; by post, in `home`."""
    host = bundle.mission.host_country if bundle.mission else home
    wanted = select(Mission).where(
        Mission.sending_country == sending_country_of(bundle.destination)
    )
    if bundle.mission is not None:
        wanted = wanted.where(Mission.id != bundle.mission.id)
    order = (Mission.host_country != host, Mission.host_country, Mission.slug)
    return unit.scalars(wanted.order_by(*order).limit(limit)).all()


def official_for(unit: Session, bundle: Bundle) -> Official | None:
    """The official to whom all letters of a bundle for a mission could go by post instead."""
    targets = Frozen.from_json(bundle.frozen).targets
    if bundle.mission_id is None or len(targets) != 1:
        return None
    official = unit.get_one(Target, next(iter(targets))).official
    return None if missing_of_address(official) else official
