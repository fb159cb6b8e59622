"""What waits to be printed: for which mission, to whom, in which language."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.sheets import count_waiting_on_paper
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
    on_paper: int = 0
    """People on signed sheets, of a campaign of which no letter waits."""


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


def _list_sheets_alone(unit: Session, others: Collection[int]) -> list[Waiting]:
    """Signed sheets of all campaigns but `others`: for each mission that they can be carried to."""
    pairs = unit.execute(
        select(Target.campaign_id, Target.mission_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(
            Campaign.status.in_([CampaignStatus.OPEN, CampaignStatus.CLOSED]),
            Campaign.id.not_in(others),
            Target.mission_id.is_not(None),
        )
        .distinct()
        .order_by(Target.campaign_id, Target.mission_id)
    ).all()
    people = count_waiting_on_paper(unit, {campaign_id for campaign_id, _mission in pairs})
    found = [(one, other) for one, other in pairs if one in people and other is not None]
    campaigns = _by_id(unit, Campaign, set(people))
    missions = _by_id(unit, Mission, {other for _one, other in found})
    return [Waiting(campaigns[one], missions[other], 0, people[one]) for one, other in found]


def list_by_mission(unit: Session) -> list[tuple[Mission, list[Waiting]]]:
    """What could be frozen now, per mission, the most letters first; then signed sheets alone."""
    found: dict[Mission, list[Waiting]] = {}
    waiting = list_waiting(unit)
    for one in (*waiting, *_list_sheets_alone(unit, {one.campaign.id for one in waiting})):
        found.setdefault(one.mission, []).append(one)
    return sorted(found.items(), key=lambda pair: -sum(one.letters for one in pair[1]))
