"""Who may make, see and download bundles, and when files of one are given out. Pure.

The guards of the pages let these roles in; each download asks anew who is there (`guards.fresh`),
and breaks off where a stop comes meanwhile (`downloads.as_long_as_running`).
"""

from campaign.bundles import bundle_status
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core.errors import NotFound, Refused
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.staff import Role, StaffUser
from campaign.staff import deciders

CARRIERS = (Role.STAFF, Role.ADMIN)
"""Who makes, sees, downloads and hands over bundles, of the campaigns of all teams."""
REHEARSERS = (Role.ORGANIZER, Role.ADMIN)
"""Who makes and downloads those of a rehearsal; organizers of their own campaigns alone."""


def refuse_role(user: StaffUser, bundle: Bundle) -> None:
    """Raise NotFound where this person's role has no such bundles, whichever page or job asks."""
    allowed = (*CARRIERS, *REHEARSERS) if bundle.is_rehearsal else CARRIERS
    deciders.refuse_role(user, allowed, "bundle")


def refuse_files(bundle: Bundle) -> None:
    """Raise Refused where no file of the bundle is given out.

    `stopped`: letters of a stopped campaign do harm; `emptied`: its files are no longer kept;
    `not-ready`: it is being made, or was given up. Whoever holds letters asks of those besides
    (`withdrawals`).
    """
    refuse_stopped(bundle.campaign)
    bundle_status.refuse_emptied(bundle)
    if bundle.state is not BundleState.READY:
        raise Refused("not-ready")


def refuse_not_rehearsed(bundle: Bundle, campaign: Campaign) -> None:
    """Raise NotFound where it is no rehearsal of this campaign: real letters are for carriers."""
    if bundle.campaign_id != campaign.id or not bundle.is_rehearsal:
        raise NotFound("bundle")
