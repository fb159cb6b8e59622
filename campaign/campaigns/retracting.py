"""Taking an update back that organizers posted."""

from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import db
from campaign.campaigns.changes import record_change
from campaign.campaigns.models import Campaign, Update, UpdateKind
from campaign.errors import NotFound, Refused
from campaign.storage import storage

_TAKEN_BACK_ELSEWHERE = frozenset({UpdateKind.DELIVERY, UpdateKind.REPLY})


def may_take_back(update: Update) -> bool:
    """Whether it is taken back here: answers and handovers are where they were published."""
    return update.kind not in _TAKEN_BACK_ELSEWHERE


def take_back_update(unit: Session, campaign: Campaign, update_id: int, *, actor: str) -> Update:
    """Take a post off the page; mails of it that still wait are not sent.

    Gives the post as it was. Raises NotFound where the campaign has none of that id, and Refused
    (`not-taken-back-here`) for an answer or a handover.
    """
    update = next((one for one in campaign.updates if one.id == update_id), None)
    if update is None:
        raise NotFound("update")
    if not may_take_back(update):
        raise Refused("not-taken-back-here")
    _forget_picture(unit, update)
    campaign.updates.remove(update)
    record_change(unit, campaign, actor, "campaign.update-take-back", kind=update.kind.value)
    return update


def _forget_picture(unit: Session, update: Update) -> None:
    """Delete the picture's file, unless another post shows the same."""
    others = select(func.count(Update.id)).where(
        Update.picture == update.picture, Update.id != update.id
    )
    if update.picture and not unit.scalar(others):
        db.after_commit(unit, partial(storage().delete, update.picture))
