"""Deleting a draft that nobody outside the desk has ever seen."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.campaigns import rehearsal
from campaign.core import audit
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign, CampaignStatus


def delete_draft(session: Session, campaign: Campaign, *, actor: str) -> None:
    """Delete it with its texts, letters, risk flags and rehearsal; its picture's file is swept.

    Raises Refused: `not-a-draft` where it waits for its opening or was open once, `draft-in-use`
    where something real hangs on it, such as a sheet that people signed.
    """
    session.refresh(campaign, with_for_update=True)
    if campaign.status is not CampaignStatus.DRAFT or campaign.opened_at is not None:
        raise Refused("not-a-draft")
    if campaign.followed_by:
        raise Refused("draft-in-use")
    reference, number = campaign.reference, campaign.id
    try:
        with session.begin_nested():
            rehearsal.wipe(session, campaign)
            session.delete(campaign)
            session.flush()
    except IntegrityError as problem:
        raise Refused("draft-in-use") from problem
    audit.record(
        session,
        actor=actor,
        action="campaign.delete",
        subject=f"campaign:{number}",
        reference=reference,
    )
