"""Which campaigns a staff user may see: organizers those of their teams, the others all.

The campaigns' own package stands above this one, so their table is found by its name: features
above *and* below it can ask.
"""

from typing import Any

from sqlalchemy import ColumnElement, column, or_, select, table, true

from campaign.models.staff import CampaignMember, Role, StaffUser

_CAMPAIGN = table("campaign", column("id"), column("owner_id"))


def sees(user: StaffUser, campaign_id: Any) -> ColumnElement[bool]:
    """As a condition on a column of campaigns' ids: `user` owns it or is on its team.

    Staff print bundles of all campaigns, admins answer for all; a campaign without an owner is
    the admins' until they hand it over.
    """
    if user.role is not Role.ORGANIZER:
        return true()
    return or_(
        campaign_id.in_(select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.owner_id == user.id)),
        campaign_id.in_(
            select(CampaignMember.campaign_id).where(CampaignMember.staff_user_id == user.id)
        ),
    )
