"""The sheets that people signed by hand: they travel with a bundle, once."""

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from campaign.bundles.models import Bundle, BundleState
from campaign.campaigns.models import Campaign
from campaign.signing.models import Origin, Signature, SignatureState


def waiting_on_paper(unit: Session, campaign: Campaign) -> int:
    """How many people stand on sheets that no bundle has taken along yet."""
    people = unit.scalar(
        select(func.count(Signature.id)).where(
            Signature.campaign_id == campaign.id,
            Signature.state == SignatureState.CONFIRMED,
            Signature.origin == Origin.PAPER,
            # Said as the index says it: it holds only the few that did not sign online.
            Signature.origin != literal_column("'online'"),
        )
    )
    carried = unit.scalars(
        select(Bundle.frozen).where(
            Bundle.campaign_id == campaign.id, Bundle.state != BundleState.FAILED
        )
    )
    return max(0, (people or 0) - sum(int(one.get("on_paper", 0)) for one in carried))
