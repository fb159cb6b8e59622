"""Taking an update back that organizers posted.

The file of its picture is left to `picture_sweep`: others may show the same.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.changes import record_change
from campaign.core.errors import NotFound, Refused
from campaign.models.campaign import Campaign, Update, UpdateKind


def made_elsewhere(unit: Session, campaign: Campaign) -> set[int]:
    """Posts made of a logged reply, and handovers: they are taken back where they were published.

    A reply that somebody posted by hand is taken back as any other post.
    """
    logged = Update.metadata.tables["reply"].c.update_id
    ids = {kind: [one.id for one in campaign.updates if one.kind is kind] for kind in UpdateKind}
    replies = unit.scalars(select(logged).where(logged.in_(ids[UpdateKind.REPLY])))
    return {*ids[UpdateKind.DELIVERY], *replies}


def take_back_update(unit: Session, campaign: Campaign, update_id: int, *, actor: str) -> Update:
    """Take a post off the page; mails of it that still wait are not sent.

    Gives the post as it was. Raises NotFound where the campaign has none of that id, and Refused
    (`not-taken-back-here`) for one that is taken back where it was published.
    """
    update = next((one for one in campaign.updates if one.id == update_id), None)
    if update is None:
        raise NotFound("update")
    if update.id in made_elsewhere(unit, campaign):
        raise Refused("not-taken-back-here")
    campaign.updates.remove(update)
    record_change(unit, campaign, actor, "campaign.update-take-back", kind=update.kind.value)
    return update
