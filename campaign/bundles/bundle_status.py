"""How a bundle stands: whether it is out of our hands, and waiting for one's turn at it."""

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.campaigns.stop_rule import may_go_out_sql
from campaign.core.errors import NotFound, Refused
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import Rerouting

STILL_HERE = frozenset({DeliveryOutcome.REFUSED, DeliveryOutcome.STOPPED})
"""How an attempt can end so that every letter came back."""


def hold(session: Session, bundle: Bundle) -> None:
    """Wait for whoever freezes, stops, hands over or withdraws in its campaign to end.

    Then see the bundle as they left it. Raises NotFound where they removed it.
    """
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait.
    session.refresh(bundle.campaign, with_for_update={"key_share": True})
    try:
        session.refresh(bundle)
    except InvalidRequestError as problem:
        raise NotFound("bundle") from problem


def bundle_may_go_out(bundle_id: QueryableAttribute[Any]) -> ColumnElement[bool]:
    """Whether a stop holds back nothing of the bundle of that id, for a query on what has one."""
    running = (
        select(Bundle.id).join(Campaign, Campaign.id == Bundle.campaign_id).where(may_go_out_sql())
    )
    return bundle_id.in_(running)


def handed_over() -> ColumnElement[bool]:
    """Whether letters of a bundle are out of our hands, for a query on bundles."""
    return (
        select(DeliveryAttempt.id)
        .where(DeliveryAttempt.bundle_id == Bundle.id, DeliveryAttempt.outcome.not_in(STILL_HERE))
        .exists()
    )


def is_handed_over(session: Session, bundle: Bundle) -> bool:
    """Whether letters of it are out of our hands."""
    return bool(session.scalar(select(Bundle.id).where(Bundle.id == bundle.id, handed_over())))


def refuse_handed_over(session: Session, bundle: Bundle) -> None:
    """Raise Refused (`handed-over`) where letters of the bundle are out of our hands."""
    if is_handed_over(session, bundle):
        raise Refused("handed-over")


def moved_on() -> ColumnElement[bool]:
    """Whether letters of a bundle went on through another mission, for a query on bundles."""
    return exists().where(Rerouting.from_bundle_id == Bundle.id)


def is_rerouted(session: Session, bundle: Bundle) -> bool:
    """Whether letters went on through another mission, from this bundle or into it."""
    either = or_(Rerouting.from_bundle_id == bundle.id, Rerouting.to_bundle_id == bundle.id)
    return session.scalar(select(Rerouting.to_bundle_id).where(either).limit(1)) is not None


def is_settled(session: Session, bundle: Bundle) -> bool:
    """Whether nothing of it changes any more: it was handed over, or its letters went on."""
    settled = or_(handed_over(), moved_on())
    return session.scalar(select(Bundle.id).where(Bundle.id == bundle.id, settled)) is not None


def refuse_settled(session: Session, bundle: Bundle) -> None:
    """Raise Refused where nothing of it changes any more: `handed-over`, `moved-on`."""
    refuse_handed_over(session, bundle)
    if is_settled(session, bundle):
        raise Refused("moved-on")


def refuse_emptied(bundle: Bundle) -> None:
    """Raise Refused (`emptied`) where the files are gone: nobody is to be found in them."""
    if bundle.emptied_at is not None:
        raise Refused("emptied")
