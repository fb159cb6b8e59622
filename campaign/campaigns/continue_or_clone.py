"""A new draft made from a campaign: further information that continues it, or a clone."""

from copy import deepcopy
from typing import Any

from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import create_campaign
from campaign.campaigns.changes import note
from campaign.campaigns.content.current_letters import current_templates
from campaign.core import db
from campaign.models.campaign import Campaign, Edition, Target
from campaign.models.letter_template import LetterTemplate, TalkingPoint
from campaign.models.revision import RiskFlag
from campaign.models.staff import CampaignMember

OF_ITS_OWN = frozenset(
    {
        "id", "public_id", "seal_id", "slug", "reference", "index_number", "status",
        "status_reasons",
        "stop_kind", "issued_on", "act_by", "opened_at", "closed_at", "stopped_at", "open_at",
        "opening_missed_at", "submitted_by_id", "review_note", "follows_id", "created_by_id",
        "owner_id", "forgotten_at", "created_at", "changed_at",
    }
)  # fmt: skip
"""What a campaign does not take from another; all else is carried over, also what comes later."""
_KEYS = frozenset({"id", "public_id", "seal_id", "campaign_id", "target_id", "template_id"})


def continue_campaign(
    session: Session, earlier: Campaign, *, actor: str, created_by_id: int | None, reference: str
) -> Campaign:
    """Further information: a draft that continues `earlier`, linked to it, with the same team.

    It has its texts, targets, letters, options and risk flags; days are its own. Raises
    Invalid with the field `reference` where another campaign has it.
    """
    made = _carry_over(session, earlier, actor, created_by_id, reference)
    made.follows_id = earlier.id
    _take_risks(earlier, made)
    session.flush()
    session.expire(earlier, ["followed_by"])
    _take_team(session, earlier, made)
    note(session, made, actor, "campaign.continue", earlier=earlier.id)
    return made


def clone_campaign(
    session: Session,
    other: Campaign,
    *,
    actor: str,
    created_by_id: int | None,
    reference: str,
    risks: bool = False,
) -> Campaign:
    """A draft with the texts, targets, letters and options of another campaign, and no link.

    With `risks` it has its risk flags too: the same people could be harmed. Raises
    Invalid with the field `reference` where another campaign has it.
    """
    made = _carry_over(session, other, actor, created_by_id, reference)
    if risks:
        _take_risks(other, made)
    note(session, made, actor, "campaign.clone", other=other.id)
    return made


def _carry_over(
    session: Session, source: Campaign, actor: str, created_by_id: int | None, reference: str
) -> Campaign:
    made = create_campaign(
        session,
        actor=actor,
        created_by_id=created_by_id,
        **(_columns_of(source, OF_ITS_OWN) | {"reference": reference}),
    )
    made.editions = [
        Edition(**_columns_of(edition, _KEYS | {"outcome"})) for edition in source.editions
    ]
    targets = {target.id: Target(**_columns_of(target, _KEYS)) for target in source.targets}
    made.targets = list(targets.values())
    session.flush()
    for old_id in (None, *targets):
        own = targets[old_id].id if old_id is not None else None
        for template in current_templates(source, old_id).values():
            made.templates.append(_first_version(template, own, created_by_id))
    session.flush()
    return made


def _first_version(
    template: LetterTemplate, target_id: int | None, created_by_id: int | None
) -> LetterTemplate:
    leave = _KEYS | {"version", "created_by_id", "created_at"}
    return LetterTemplate(
        **_columns_of(template, leave),
        version=1,
        target_id=target_id,
        created_by_id=created_by_id,
        points=[TalkingPoint(**_columns_of(point, _KEYS)) for point in template.points],
    )


def _columns_of(row: Any, leave: frozenset[str]) -> dict[str, Any]:
    names = (column.key for column in inspect(type(row)).column_attrs)
    return {name: deepcopy(getattr(row, name)) for name in names if name not in leave}


def _take_risks(source: Campaign, made: Campaign) -> None:
    made.risk_flags = [RiskFlag(kind=flag.kind, words=flag.words) for flag in source.risk_flags]


def _take_team(session: Session, earlier: Campaign, made: Campaign) -> None:
    """Who worked on the earlier action goes on working on the case."""
    on_team = select(CampaignMember.staff_user_id).where(CampaignMember.campaign_id == earlier.id)
    people = {*session.scalars(on_team), earlier.owner_id} - {made.owner_id, None}
    now = db.utcnow()
    if rows := [
        {"campaign_id": made.id, "staff_user_id": person_id, "added_at": now}
        for person_id in sorted(people)
    ]:
        session.execute(insert(CampaignMember), rows)
