"""The desk's page on which an admin rewords why a campaign was closed or stopped."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import db
from campaign.accounts.guards import actor, guard
from campaign.accounts.models import Role
from campaign.authoring.desk import accepted, done, languages_of, load, page
from campaign.authoring.status_forms import status_form
from campaign.campaigns.models import CampaignStatus
from campaign.campaigns.rewording import reword_reason
from campaign.errors import Refused

blueprint = Blueprint("reason", __name__, url_prefix="/<slug>/reason")
guard(blueprint, Role.ADMIN)


@blueprint.route("", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    """The reason in each language, as everybody reads it."""
    unit, campaign = db.session(), load(slug)
    if campaign.status not in {CampaignStatus.CLOSED, CampaignStatus.STOPPED}:
        raise Refused("campaign-status")
    codes = list(dict.fromkeys([*languages_of(campaign), *campaign.status_reasons]))
    data: dict[str, Any] = {f"reason_{code}": campaign.status_reasons.get(code) for code in codes}
    form = status_form(codes, data=data)
    if form.validate_on_submit() and accepted(
        form,
        lambda: reword_reason(
            unit,
            campaign,
            actor=actor(),
            reasons=form.reasons(codes),
            risks_seen=bool(form.risks_seen.data),
        ),
    ):
        return done(_("The reason is reworded. Nobody was emailed."), "campaigns.show", slug=slug)
    return page("reword_reason", form, campaign=campaign, locales=codes)
