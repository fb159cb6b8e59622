"""What somebody types who begins a campaign, kept for them alone: at the server, like all drafts.

Other drafts belong to a campaign (`drafts`); here there is none yet, so each person has one.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.campaigns.content import drafts
from campaign.campaigns.content.drafts import Tab
from campaign.models.revision import NewCampaignDraft

Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class NewDraft:
    """The form's fields, as they were typed."""

    content: Fields
    saved_at: datetime


def keep(session: Session, *, staff_id: int, content: Fields, tab: Tab) -> bool:
    """Keep what was typed; False where something else is kept that the tab does not know."""
    return drafts.store_draft(session, NewCampaignDraft, {"staff_id": staff_id}, content, tab)


def find(session: Session, *, staff_id: int) -> NewDraft | None:
    """What this person has typed and not made a campaign of."""
    row = session.get(NewCampaignDraft, staff_id, populate_existing=True)
    return NewDraft(json.loads(row.content), row.saved_at) if row else None


def drop(session: Session, *, staff_id: int, tab: Tab) -> bool:
    """Throw it away: it is made, or not wanted. False where another tab has newer text."""
    return drafts.remove_draft(session, NewCampaignDraft, {"staff_id": staff_id}, tab)
