"""What somebody is writing at the desk and has not saved, kept for them alone.

A draft is offered again after a lost session or a closed tab, and never published by itself. One
that was saved over somebody else's text waits, as a conflict, until its writer has chosen.

A tab replaces or removes no draft that it neither wrote nor shows: what was typed elsewhere stays.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.part_contents import Content
from campaign.core import db, jobs
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.models.revision import DeskDraft, NewCampaignDraft
from campaign.web.edit_conflict import mark_of

KEPT_DAYS = 60
TAB = "draft_tab"
"""The form's field that names the tab in which it is filled in."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Tab:
    """What one page of a browser knows of the drafts kept at its place."""

    name: str = ""
    """Of the tab, as what it writes carries it; empty: none."""
    shown: tuple[str, ...] = ()
    """Marks of drafts that it shows, or was told to replace."""

    def knows(self, content: Mapping[str, object]) -> bool:
        return (bool(self.name) and content.get(TAB) == [self.name]) or (
            draft_mark(content) in self.shown
        )


NO_TAB = Tab()
Row = TypeVar("Row", DeskDraft, NewCampaignDraft)


@dataclass(frozen=True, slots=True)
class Draft:
    part: str
    place: str
    based_on: int
    content: Content
    saved_at: datetime


def draft_mark(content: Mapping[str, object]) -> str:
    return mark_of({name: value for name, value in content.items() if name != TAB})


def keep(
    session: Session,
    campaign: Campaign,
    *,
    staff_id: int,
    part: str,
    place: str,
    based_on: int,
    content: Content,
    conflict: bool = False,
    tab: Tab = NO_TAB,
) -> bool:
    """Keep what was typed; False where something else is kept there that the tab does not know."""
    key = _key(campaign, staff_id, part, place, conflict)
    return store_draft(session, DeskDraft, key, content, tab, based_on=based_on)


def store_draft(
    session: Session,
    table: type[Row],
    key: Mapping[str, object],
    content: Content,
    tab: Tab,
    **more: object,
) -> bool:
    """Insert the row with that key, or update it where the tab knows what it holds, in one go."""
    values = {"content": json.dumps(content, ensure_ascii=False), "saved_at": db.utcnow(), **more}
    for _ in range(_TRIES):
        row = lock_draft(session, table, key)
        if row is not None:
            stored = json.loads(row.content)
            if not tab.knows(stored) and draft_mark(stored) != draft_mark(content):
                return False
            for name, value in values.items():
                setattr(row, name, value)
            session.flush()
            return True
        inserted = session.scalar(
            db.insert_into(session, table)
            .values(**key, **values)
            .on_conflict_do_nothing(index_elements=list(key))
            .returning(table.staff_id)
        )
        if inserted is not None:
            return True
        # Another tab was quicker: look at what it kept.
    return False


def lock_draft(session: Session, table: type[Row], key: Mapping[str, object]) -> Row | None:
    """The row with that key, which nobody else changes until the transaction ends."""
    query = select(table).filter_by(**key).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def remove_draft(session: Session, table: type[Row], key: Mapping[str, object], tab: Tab) -> bool:
    """Delete the row with that key; False where it holds what the tab does not know."""
    row = lock_draft(session, table, key)
    if row is None:
        return True
    if not tab.knows(json.loads(row.content)):
        return False
    session.delete(row)
    session.flush()
    return True


def find(
    session: Session,
    campaign: Campaign,
    *,
    staff_id: int,
    part: str,
    place: str,
    conflict: bool = False,
) -> Draft | None:
    key = _key(campaign, staff_id, part, place, conflict)
    row = session.scalar(select(DeskDraft).filter_by(**key))
    return _draft(row) if row else None


def get_conflict(
    session: Session, campaign: Campaign, *, staff_id: int, part: str, place: str
) -> Draft:
    """The text that waits to be brought together with somebody else's. Raises NotFound."""
    draft = find(session, campaign, staff_id=staff_id, part=part, place=place, conflict=True)
    if draft is None:
        raise NotFound("draft")
    return draft


def list_conflicts(session: Session, campaign: Campaign, *, staff_id: int) -> Sequence[Draft]:
    key = {"staff_id": staff_id, "campaign_id": campaign.id, "conflict": True}
    rows = session.scalars(select(DeskDraft).filter_by(**key).order_by(DeskDraft.id))
    return [_draft(row) for row in rows]


def drop(
    session: Session, campaign: Campaign, *, staff_id: int, part: str, place: str, tab: Tab
) -> bool:
    return remove_draft(session, DeskDraft, _key(campaign, staff_id, part, place), tab)


def drop_conflict(
    session: Session, campaign: Campaign, *, staff_id: int, part: str, place: str
) -> None:
    key = _key(campaign, staff_id, part, place, conflict=True)
    session.execute(delete(DeskDraft).filter_by(**key))


def drop_everybodys(session: Session, campaign: Campaign, *, part: str, place: str) -> None:
    place_of = {"campaign_id": campaign.id, "part": part, "place": place}
    session.execute(delete(DeskDraft).filter_by(**place_of))


@jobs.job("campaigns.forget-drafts", every_minutes=720)
def forget_drafts() -> None:
    limit = db.utcnow() - timedelta(days=KEPT_DAYS)
    with db.transaction() as session:
        session.execute(delete(DeskDraft).where(DeskDraft.saved_at < limit))
        session.execute(delete(NewCampaignDraft).where(NewCampaignDraft.saved_at < limit))


def _key(
    campaign: Campaign, staff_id: int, part: str, place: str, conflict: bool = False
) -> dict[str, object]:
    return {
        "staff_id": staff_id,
        "campaign_id": campaign.id,
        "part": part,
        "place": place,
        "conflict": conflict,
    }


def _draft(row: DeskDraft) -> Draft:
    return Draft(row.part, row.place, row.based_on, json.loads(row.content), row.saved_at)


Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class NewDraft:
    content: Fields
    saved_at: datetime


def keep_new(session: Session, *, staff_id: int, content: Fields, tab: Tab) -> bool:
    """Keep what was typed; False where something else is kept that the tab does not know."""
    return store_draft(session, NewCampaignDraft, {"staff_id": staff_id}, content, tab)


def find_new(session: Session, *, staff_id: int) -> NewDraft | None:
    row = session.get(NewCampaignDraft, staff_id, populate_existing=True)
    return NewDraft(json.loads(row.content), row.saved_at) if row else None


def drop_new(session: Session, *, staff_id: int, tab: Tab) -> bool:
    """Throw it away: it is made, or not wanted. False where another tab has newer text."""
    return remove_draft(session, NewCampaignDraft, {"staff_id": staff_id}, tab)
