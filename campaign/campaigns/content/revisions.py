"""Every state in which a part of a campaign was saved; of letters, their versions.

Whoever saves says which revision they saw: where another came since, nothing is overwritten.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.part_contents import Content, letter_content
from campaign.core import audit, db
from campaign.core.errors import NotFound, Refused
from campaign.models.campaign import Campaign, LetterTemplate, Target
from campaign.models.revision import Part, Revision

_SHOWN = 100
CHANGED = "changed-meanwhile"


@dataclass(frozen=True, slots=True)
class SavedState:
    number: int
    content: Content
    saved_by_id: int | None
    saved_at: datetime
    restored_from: int | None = None


def letter_place(locale: str, target: Target | None) -> str:
    return f"{locale}:{target.official.slug}" if target else locale


def list_kept(session: Session, campaign: Campaign, part: Part, place: str) -> list[SavedState]:
    if part is Part.LETTER:
        versions = _versions(campaign, place).order_by(LetterTemplate.version.desc())
        return [_version(row) for row in session.scalars(versions.limit(_SHOWN))]
    own = select(Revision).filter_by(**_key(campaign, part, place))
    rows = session.scalars(own.order_by(Revision.number.desc()).limit(_SHOWN))
    return [_kept(row) for row in rows]


def get_kept(
    session: Session, campaign: Campaign, part: Part, place: str, number: int
) -> SavedState:
    if part is Part.LETTER:
        version = session.scalar(_versions(campaign, place).where(LetterTemplate.version == number))
        kept = _version(version) if version else None
    else:
        key = _key(campaign, part, place) | {"number": number}
        row = session.scalar(select(Revision).filter_by(**key))
        kept = _kept(row) if row else None
    if kept is None:
        raise NotFound("revision", number=number)
    return kept


def base_of(session: Session, campaign: Campaign, part: Part, place: str, number: int) -> Content:
    """What somebody saw who based their text on that revision; nothing where none was there."""
    try:
        return get_kept(session, campaign, part, place, number).content
    except NotFound:
        return {}


def newest_number(session: Session, campaign: Campaign, part: Part, place: str) -> int:
    if part is Part.LETTER:
        numbers = _versions(campaign, place).with_only_columns(func.max(LetterTemplate.version))
        return session.scalar(numbers) or 0
    numbers = select(func.max(Revision.number)).filter_by(**_key(campaign, part, place))
    return session.scalar(numbers) or 0


def check(
    session: Session, campaign: Campaign, part: Part, based_on: int | None, place: str = ""
) -> None:
    """Wait for others who save or move this campaign; then raise Refused where one saved.

    `based_on` is the revision that the editor saw (0: none); None: nobody looked. The campaign is
    read again: it may have opened while we waited.
    """
    session.refresh(campaign, with_for_update={"key_share": True})
    if based_on is not None and based_on != (now := newest_number(session, campaign, part, place)):
        raise Refused(CHANGED, number=now)


def keep(
    session: Session,
    campaign: Campaign,
    part: Part,
    actor: str,
    before: Content,
    after: Content,
    place: str = "",
) -> None:
    """Keep a state that was saved; with the first one also the state before it, as number 0."""
    number = newest_number(session, campaign, part, place)
    if number == 0 and before:
        first = _row(campaign, part, place, 0, before)
        first.saved_by_id, first.saved_at = campaign.created_by_id, campaign.created_at
        session.add(first)
    saved = _row(campaign, part, place, number + 1, after)
    saved.saved_by_id = audit.staff_id(actor)
    db.add_row(session, saved)


def note_restored(
    session: Session, campaign: Campaign, part: Part, place: str, number: int
) -> None:
    newest = newest_number(session, campaign, part, place)
    key = _key(campaign, part, place) | {"number": newest}
    if (row := session.scalar(select(Revision).filter_by(**key))) is not None:
        row.restored_from = number
        session.flush()


def places_of(session: Session, campaign: Campaign) -> list[tuple[Part, str]]:
    """The parts of which something is kept, besides letters."""
    rows = session.execute(
        select(Revision.part, Revision.place)
        .where(Revision.campaign_id == campaign.id)
        .distinct()
        .order_by(Revision.part, Revision.place)
    )
    return [(part, place) for part, place in rows]


def _row(campaign: Campaign, part: Part, place: str, number: int, content: Content) -> Revision:
    text = json.dumps(content, ensure_ascii=False)
    return Revision(**_key(campaign, part, place), number=number, content=text)


def _key(campaign: Campaign, part: Part, place: str) -> dict[str, object]:
    return {"campaign_id": campaign.id, "part": part, "place": place}


def _kept(row: Revision) -> SavedState:
    content: Content = json.loads(row.content)
    return SavedState(row.number, content, row.saved_by_id, row.saved_at, row.restored_from)


def _versions(campaign: Campaign, place: str) -> Select[LetterTemplate]:
    locale, _, official = place.partition(":")
    target = next((target for target in campaign.targets if target.official.slug == official), None)
    if official and target is None:
        raise NotFound("target", official=official)
    return select_versions(campaign, locale, target)


def select_versions(
    campaign: Campaign, locale: str, target: Target | None
) -> Select[LetterTemplate]:
    """The versions of the letter for exactly that target, or for all (None)."""
    owner = target.id if target else None
    key = {"campaign_id": campaign.id, "locale": locale, "target_id": owner}
    return select(LetterTemplate).filter_by(**key)


def _version(template: LetterTemplate) -> SavedState:
    content = letter_content(template)
    return SavedState(template.version, content, template.created_by_id, template.created_at)
