"""The desk's page on which a draft is deleted."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.delete_draft import delete_draft
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.staff.guards import actor
from campaign.web.page import Page, show_page


class DeleteDraft(Page, template="campaigns/delete.html"):
    campaign: Campaign
    form: CampaignForm


@blueprint.route("/<slug>/delete", methods=["GET", "POST"])
def delete(slug: str) -> ResponseReturnValue:
    campaign, form = load(slug), CampaignForm()
    if campaign.status is not CampaignStatus.DRAFT or campaign.opened_at is not None:
        raise Refused("not-a-draft")
    if form.validate_on_submit():
        reference = campaign.reference
        try:
            delete_draft(db.session(), campaign, actor=actor())
        except Refused:
            form.form_errors.append(
                _(
                    "You cannot delete this draft. Signature sheets or another campaign are linked "
                    "to it."
                )
            )
        else:
            said = _("Draft %(reference)s deleted.", reference=reference)
            return done(said, ".index")
    return show_page(DeleteDraft(campaign=campaign, form=form))
