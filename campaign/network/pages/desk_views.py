"""The desk's side: how many members heard of a campaign, and telling them by hand."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.desk.blueprint import load
from campaign.campaigns.lifecycle import is_news
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from campaign.network import mailings
from campaign.staff.guards import actor, guard

blueprint = Blueprint("network_desk", __name__, url_prefix="/desk/campaigns")
guard(blueprint, Role.ORGANIZER)


@blueprint.post("/<slug>/network")
def tell(slug: str) -> ResponseReturnValue:
    """Tell the network of an action of which it has not heard."""
    session = db.session()
    campaign = load(slug)
    try:
        mailings.tell_network(session, campaign, actor=actor(), now=db.utcnow())
    except Refused as problem:
        told = problem.slug == "network-told"
        flash(
            _("The network was told before. Nobody gets a second mail.")
            if told
            else _("The action takes no letters now. The network was not told."),
            "alarm",
        )
    else:
        flash(_("The mails to the network are on their way."))
    return redirect(url_for("campaigns.show", slug=slug), 303)


@blueprint.app_template_global()
def network_of_campaign(campaign: Campaign) -> dict[str, Any]:
    """What the campaign's page on the desk shows of the network."""
    session, now = db.session(), db.utcnow()
    reaches = mailings.reaches(session, campaign)
    is_told = any(one.update is None for one in reaches)
    to_tell = is_news(None, campaign.status, campaign.act_by, now) and not is_told
    queued = to_tell and mailings.is_queued(campaign, now=now)
    return {
        "reaches": reaches,
        "waiting": mailings.count_waiting(session, campaign) if reaches else 0,
        "queued": queued,
        "may_tell": to_tell and not queued,
    }
