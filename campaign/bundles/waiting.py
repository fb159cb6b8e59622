"""What waits to be printed: for which mission, to whom, in which language."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.waiting_counts import count_waiting
from campaign.campaigns.models import Campaign, CampaignStatus, Target
from campaign.officials.models import Mission

T = TypeVar("T", Campaign, Mission)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many confirmed letters of a campaign wait for a mission."""

    campaign: Campaign
    mission: Mission
    letters: int


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """How many of them go to one official in one language."""

    target: Target
    locale: str
    letters: int


def list_waiting(unit: Session, *, rehearsal: Campaign | None = None) -> list[Waiting]:
    """What could be frozen now, the most letters first; stopped campaigns are left out.

    With `rehearsal`, what waits of that campaign, which has not opened.
    """
    chosen = (
        Campaign.status.in_([CampaignStatus.OPEN, CampaignStatus.CLOSED])
        if rehearsal is None
        else Campaign.id == rehearsal.id
    )
    aims = unit.execute(
        select(Target.id, Target.campaign_id, Target.mission_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(chosen)
    ).all()
    counts: Counter[int] = Counter()
    for (target_id, _), letters in count_waiting(unit, [aim.id for aim in aims]).items():
        counts[target_id] += letters
    pairs: Counter[tuple[int, int]] = Counter()
    for target_id, campaign_id, mission_id in aims:
        if mission_id is not None:
            pairs[campaign_id, mission_id] += counts[target_id]
    campaigns = _by_id(unit, Campaign, {campaign_id for (campaign_id, _), n in pairs.items() if n})
    missions = _by_id(unit, Mission, {mission_id for (_, mission_id), n in pairs.items() if n})
    found = [Waiting(campaigns[one], missions[other], n) for (one, other), n in pairs.items() if n]
    return sorted(found, key=lambda one: (-one.letters, one.campaign.id, one.mission.id))


def _by_id(unit: Session, kind: type[T], ids: set[int]) -> dict[int, T]:
    return {one.id: one for one in unit.scalars(select(kind).where(kind.id.in_(ids)))}


def list_by_mission(unit: Session) -> list[tuple[Mission, list[Waiting]]]:
    """What could be frozen now, per mission, the most letters first."""
    found: dict[Mission, list[Waiting]] = {}
    for one in list_waiting(unit):
        found.setdefault(one.mission, []).append(one)
    return sorted(found.items(), key=lambda pair: -sum(one.letters for one in pair[1]))
