"""Two missions, or officials, become one: their bundles go on being numbered."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import find_bundles
from campaign.models.bundle import Bundle


def move_bundles(session: Session, kept_id: int, gone_id: int, _actor: str) -> None:
    """Bundles follow; where both have some of one campaign, those that come are numbered anew.

    What is printed keeps the number that it has on paper: so does its folder, also made again.
    """
    _move(session, "mission", kept_id, gone_id)


def move_posted(session: Session, kept_id: int, gone_id: int, _actor: str) -> None:
    """As `move_bundles`, those that go by post."""
    _move(session, "official", kept_id, gone_id)


def _move(session: Session, owner: str, kept_id: int, gone_id: int) -> None:
    name = f"{owner}_id"
    column = getattr(Bundle, name)
    theirs = select(Bundle).where(column == gone_id).order_by(Bundle.sequence)
    for bundle in session.scalars(theirs).all():
        taken = select(func.max(Bundle.sequence)).where(
            Bundle.campaign_id == bundle.campaign_id, column == kept_id
        )
        last = session.scalar(taken)
        setattr(bundle, name, kept_id)
        if last is not None:
            bundle.frozen = {**bundle.frozen, "folder": find_bundles.zip_name(bundle)}
            bundle.sequence = last + 1
        session.flush()
        session.expire(bundle, [owner])
