"""The desk's page on which a second person approves public words, or returns them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from campaign.campaigns import approve_proposal, proposals
from campaign.campaigns.approve_proposal import ProposedUpdate
from campaign.campaigns.content import pictures, updates
from campaign.campaigns.content.risks import Finding
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.labels import KINDS, STOPS
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.models.revision import Proposal, ProposalKind
from campaign.staff.desk_access import staff_user
from campaign.web.form_fields import TextField
from campaign.web.page import Page, show_page

blueprint.add_app_template_global(proposals.needs_approval, "needs_approval")


class ProposalForm(CampaignForm):
    note = TextField(
        _l("What should change"), limit=1000, description=_l("It is shown only in the workspace.")
    )
    risks_seen = BooleanField(_l("Continue anyway"))


class Outcome(NamedTuple):
    locale: str
    text: str
    is_new: bool


class DecideProposal(Page, template="campaigns/proposal.html"):
    campaign: Campaign
    form: ProposalForm
    proposal: Proposal
    may: bool
    own: bool
    risks: Sequence[Finding]
    update: ProposedUpdate | None
    kind: object
    mailed: bool
    """Whether those who asked for news are mailed the update."""
    outcomes: Sequence[Outcome]
    reasons: Mapping[str, str]
    stop_kind: str
    """Why it was stopped, where that changes as well."""


@blueprint.route("/<slug>/proposals/<public_id>", methods=["GET", "POST"])
def decide_proposal(slug: str, public_id: str) -> ResponseReturnValue:
    campaign, user = load(slug), staff_user()
    proposal = proposals.get_proposal(db.session(), campaign, public_id)
    form, decision = ProposalForm(), request.form.get("decision", "")
    if form.validate_on_submit() and _decide(form, proposal, decision):
        return done(_say_decided(decision), ".show", slug=slug)
    content, kind = proposals.content_of(proposal), proposal.kind
    is_update, is_outcome = kind is ProposalKind.UPDATE, kind is ProposalKind.OUTCOME
    update = approve_proposal.update_of(content) if content and is_update else None
    stop_kind = proposals.stop_kind_in(content)
    page = DecideProposal(
        campaign=campaign,
        form=form,
        proposal=proposal,
        may=proposals.may_decide(proposal, user),
        own=proposal.made_by_id == user.id,
        risks=approve_proposal.risks_in(proposal),
        update=update,
        kind=KINDS[update["kind"]] if update else "",
        mailed=update is not None and updates.tells_signers(update["kind"], update["telling"]),
        outcomes=_list_outcomes(campaign, content) if content and is_outcome else [],
        reasons={} if is_update or is_outcome else proposals.reasons_in(content),
        stop_kind=str(STOPS[stop_kind.value]) if stop_kind else "",
    )
    return show_page(page)


@blueprint.get("/<slug>/proposals/<public_id>/picture")
def show_proposed_picture(slug: str, public_id: str) -> ResponseReturnValue:
    proposal = proposals.get_proposal(db.session(), load(slug), public_id)
    if not proposal.picture:
        raise NotFound("picture")
    return Response(pictures.read(proposal.picture), mimetype="image/jpeg")


def find_returned(campaign: Campaign) -> Proposal | None:
    """Return the reader's own proposal that the address asks to write again. Raises NotFound."""
    public_id = request.args.get("proposal")
    if not public_id:
        return None
    proposal = proposals.get_proposal(db.session(), campaign, public_id)
    if proposal.made_by_id != staff_user().id or proposal.state not in proposals.WITH_AUTHOR:
        raise NotFound("proposal")
    return proposal


def _list_outcomes(campaign: Campaign, content: Mapping[str, str]) -> list[Outcome]:
    """The text of each language as it will stand, those that stay as they are besides."""
    texts = {edition.locale: edition.outcome for edition in campaign.editions} | dict(content)
    return [
        Outcome(code, texts[code], code in content)
        for code in languages_of(campaign)
        if code in content or texts.get(code)
    ]


def _decide(form: ProposalForm, proposal: Proposal, decision: str) -> bool:
    is_done = form.does(lambda: _act(form, proposal, decision))
    if not is_done:
        # What was begun is undone, so that the page shows what is so now.
        db.session().rollback()
    return is_done


def _act(form: ProposalForm, proposal: Proposal, decision: str) -> None:
    session, by = db.session(), staff_user()
    if decision == "approve":
        seen = form.has_seen_risks()
        approve_proposal.approve(session, proposal, by=by, now=db.utcnow(), risks_seen=seen)
    elif decision == "withdraw":
        proposals.withdraw_proposal(session, proposal, by=by)
    else:
        proposals.return_proposal(session, proposal, by=by, why=form.note.data or "")


def _say_decided(decision: str) -> str:
    if decision == "approve":
        return str(_("Text approved and published."))
    if decision == "withdraw":
        return str(_("Request recalled. Nothing was published."))
    return str(_("Text returned. Its author will get an email."))
