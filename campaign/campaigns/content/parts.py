"""The parts of a campaign by name: what each says now, and how it is saved, with every check."""

from sqlalchemy.orm import Session

from campaign.campaigns import create_and_edit
from campaign.campaigns.content import editions, options, targets, templates
from campaign.campaigns.content.part_contents import (
    EDITION,
    LETTER,
    Content,
    edition_content,
    edition_from,
    facts_content,
    facts_from,
    letter_content,
    options_content,
    points_from,
    targets_content,
    targets_from,
)
from campaign.campaigns.content.targets import Aim
from campaign.campaigns.content.templates import Point
from campaign.campaigns.record_change import Editing
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid
from campaign.directory.missions import get_mission
from campaign.directory.officials import get_official
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.revision import Part

LIMITS = {
    "person_name": 200,
    "title": 200,
    "summary": 1200,
    "background": 20_000,
    "outcome": 20_000,
    "subject": 200,
    "opening": 3000,
    "closing": 3000,
}
POINT_LIMIT, ASK_LIMIT, MOST_ASKS = 600, 300, 8


def content_now(session: Session, campaign: Campaign, part: Part, place: str) -> Content:
    if part is Part.FACTS:
        return facts_content(campaign)
    if part is Part.OPTIONS:
        return options_content(campaign)
    if part is Part.TARGETS:
        return targets_content(campaign)
    if part is Part.EDITION:
        return edition_content(editions.find_edition(campaign, place))
    locale, target = letter_named(campaign, place)
    return letter_content(templates.find_template(session, campaign, locale, target))


def letter_named(campaign: Campaign, place: str) -> tuple[str, Target | None]:
    locale, _, official = place.partition(":")
    return locale, targets.get_target(campaign, official) if official else None


def save_content(
    session: Session,
    campaign: Campaign,
    part: Part,
    place: str,
    content: Content,
    *,
    actor: str,
    created_by_id: int | None,
    based_on: int | None,
    risks_seen: Answers = NOTHING,
) -> None:
    """Save a part. Raises as saving by hand, and Invalid (`text-too-long`) of a merged text."""
    _check_lengths(content)
    by: Editing = {"actor": actor, "risks_seen": risks_seen}
    if part is Part.FACTS:
        facts = facts_from(content)
        create_and_edit.edit_campaign(session, campaign, based_on=based_on, **by, **facts)
    elif part is Part.OPTIONS:
        options.set_letter_options(session, campaign, actor=actor, based_on=based_on, **content)
    elif part is Part.TARGETS:
        aims = [_aim(session, *row) for row in targets_from(content)]
        targets.set_targets(session, campaign, aims=aims, based_on=based_on, **by)
    elif part is Part.EDITION:
        texts = edition_from(content)
        editions.save_edition(session, campaign, locale=place, based_on=based_on, **by, **texts)
    else:
        locale, target = letter_named(campaign, place)
        letter: Content = {name: content.get(name) or "" for name in LETTER}
        templates.save_template(
            session,
            campaign,
            locale=locale,
            target=target,
            points=[Point(text, needed, key) for key, text, needed in points_from(content)],
            created_by_id=created_by_id,
            based_on=based_on,
            **letter,
            **by,
        )


def typed_content(part: Part, content: Content, based_on: int) -> dict[str, list[str]]:
    """Fields of the form in which such a text is written; none where a part has no prose."""
    fields = {"based_on": str(based_on)}
    if part is Part.EDITION:
        prose = (name for name in EDITION if name != "asks")
        fields |= {name: content.get(name) or "" for name in prose}
        fields["asks"] = "\n".join(content.get("asks") or [])
    elif part is Part.LETTER:
        fields |= {name: content.get(name) or "" for name in LETTER}
        for at, (key, text, needed) in enumerate(points_from(content)):
            row = {"key": key, "text": text, "position": str(at + 1)}
            row |= {"required": "y"} if needed else {}
            fields |= {f"points-{at}-{name}": value for name, value in row.items()}
    else:
        return {}
    return {name: [value] for name, value in fields.items()}


def _aim(session: Session, official: str, kind: str, mission: str) -> Aim:
    through = get_mission(session, slug=mission) if mission else None
    return Aim(get_official(session, slug=official), TargetKind(kind), through)


def _check_lengths(content: Content) -> None:
    for name, limit in LIMITS.items():
        if len(str(content.get(name) or "")) > limit:
            raise Invalid(fields={name: "text-too-long"})
    asks = content.get("asks") or []
    if len(asks) > MOST_ASKS or any(len(ask) > ASK_LIMIT for ask in asks):
        raise Invalid(fields={"asks": "text-too-long"})
    for key, text, _ in points_from(content):
        if len(text) > POINT_LIMIT:
            raise Invalid(fields={f"point:{key}": "text-too-long"})
