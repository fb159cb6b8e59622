"""The desk's page on which the reason of a closing or a stop is reworded, or a new one proposed."""

from collections.abc import Sequence

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import proposals
from campaign.campaigns.desk.blueprint import done, languages_of, load
from campaign.campaigns.desk.status.forms import StatusForm, status_form
from campaign.campaigns.desk.status.proposal_views import find_returned
from campaign.campaigns.reword_reason import reword_reason
from campaign.campaigns.stop_rule import has_ended
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.proposal import Proposal, ProposalKind
from campaign.models.staff import Role
from campaign.staff.guards import actor, guard, staff_user
from campaign.web.desk import accepted
from campaign.web.page import Page, show_page

blueprint = Blueprint("reason", __name__, url_prefix="/<slug>/reason")
guard(blueprint, Role.ORGANIZER)


class RewordReason(Page, template="campaigns/reword_reason.html"):
    campaign: Campaign
    form: StatusForm
    locales: Sequence[str]


@blueprint.route("", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    """The reason in each language, as everybody reads it. Admins only, unless it is approved."""
    campaign = load(slug)
    waits = proposals.needs_approval(campaign)
    if not waits and staff_user().role is not Role.ADMIN:
        abort(404)
    if not has_ended(campaign.status):
        raise Refused("campaign-status")
    again = find_returned(campaign)
    shown = proposals.content_of(again) if again else campaign.status_reasons
    codes = list(dict.fromkeys([*languages_of(campaign), *shown]))
    data = {f"reason_{code}": shown.get(code) for code in codes}
    form = status_form(codes, data=data | {"kind": campaign.stop_kind.value})
    if form.validate_on_submit() and accepted(form, lambda: _save(form, campaign, codes, again)):
        said = _("Reason changed. No one was emailed.")
        if waits:
            said = _("Reason sent for approval. It becomes public when someone else approves it.")
        return done(said, "campaigns.show", slug=slug)
    return show_page(RewordReason(campaign=campaign, form=form, locales=codes))


def _save(form: StatusForm, campaign: Campaign, codes: list[str], again: Proposal | None) -> None:
    session, reasons, seen = db.session(), form.reasons(codes), bool(form.risks_seen.data)
    if proposals.needs_approval(campaign):
        proposals.propose_reasons(
            session,
            campaign,
            kind=ProposalKind.REASON,
            by=staff_user(),
            reasons=reasons,
            risks_seen=seen,
            replaces=again,
        )
    else:
        reword_reason(
            session,
            campaign,
            actor=actor(),
            reasons=reasons,
            kind=form.stop_kind(),
            risks_seen=seen,
        )
