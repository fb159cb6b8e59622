"""How a bundle stands: whether it is out of our hands, and waiting for one's turn at it."""

from sqlalchemy.orm import Session

from campaign import db
from campaign.bundles.models import Bundle
from campaign.campaigns.models import CampaignStatus
from campaign.errors import Refused


def hold(unit: Session, bundle: Bundle) -> None:
    """Wait for whoever freezes, stops, hands over or withdraws in its campaign to end."""
    unit.refresh(bundle.campaign, with_for_update={"key_share": True})
    unit.refresh(bundle)


def refuse_handed_over(bundle: Bundle) -> None:
    """Raise Refused (`handed-over`) where the bundle is out of our hands."""
    if bundle.handed_over_at is not None:
        raise Refused("handed-over")


def refuse_stopped(bundle: Bundle) -> None:
    """Raise Refused (`stopped`) where nothing may go out: letters would do harm now."""
    if bundle.campaign.status is CampaignStatus.STOPPED:
        raise Refused("stopped", campaign=bundle.campaign.slug)


def note_handed_over(unit: Session, bundle: Bundle) -> None:
    """From now on nothing of the bundle changes; its files are kept as they were handed over."""
    bundle.handed_over_at = bundle.handed_over_at or db.utcnow()
    unit.flush()
