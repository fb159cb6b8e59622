"""Two officials become one: no campaign ends with the same target twice, no letter goes twice.

Letters belong to a higher layer: their table is asked about by its name.
"""

from typing import Any

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.orm import Session

from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import targets_content
from campaign.core.db import Base
from campaign.core.errors import Refused
from campaign.directory.duplicates.merge_entries import moves
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.letter_template import LetterTemplate
from campaign.models.revision import Part

_RULED = {"letter", "letter_template"}


@moves("target", "official")
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
    if _printed(session, second):
        if _printed(session, first):
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
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if table.name not in _RULED and any(
                key.target_fullname == "target.id" for key in column.foreign_keys
            ):
                session.execute(
                    update(table).where(column == gone_id).values({column.name: kept_id})
                )
    session.execute(delete(Target).where(Target.id == gone_id))
    session.execute(update(Target).where(Target.id == kept_id).values(facts))
    return kept_id


def _move_letters(session: Session, kept_id: int, gone_id: int) -> None:
    """Letters follow; of two from one supporter, the one that is not printed goes."""
    letter = _table("letter")
    twins = select(letter.c.signature_id).where(letter.c.target_id == kept_id)
    session.execute(
        delete(letter).where(
            letter.c.target_id == gone_id,
            letter.c.bundle_id.is_(None),
            letter.c.signature_id.in_(twins),
        )
    )
    session.execute(update(letter).where(letter.c.target_id == gone_id).values(target_id=kept_id))


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


def _printed(session: Session, target: Target) -> bool:
    letter = _table("letter")
    found = select(letter.c.id).where(
        letter.c.target_id == target.id, letter.c.bundle_id.is_not(None)
    )
    return session.scalar(found.limit(1)) is not None


def _table(name: str) -> Table:
    return Base.metadata.tables[name]
