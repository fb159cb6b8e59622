"""What somebody types who begins a campaign, kept for them alone: at the server, like all drafts.

Other drafts belong to a campaign (`drafts`); here there is none yet, so each person has one.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from campaign import db
from campaign.campaigns.revision_models import NewCampaignDraft

Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class NewDraft:
    """The form's fields, as they were typed."""

    content: Fields
    saved_at: datetime


def keep(unit: Session, *, staff_id: int, content: Fields) -> None:
    """Keep what was typed in place of what was kept before."""
    said = {"content": json.dumps(content, ensure_ascii=False), "saved_at": db.utcnow()}
    unit.execute(
        db.insert_into(unit, NewCampaignDraft)
        .values(staff_id=staff_id, **said)
        .on_conflict_do_update(index_elements=["staff_id"], set_=said)
    )


def find(unit: Session, *, staff_id: int) -> NewDraft | None:
    """What this person has typed and not made a campaign of."""
    row = unit.get(NewCampaignDraft, staff_id, populate_existing=True)
    return NewDraft(json.loads(row.content), row.saved_at) if row else None


def drop(unit: Session, *, staff_id: int) -> None:
    """Throw it away: the campaign is made, or not wanted."""
    unit.execute(delete(NewCampaignDraft).where(NewCampaignDraft.staff_id == staff_id))
