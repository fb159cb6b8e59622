"""How a bundle stands: whether it is out of our hands, and waiting for one's turn at it."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from campaign.bundles.models import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.campaigns.models import CampaignStatus
from campaign.errors import Refused

STILL_HERE = frozenset({DeliveryOutcome.REFUSED, DeliveryOutcome.STOPPED})
"""How an attempt can end so that every letter came back."""


def hold(unit: Session, bundle: Bundle) -> None:
    """Wait for whoever freezes, stops, hands over or withdraws in its campaign to end."""
    unit.refresh(bundle.campaign, with_for_update={"key_share": True})
    unit.refresh(bundle)


def handed_over() -> ColumnElement[bool]:
    """Whether letters of a bundle are out of our hands, for a query on bundles."""
    return (
        select(DeliveryAttempt.id)
        .where(DeliveryAttempt.bundle_id == Bundle.id, DeliveryAttempt.outcome.not_in(STILL_HERE))
        .exists()
    )


def is_handed_over(unit: Session, bundle: Bundle) -> bool:
    """Whether it is out of our hands: from then on nothing of it changes."""
    return bool(unit.scalar(select(Bundle.id).where(Bundle.id == bundle.id, handed_over())))


def refuse_handed_over(unit: Session, bundle: Bundle) -> None:
    """Raise Refused (`handed-over`) where the bundle is out of our hands."""
    if is_handed_over(unit, bundle):
        raise Refused("handed-over")


def refuse_emptied(bundle: Bundle) -> None:
    """Raise Refused (`emptied`) where the files are gone: nobody is to be found in them."""
    if bundle.emptied_at is not None:
        raise Refused("emptied")


def refuse_stopped(bundle: Bundle) -> None:
    """Raise Refused (`stopped`) where nothing may go out any more."""
    if bundle.campaign.status is CampaignStatus.STOPPED:
        raise Refused("stopped", campaign=bundle.campaign.slug)
