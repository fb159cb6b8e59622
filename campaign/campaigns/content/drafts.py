"""What somebody is writing at the desk and has not saved, kept for them alone.

A draft is offered again after a lost session or a closed tab, and never published by itself. One
that was saved over somebody else's text waits, as a conflict, until its writer has chosen.

A tab replaces or removes no draft that it neither wrote nor shows: what was typed elsewhere stays.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.part_contents import Content
from campaign.core import db, jobs
from campaign.models.campaign import Campaign
from campaign.models.revision import DeskDraft, NewCampaignDraft
from campaign.web.edit_conflict import mark_of

KEPT_DAYS = 60
TAB = "draft_tab"
"""The form's field that names the tab in which it is filled in."""
_TRIES = 3
Row = DeskDraft | NewCampaignDraft


@dataclass(frozen=True, slots=True)
class Tab:
    """What one page of a browser knows of the drafts kept at its place."""

    name: str = ""
    """Of the tab, as what it writes carries it; empty: none."""
    shown: tuple[str, ...] = ()
    """Marks of drafts that it shows, or was told to replace."""

    def knows(self, content: Mapping[str, object]) -> bool:
        own = bool(self.name) and content.get(TAB) == [self.name]
        return own or draft_mark(content) in self.shown


NO_TAB = Tab()


@dataclass(frozen=True, slots=True)
class DraftPlace:
    """Where the draft of one person is kept; without a campaign: of one that is not created yet."""

    staff_id: int
    campaign_id: int | None = None
    part: str = ""
    place: str = ""
    conflict: bool = False

    @property
    def table(self) -> type[Row]:
        return NewCampaignDraft if self.campaign_id is None else DeskDraft

    def key(self) -> dict[str, object]:
        return {"staff_id": self.staff_id} if self.campaign_id is None else asdict(self)


@dataclass(frozen=True, slots=True)
class Draft:
    content: Content
    saved_at: datetime
    part: str = ""
    place: str = ""
    based_on: int = 0
    """The revision that its writer saw; 0: none."""


def draft_mark(content: Mapping[str, object]) -> str:
    return mark_of({name: value for name, value in content.items() if name != TAB})


def keep_draft(
    session: Session, at: DraftPlace, content: Content, *, based_on: int = 0, tab: Tab = NO_TAB
) -> bool:
    """Keep what was typed; False where something else is kept there that the tab does not know."""
    key = at.key()
    values = {"content": json.dumps(content, ensure_ascii=False), "saved_at": db.utcnow()}
    values |= {} if at.campaign_id is None else {"based_on": based_on}
    for _ in range(_TRIES):
        row = _lock_row(session, at)
        if row is not None:
            stored = json.loads(row.content)
            if not tab.knows(stored) and draft_mark(stored) != draft_mark(content):
                return False
            for name, value in values.items():
                setattr(row, name, value)
            session.flush()
            return True
        if db.insert_new(session, at.table, **key, **values):
            return True
        # Another tab was quicker: look at what it kept.
    return False


def _lock_row(session: Session, at: DraftPlace) -> Row | None:
    """The row of that place, which nobody else changes until the transaction ends."""
    return _find_row(session, at, select(at.table).with_for_update())


def drop_draft(session: Session, at: DraftPlace, tab: Tab) -> bool:
    """Delete the draft of that place; False where it holds what the tab does not know."""
    row = _lock_row(session, at)
    if row is None:
        return True
    if not tab.knows(json.loads(row.content)):
        return False
    session.delete(row)
    session.flush()
    return True


def find_draft(session: Session, at: DraftPlace) -> Draft | None:
    row = _find_row(session, at, select(at.table))
    return _draft(row) if row else None


def _find_row(session: Session, at: DraftPlace, query: Select[Any]) -> Row | None:
    query = query.filter_by(**at.key()).execution_options(populate_existing=True)
    row: Row | None = session.scalar(query)
    return row


def list_conflicts(session: Session, campaign: Campaign, *, staff_id: int) -> Sequence[Draft]:
    """Texts that wait to be merged with somebody else's."""
    own = select(DeskDraft).filter_by(staff_id=staff_id, campaign_id=campaign.id, conflict=True)
    return [_draft(row) for row in session.scalars(own.order_by(DeskDraft.id))]


def list_colleagues(
    session: Session, campaign: Campaign, *, part: str, staff_id: int
) -> Sequence[tuple[int, datetime]]:
    """List who else has a draft of that part, and when it was kept: never what it says."""
    kept = select(DeskDraft.staff_id, func.max(DeskDraft.saved_at)).where(
        DeskDraft.campaign_id == campaign.id,
        DeskDraft.part == part,
        DeskDraft.staff_id != staff_id,
        ~DeskDraft.conflict,
    )
    rows = session.execute(kept.group_by(DeskDraft.staff_id).order_by(DeskDraft.staff_id))
    return [(ident, saved_at) for ident, saved_at in rows]


def drop_conflict(session: Session, at: DraftPlace) -> None:
    session.execute(delete(DeskDraft).filter_by(**at.key()))


def drop_everybodys(session: Session, campaign: Campaign, *, part: str, place: str) -> None:
    kept = delete(DeskDraft).filter_by(campaign_id=campaign.id, part=part, place=place)
    session.execute(kept)


@jobs.job("campaigns.forget-drafts", every_minutes=720)
def forget_drafts() -> None:
    limit = db.utcnow() - timedelta(days=KEPT_DAYS)
    with db.transaction() as session:
        session.execute(delete(DeskDraft).where(DeskDraft.saved_at < limit))
        session.execute(delete(NewCampaignDraft).where(NewCampaignDraft.saved_at < limit))


def _draft(row: Row) -> Draft:
    content = json.loads(row.content)
    if isinstance(row, NewCampaignDraft):
        return Draft(content, row.saved_at)
    return Draft(content, row.saved_at, row.part, row.place, row.based_on)
