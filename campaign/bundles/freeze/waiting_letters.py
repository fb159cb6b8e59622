"""What waits to be printed: for which mission or by post, to whom, in which language."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import count_waiting_on_paper
from campaign.bundles.freeze.waiting_counts import count_waiting
from campaign.campaigns.stop_rule import gives_letters_sql
from campaign.models.bundle import Destination
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission, Official

T = TypeVar("T", Campaign, Mission, Official)
_Key = tuple[int | None, int]
"""A mission's id, or none and the id of an official who is written to by post."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many confirmed letters of a campaign wait for a mission, or to go by post."""

    campaign: Campaign
    mission: Destination
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
    chosen = gives_letters_sql() if rehearsal is None else Campaign.id == rehearsal.id
    aims = unit.execute(
        select(Target.id, Target.campaign_id, Target.mission_id, Target.official_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(chosen)
    ).all()
    counts: Counter[int] = Counter()
    for (target_id, _), letters in count_waiting(unit, [aim.id for aim in aims]).items():
        counts[target_id] += letters
    pairs: Counter[tuple[int, _Key]] = Counter()
    for target_id, campaign_id, mission_id, official_id in aims:
        pairs[campaign_id, _key(mission_id, official_id)] += counts[target_id]
    campaigns = _by_id(unit, Campaign, {campaign_id for (campaign_id, _), n in pairs.items() if n})
    places = _destinations(unit, {key for (_, key), n in pairs.items() if n})
    found = [Waiting(campaigns[one], places[key], n) for (one, key), n in pairs.items() if n]
    return sorted(found, key=lambda one: (-one.letters, one.campaign.id, one.mission.id))


def _key(mission_id: int | None, official_id: int) -> _Key:
    return (mission_id, 0) if mission_id is not None else (None, official_id)


def _destinations(unit: Session, keys: Iterable[_Key]) -> dict[_Key, Destination]:
    missions = _by_id(unit, Mission, {mission for mission, _ in keys if mission is not None})
    officials = _by_id(unit, Official, {official for mission, official in keys if mission is None})
    return {key: officials[key[1]] if key[0] is None else missions[key[0]] for key in keys}


def _by_id(unit: Session, kind: type[T], ids: set[int]) -> dict[int, T]:
    return {one.id: one for one in unit.scalars(select(kind).where(kind.id.in_(ids)))}


def _list_sheets_alone(unit: Session, others: Collection[int]) -> list[Waiting]:
    """Signed sheets of all campaigns but `others`: for each destination that they can go to."""
    rows = unit.execute(
        select(Target.campaign_id, Target.mission_id, Target.official_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(
            gives_letters_sql(),
            Campaign.id.not_in(others),
            or_(Target.mission_id.is_not(None), Target.kind == TargetKind.TO),
        )
        .order_by(Target.campaign_id, Target.mission_id.is_(None), Target.mission_id, Target.id)
    ).all()
    pairs = list(dict.fromkeys((one, _key(mission, official)) for one, mission, official in rows))
    people = count_waiting_on_paper(unit, {campaign_id for campaign_id, _key in pairs})
    found = [(one, key) for one, key in pairs if one in people]
    campaigns = _by_id(unit, Campaign, set(people))
    places = _destinations(unit, {key for _one, key in found})
    return [Waiting(campaigns[one], places[key], 0, people[one]) for one, key in found]


def list_by_mission(unit: Session) -> list[tuple[Destination, list[Waiting]]]:
    """What could be frozen now, per destination, the most letters first; then sheets alone."""
    found: dict[Destination, list[Waiting]] = {}
    waiting = list_waiting(unit)
    for one in (*waiting, *_list_sheets_alone(unit, {one.campaign.id for one in waiting})):
        found.setdefault(one.mission, []).append(one)
    return sorted(found.items(), key=lambda pair: -sum(one.letters for one in pair[1]))
