"""Two officials become one: no campaign ends with the same target twice, no letter goes twice."""

from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import targets_content
from campaign.core.db import references_to, table_of
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.delivery import LetterMove
from campaign.models.letter_template import LetterTemplate
from campaign.models.revision import Part
from campaign.models.signature import Letter

_RULED = {table_of(Letter), table_of(LetterTemplate)}


def move_targets(session: Session, kept_id: int, gone_id: int, actor: str) -> None:
    """Aim at the official who is kept; where a campaign aims at both, fold the two into one.

    Raises Refused (`merge-printed-twice`) where letters to both are in bundles of one campaign.
    """
    session.flush()
    for gone in session.scalars(select(Target).where(Target.official_id == gone_id)).all():
        campaign = gone.campaign
        before = targets_content(campaign)
        twin = session.scalar(
            select(Target).where(
                Target.campaign_id == gone.campaign_id, Target.official_id == kept_id
            )
        )
        survivor = gone.id if twin is None else _fold(session, campaign, twin, gone)
        session.execute(update(Target).where(Target.id == survivor).values(official_id=kept_id))
        session.expire_all()
        after = targets_content(campaign)
        revisions.keep(session, campaign, Part.TARGETS, "", before=before, after=after, actor=actor)


def _fold(session: Session, campaign: Campaign, first: Target, second: Target) -> int:
    """Make one of two targets of a campaign; gives the id of the one that stays."""
    kept, gone = first, second
    if _is_printed(session, second):
        if _is_printed(session, first):
            raise Refused("merge-printed-twice", campaign=campaign.reference)
        kept, gone = second, first
    kept_id, gone_id = kept.id, gone.id
    facts: dict[str, Any] = {
        "kind": TargetKind.TO if TargetKind.TO in {kept.kind, gone.kind} else kept.kind,
        "mission_id": kept.mission_id or gone.mission_id,
        "position": min(kept.position, gone.position),
    }
    _move_letters(session, kept_id, gone_id)
    _move_templates(session, kept_id, gone_id)
    for column in references_to(Target):
        if column.table not in _RULED:
            session.execute(update(column.table).where(column == gone_id).values({column: kept_id}))
    session.execute(delete(Target).where(Target.id == gone_id))
    session.execute(update(Target).where(Target.id == kept_id).values(facts))
    return kept_id


def _move_letters(session: Session, kept_id: int, gone_id: int) -> None:
    """Letters follow; of two from one supporter, the one that was never printed goes."""
    twins = select(Letter.signature_id).where(Letter.target_id == kept_id)
    session.execute(
        delete(Letter)
        .where(
            Letter.target_id == gone_id, Letter.bundle_id.is_(None), Letter.signature_id.in_(twins)
        )
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Letter)
        .where(Letter.target_id == gone_id)
        .values(target_id=kept_id)
        .execution_options(synchronize_session=False)
    )


def _move_templates(session: Session, kept_id: int, gone_id: int) -> None:
    """What was signed stays; versions of the one that goes come before those of the other."""
    newest = dict(
        session.execute(
            select(LetterTemplate.locale, func.max(LetterTemplate.version))
            .where(LetterTemplate.target_id == gone_id)
            .group_by(LetterTemplate.locale)
        ).all()
    )
    mine = select(LetterTemplate.id, LetterTemplate.locale, LetterTemplate.version).where(
        LetterTemplate.target_id == kept_id, LetterTemplate.locale.in_(newest)
    )
    for template_id, locale, version in session.execute(
        mine.order_by(LetterTemplate.version.desc())
    ).all():
        moved = update(LetterTemplate).where(LetterTemplate.id == template_id)
        session.execute(moved.values(version=version + newest[locale]))
    session.execute(
        update(LetterTemplate).where(LetterTemplate.target_id == gone_id).values(target_id=kept_id)
    )


def _is_printed(session: Session, target: Target) -> bool:
    """Whether a bundle's frozen facts name it, also one that its letters are in no more."""
    moved = exists().where(LetterMove.letter_id == Letter.id)
    printed = select(Letter.id).where(
        Letter.target_id == target.id, Letter.bundle_id.is_not(None) | moved
    )
    return session.scalar(printed.limit(1)) is not None
