"""The desk's page on which a second person approves public words, or returns them."""

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from campaign.campaigns import approve_proposal, proposals
from campaign.campaigns.content import pictures, updates
from campaign.campaigns.desk.blueprint import blueprint, done, load, page
from campaign.campaigns.desk.forms import KINDS
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.core import db
from campaign.core.errors import NotFound, Refused
from campaign.models.campaign import Campaign
from campaign.models.proposal import Proposal, ProposalKind
from campaign.staff.guards import staff_user
from campaign.web.desk import accepted
from campaign.web.fields import TextField

blueprint.add_app_template_global(proposals.needs_approval, "needs_approval")


class ProposalForm(CampaignForm):
    """Approve, or return with a note."""

    note = TextField(
        _l("What should be changed"), limit=1000, description=_l("Only the desk reads it.")
    )
    risks_seen = BooleanField(_l("It is meant: go on all the same"))


@blueprint.route("/<slug>/proposals/<public_id>", methods=["GET", "POST"])
def decide_proposal(slug: str, public_id: str) -> ResponseReturnValue:
    """What is proposed, as everybody will read it, and the decision."""
    campaign = load(slug)
    proposal = proposals.get_proposal(db.session(), campaign, public_id)
    form = ProposalForm()
    decision = request.form.get("decision", "")
    if form.validate_on_submit() and _decide(form, proposal, decision):
        return done(_said(decision), ".show", slug=slug)
    content = proposals.content_of(proposal)
    facts: dict[str, Any] = {"content": content, "risks": approve_proposal.risks_in(proposal)}
    if content and proposal.kind is ProposalKind.UPDATE:
        post = approve_proposal.update_of(content)
        facts |= {
            "post": post,
            "kind": KINDS[post["kind"]],
            "mailed": updates.tells_signers(post["kind"], post["telling"]),
        }
    may = proposals.may_decide(proposal, staff_user())
    own = proposal.made_by_id == staff_user().id
    return page("proposal", form, campaign=campaign, proposal=proposal, may=may, own=own, **facts)


@blueprint.get("/<slug>/proposals/<public_id>/picture")
def show_proposed_picture(slug: str, public_id: str) -> ResponseReturnValue:
    """The picture of a proposed update, for the desk."""
    proposal = proposals.get_proposal(db.session(), load(slug), public_id)
    if not proposal.picture:
        raise NotFound("picture")
    return Response(pictures.read(proposal.picture), mimetype="image/jpeg")


def returned(campaign: Campaign) -> Proposal | None:
    """The reader's own proposal that the address asks to write again."""
    public_id = request.args.get("proposal")
    if not public_id:
        return None
    found = proposals.get_proposal(db.session(), campaign, public_id)
    if found.made_by_id != staff_user().id or found.state not in proposals.WITH_AUTHOR:
        raise NotFound("proposal")
    return found


def _decide(form: ProposalForm, proposal: Proposal, decision: str) -> bool:
    """Whether it was done; what was not is said on the form."""
    try:
        is_done = accepted(form, lambda: _act(form, proposal, decision))
    except Refused as problem:
        form.form_errors.append(_refusal(problem.slug))
        is_done = False
    if not is_done:
        # What was begun is undone, so that the page shows what is so now.
        db.session().rollback()
    return is_done


def _act(form: ProposalForm, proposal: Proposal, decision: str) -> None:
    session, by = db.session(), staff_user()
    if decision == "approve":
        seen = bool(form.risks_seen.data)
        approve_proposal.approve(session, proposal, by=by, now=db.utcnow(), risks_seen=seen)
    elif decision == "withdraw":
        proposals.withdraw_proposal(session, proposal, by=by)
    else:
        proposals.return_proposal(session, proposal, by=by, why=form.note.data or "")


def _refusal(slug: str) -> str:
    words: dict[str, str] = {
        "own-proposal": _("You proposed this yourself. Someone else must decide."),
        "not-own-proposal": _("Only the person who proposed this can withdraw it."),
        "proposal-decided": _("Someone has already decided this."),
    }
    changed: str = _("The campaign has changed meanwhile. Load the page again.")
    return words.get(slug, changed)


def _said(decision: str) -> str:
    words: dict[str, str] = {
        "approve": _("You approved it. It is published."),
        "withdraw": _("You withdrew it. Nothing was published."),
    }
    otherwise: str = _("You returned it. The person who wrote it gets an email.")
    return words.get(decision, otherwise)
