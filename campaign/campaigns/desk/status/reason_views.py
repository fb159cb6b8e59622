"""The desk's page on which the reason of a closing or a stop is reworded, or a new one proposed."""

from typing import Any

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import proposals
from campaign.campaigns.desk.blueprint import done, languages_of, load, page
from campaign.campaigns.desk.status.forms import StatusForm, status_form
from campaign.campaigns.desk.status.proposal_views import returned
from campaign.campaigns.reword_reason import reword_reason
from campaign.campaigns.stop_rule import has_ended
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.proposal import Proposal, ProposalKind
from campaign.models.staff import Role
from campaign.staff.guards import actor, guard, staff_user
from campaign.web.desk import accepted

blueprint = Blueprint("reason", __name__, url_prefix="/<slug>/reason")
guard(blueprint, Role.ORGANIZER)


@blueprint.route("", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    """The reason in each language, as everybody reads it. Admins only, unless it is approved."""
    campaign = load(slug)
    waits = proposals.needs_approval(campaign)
    if not waits and staff_user().role is not Role.ADMIN:
        abort(404)
    if not has_ended(campaign.status):
        raise Refused("campaign-status")
    again = returned(campaign)
    shown = proposals.content_of(again) if again else campaign.status_reasons
    codes = list(dict.fromkeys([*languages_of(campaign), *shown]))
    data: dict[str, Any] = {f"reason_{code}": shown.get(code) for code in codes}
    form = status_form(codes, data=data)
    if form.validate_on_submit() and accepted(form, lambda: _save(form, campaign, codes, again)):
        waiting, saved = _said()
        return done(waiting if waits else saved, "campaigns.show", slug=slug)
    return page("reword_reason", form, campaign=campaign, locales=codes)


def _save(form: StatusForm, campaign: Campaign, codes: list[str], again: Proposal | None) -> None:
    facts: dict[str, Any] = {
        "reasons": form.reasons(codes),
        "risks_seen": bool(form.risks_seen.data),
    }
    if proposals.needs_approval(campaign):
        facts |= {"kind": ProposalKind.REASON, "by": staff_user(), "replaces": again}
        proposals.propose_reasons(db.session(), campaign, **facts)
    else:
        reword_reason(db.session(), campaign, actor=actor(), **facts)


def _said() -> tuple[str, str]:
    return (
        _("The reason waits. Someone else must approve it before it is public."),
        _("The reason is reworded. Nobody was emailed."),
    )
