"""How many members heard of a campaign, and telling them by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.desk.blueprint import load
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from campaign.network import mailings
from campaign.network.mailings import MailingReach
from campaign.staff.desk_access import actor, guard
from campaign.web.page import redirect_to

blueprint = Blueprint("network_desk", __name__, url_prefix="/desk/campaigns")
guard(blueprint, Role.ORGANIZER)


@dataclass(frozen=True, slots=True)
class NetworkSection:
    reaches: Sequence[MailingReach]
    waiting: int
    queued: bool
    may_tell: bool


class NetworkAtOpening(NamedTuple):
    members: int
    is_asked: bool  # whether who opens it chooses; otherwise they are told


@blueprint.post("/<slug>/network")
def tell(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    message, category = _("The emails to the network are being sent."), "message"
    try:
        mailings.tell_network(session, campaign, actor=actor(), now=db.utcnow())
    except Refused as problem:
        category = "alarm"
        if problem.slug == "network-told":
            message = _("The network has already been told. No one gets a second email.")
        else:
            message = _("This action takes no letters now. The network was not told.")
    return redirect_to("campaigns.show", message, category, slug=slug)


@blueprint.app_template_global()
def network_of_campaign(campaign: Campaign) -> NetworkSection:
    session, now = db.session(), db.utcnow()
    reaches = mailings.list_reaches(session, campaign)
    is_told = any(reach.mailing.update is None for reach in reaches)
    to_tell = mailings.is_worth_telling(campaign, None, now) and not is_told
    queued = to_tell and mailings.is_queued(campaign, now=now)
    return NetworkSection(
        reaches=reaches,
        waiting=mailings.count_waiting(session, campaign) if reaches else 0,
        queued=queued,
        may_tell=to_tell and not queued,
    )


@blueprint.app_template_global()
def network_at_opening(campaign: Campaign) -> NetworkAtOpening | None:
    """Say how many members hear of it once it opens, or opens again; None: they did before."""
    session = db.session()
    if mailings.is_told(session, campaign):
        return None
    opened_before = campaign.opened_at is not None
    is_asked = opened_before and not mailings.is_queued(campaign, now=db.utcnow())
    return NetworkAtOpening(mailings.count_concerned(session, campaign), is_asked)
