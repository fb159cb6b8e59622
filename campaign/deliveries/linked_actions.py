"""What a stop must name of the actions linked to it: those of which letters can still go out."""

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from campaign.bundles.bundle_status import has_as_many_gone, has_letters_here
from campaign.bundles.freeze.signed_sheets import count_waiting_on_paper, has_sheets_here
from campaign.bundles.freeze.waiting_counts import count_waiting
from campaign.campaigns.find_campaigns import list_linked
from campaign.campaigns.stop_rule import gives_letters
from campaign.core import db
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, CampaignStatus


def has_letters_left(session: Session, campaign: Campaign) -> bool:
    """Whether letters or signed sheets of it wait for a bundle, or lie in one undelivered."""
    if not gives_letters(campaign.status):
        return False
    if count_waiting(session, [target.id for target in campaign.targets]):
        return True
    of_it = (Bundle.campaign_id == campaign.id, Bundle.state != BundleState.CANCELLED)
    left = or_(has_sheets_here(), and_(~has_as_many_gone(), has_letters_here()))
    here = select(Bundle.id).where(*of_it, left)
    return bool(count_waiting_on_paper(session, [campaign.id])) or db.has_row(session, here)


def list_linked_going_out(session: Session, campaign: Campaign) -> list[Campaign]:
    """List those linked to it that are open, or closed with letters left."""
    return [
        other
        for other in list_linked(session, campaign)
        if other.status is CampaignStatus.OPEN or has_letters_left(session, other)
    ]
