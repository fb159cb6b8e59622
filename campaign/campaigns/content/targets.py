"""Targets: the officials a campaign writes to, and the missions through which it reaches them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import order_letter_locales, stays_ready
from campaign.campaigns.changes import record_change
from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import Content, targets_content, targets_content_of
from campaign.campaigns.content.risk_words import Words
from campaign.campaigns.content.risks import refuse_named
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.directory.missions import best_mission
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission, Official
from campaign.models.revision import Part
from campaign.models.signature import Letter


@dataclass(frozen=True, slots=True)
class Aim:
    official: Official
    kind: TargetKind = TargetKind.TO
    mission: Mission | None = None


def find_target(campaign: Campaign, official_slug: str) -> Target | None:
    return next(
        (target for target in campaign.targets if target.official.slug == official_slug), None
    )


def get_target(campaign: Campaign, official_slug: str) -> Target:
    """The campaign's target that is this official. Raises NotFound."""
    target = find_target(campaign, official_slug)
    if target is None:
        raise NotFound("target", official=official_slug)
    return target


def set_targets(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    aims: Sequence[Aim],
    based_on: int | None = None,
    risks_seen: bool = False,
) -> list[Target]:
    """Make the targets exactly these, in this order.

    Raises Invalid where an official is named twice or an open campaign would be left without a
    target it can reach; Refused: `target-has-letters` where one goes to whom letters were written,
    `changed-meanwhile` where somebody saved after revision `based_on`; RiskNamed where the name or
    office of a new one is what a flag rules out.
    """
    official_ids = [aim.official.id for aim in aims]
    if len(set(official_ids)) < len(official_ids):
        raise Invalid(fields={"official": "target-twice"})
    revisions.check(session, campaign, Part.TARGETS, "", based_on)
    refuse_named(campaign, _new_names(campaign, aims), seen=risks_seen)
    before, content = [_state(target) for target in campaign.targets], targets_content(campaign)
    for target in [target for target in campaign.targets if target.official_id not in official_ids]:
        _refuse_if_written_to(session, target)
        for post in (update for update in campaign.updates if update.target_id == target.id):
            post.target_id = None
    with stays_ready(campaign):
        by_official = {target.official_id: target for target in campaign.targets}
        campaign.targets = [
            _set_target(by_official.get(aim.official.id), aim, place)
            for place, aim in enumerate(aims)
        ]
        order_letter_locales(campaign)
    if [_state(target) for target in campaign.targets] != before:
        after = targets_content(campaign)
        revisions.keep(
            session, campaign, Part.TARGETS, "", before=content, after=after, actor=actor
        )
        record_change(session, campaign, actor, "campaign.targets", officials=official_ids)
    return list(campaign.targets)


def content_of(aims: Sequence[Aim]) -> Content:
    return targets_content_of(
        (aim.official.slug, aim.kind.value, aim.mission.slug if aim.mission else "") for aim in aims
    )


def has_letters(session: Session, target: Target) -> bool:
    written = select(exists().where(Letter.target_id == target.id))
    return bool(session.scalar(written))


def suggested_mission(
    missions: Sequence[Mission], official: Official, host_country: str
) -> Mission | None:
    """The mission of the official's country in the country where the staff are, if there is one.

    Which of several, `best_mission` of the directory says.
    """
    sent = [mission for mission in missions if mission.sending_country == official.country]
    return best_mission(sent, host_country)


def list_missions(session: Session) -> Sequence[Mission]:
    """All missions, by country and town."""
    return session.scalars(
        select(Mission).order_by(Mission.sending_country, Mission.host_country, Mission.locality)
    ).all()


def find_officials(session: Session, slugs: Collection[str]) -> dict[str, Official]:
    officials = session.scalars(select(Official).where(Official.slug.in_(slugs)))
    return {official.slug: official for official in officials}


def find_missions(session: Session, slugs: Collection[str]) -> dict[str, Mission]:
    missions = session.scalars(select(Mission).where(Mission.slug.in_(slugs)))
    return {mission.slug: mission for mission in missions}


def missions_sent_by(session: Session, countries: Collection[str]) -> Sequence[Mission]:
    return session.scalars(select(Mission).where(Mission.sending_country.in_(countries))).all()


def _set_target(target_before: Target | None, aim: Aim, place: int) -> Target:
    target = target_before or Target(official=aim.official, official_id=aim.official.id)
    target.kind, target.position, target.mission = aim.kind, place, aim.mission
    target.mission_id = aim.mission.id if aim.mission else None
    return target


def _refuse_if_written_to(session: Session, target: Target) -> None:
    if has_letters(session, target):
        raise Refused("target-has-letters", official=target.official.slug)


def words_of_official(campaign: Campaign, official: Official) -> list[Words]:
    """What the campaign's pages and letters say of an official, as flags look through it."""
    offices = official.office or {campaign.default_locale: ""}
    return [
        Words("targets", code, "official", f"{official.name}\n{office}", official.slug)
        for code, office in offices.items()
    ]


def _new_names(campaign: Campaign, aims: Sequence[Aim]) -> list[Words]:
    officials = {target.official_id for target in campaign.targets}
    mission_ids = {target.mission_id for target in campaign.targets}
    new = [aim.official for aim in aims if aim.official.id not in officials]
    missions = [aim.mission for aim in aims if aim.mission and aim.mission.id not in mission_ids]
    return [
        *(words for official in new for words in words_of_official(campaign, official)),
        *(
            Words("targets", code, "mission", f"{name}\n{mission.head_of_mission}", mission.slug)
            for mission in missions
            for code, name in (mission.name or {campaign.default_locale: ""}).items()
        ),
    ]


def _state(target: Target) -> tuple[int, TargetKind, int | None, int]:
    return target.official_id, target.kind, target.mission_id, target.position
