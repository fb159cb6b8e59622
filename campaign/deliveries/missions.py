"""Other missions through which letters can go."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.models import Bundle
from campaign.errors import NotFound
from campaign.officials.models import Mission


def missions_for(unit: Session, bundle: Bundle, *, limit: int = 300) -> Sequence[Mission]:
    """Missions of the same country, those in the same host country first."""
    here = bundle.mission
    return unit.scalars(
        select(Mission)
        .where(Mission.sending_country == here.sending_country, Mission.id != here.id)
        .order_by(Mission.host_country != here.host_country, Mission.host_country, Mission.slug)
        .limit(limit)
    ).all()


def get_mission(unit: Session, slug: str) -> Mission:
    """The mission. Raises NotFound."""
    found = find_mission(unit, slug)
    if found is None:
        raise NotFound("mission")
    return found


def find_mission(session: Session, slug: str) -> Mission | None:
    """The mission, if there is one."""
    return session.scalar(select(Mission).where(Mission.slug == slug))
