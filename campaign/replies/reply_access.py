"""Who may do what with replies.

Organizers and admins see those of their campaigns, and publish. Staff, who come back from an
embassy with an answer, log it for what they carried; they see what they logged themselves.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.content.team import get_campaign_of
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.reply import Reply
from campaign.models.staff import Role, StaffUser, sees
from campaign.staff.guards import staff_user
from campaign.staff.roles import refuse_role

PUBLISHERS = frozenset({Role.ORGANIZER, Role.ADMIN})
_LISTED = 50


def may_open(user: StaffUser) -> ColumnElement[bool]:
    """Tell whether `user` may see a reply, for a query on replies. Raises NotFound: none at all."""
    refuse_role(user, list(Role), "reply")
    seen = sees(user, Reply.campaign_id)
    if user.role in PUBLISHERS:
        return seen
    return and_(seen, Reply.created_by_id == user.id)


def may_publish(user: StaffUser) -> bool:
    return user.role in PUBLISHERS


def load_campaign(slug: str) -> Campaign:
    """Return the campaign of this page. Raises NotFound where one may log no reply to it."""
    session, user = db.session(), staff_user()
    campaign = get_campaign_of(session, slug, user)
    if user.role in PUBLISHERS:
        return campaign
    carried = session.scalar(select(Bundle.id).where(Bundle.campaign_id == campaign.id).limit(1))
    if carried is None or lifecycle.is_rehearsal(campaign.status):
        raise NotFound("campaign", campaign=slug)
    return campaign


def list_carried(session: Session) -> Sequence[Campaign]:
    """List campaigns of which letters were printed to be carried, the newest bundle first."""
    newest = (
        select(Bundle.campaign_id, func.max(Bundle.id).label("last"))
        .group_by(Bundle.campaign_id)
        .subquery()
    )
    return session.scalars(
        select(Campaign)
        .join(newest, newest.c.campaign_id == Campaign.id)
        .where(Campaign.status.not_in(lifecycle.HIDDEN))
        .order_by(newest.c.last.desc())
        .limit(_LISTED)
    ).all()
