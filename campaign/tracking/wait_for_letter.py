"""Waiting for whoever changes a letter at the same moment: a freeze, or another click."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature


def hold(unit: Session, *signatures: Signature) -> None:
    """See these signatures and their letters as they stand now, and keep bundles from freezing.

    A freeze holds its campaign in the same way, so each sees what the other did. In the order of
    ids, so that two who hold several never wait for each other.
    """
    ids = [one.id for one in signatures]
    campaigns = (
        select(Campaign)
        .where(Campaign.id.in_({one.campaign_id for one in signatures}))
        .order_by(Campaign.id)
    )
    mine = select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id)
    letters = select(Letter).where(Letter.signature_id.in_(ids))
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait. Objects are
    # seen anew only as their rows are read, hence `all`.
    for query in (campaigns.with_for_update(key_share=True), mine.with_for_update(), letters):
        unit.scalars(query.execution_options(populate_existing=True)).all()
