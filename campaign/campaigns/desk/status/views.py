"""The desk's pages on which a campaign moves on, is extended, continued and cloned."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import campaigns, continue_or_clone, lifecycle, proposals, schedule
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load, page
from campaign.campaigns.desk.status.forms import CopyForm, ExtendForm, StatusForm, status_form
from campaign.campaigns.desk.status.proposal_views import returned
from campaign.campaigns.readiness import approval, check_readiness
from campaign.campaigns.readiness.letter_gaps import Gap
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.proposal import Proposal, ProposalKind
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import accepted


@blueprint.route("/<slug>/status", methods=["GET", "POST"])
def change_status(slug: str) -> ResponseReturnValue:
    """Ask once more, with what follows from it; then do it."""
    campaign, now = load(slug), db.utcnow()
    wanted = _wanted(campaign)
    locales = languages_of(campaign)
    data = {"to": wanted.value, "act_by": campaign.act_by, "open_at": _proposed(campaign, now)}
    again = returned(campaign)
    form = status_form(locales, data=data | _reasons_of(again))
    looked = "look" in request.form and form.validate_on_submit()
    if not looked and form.validate_on_submit() and _change(form, campaign, wanted, again):
        return done(_said(campaign, wanted), ".show", slug=slug)
    own = approval.is_writer(campaign, actor())
    gaps = _in_the_way(campaign, wanted, now)
    facts: dict[str, Any] = {"wanted": wanted, "blockers": gaps, "own": own, "now": now}
    facts |= {"preview": form.reasons(locales) if looked else {}, "again": again}
    return page("change_status", form, campaign=campaign, locales=locales, **facts)


@blueprint.route("/<slug>/extend", methods=["GET", "POST"])
def extend(slug: str) -> ResponseReturnValue:
    """A later last day for an open campaign."""
    session, campaign = db.session(), load(slug)
    if campaign.status is not CampaignStatus.OPEN:
        raise Refused("campaign-status")
    form = ExtendForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: schedule.extend_campaign(
            session, campaign, actor=actor(), act_by=form.day(), now=db.utcnow()
        ),
    ):
        return done(_("The last day to write is moved."), ".show", slug=slug)
    return page("extend", form, campaign=campaign)


@blueprint.route("/<slug>/continue", methods=["GET", "POST"])
def continue_as(slug: str) -> ResponseReturnValue:
    """Further information: a draft that carries texts, targets, letters and options over."""
    words = _("The draft is made. It continues the earlier action; write what is new.")
    return _copy(load(slug), continue_or_clone.continue_campaign, words, linked=True)


@blueprint.route("/<slug>/clone", methods=["GET", "POST"])
def clone(slug: str) -> ResponseReturnValue:
    """A draft like this one, without a link to it."""
    words = _("The draft is made, with texts, targets, letters and options of the other.")
    return _copy(load(slug), continue_or_clone.clone_campaign, words, linked=False)


def _copy(
    source: Campaign, make: Callable[..., Campaign], words: str, *, linked: bool
) -> ResponseReturnValue:
    session, form, made = db.session(), CopyForm(), list[Campaign]()
    form.asks_risks = not linked and bool(source.risk_flags)
    more = {"risks": form.risks.data == "take"} if form.asks_risks else {}
    if form.validate_on_submit() and accepted(
        form,
        lambda: made.append(
            make(
                session,
                source,
                actor=actor(),
                created_by_id=staff_user().id,
                reference=form.reference.data,
                **more,
            )
        ),
    ):
        return done(words, ".edit_facts", slug=made[0].slug)
    return page("copy", form, campaign=source, linked=linked)


def _wanted(campaign: Campaign) -> CampaignStatus:
    name = request.values.get("to", "")
    if name not in set(CampaignStatus):
        abort(404)
    wanted = CampaignStatus(name)
    lifecycle.check_move(campaign.status, wanted)
    return wanted


def _proposed(campaign: Campaign, now: datetime) -> datetime | None:
    """The end of an embargo that runs, as the campaign's clocks show it: an opening by itself."""
    until = campaign.embargo_until
    if until is None or until <= now:
        return None
    zone = ZoneInfo(campaign.timezone)
    local = until.astimezone(zone).replace(tzinfo=None)
    return local if not local.second else local.replace(second=0) + timedelta(minutes=1)


def _in_the_way(campaign: Campaign, wanted: CampaignStatus, now: datetime) -> list[Gap]:
    """What must be mended before; a closed campaign gets its new last day on this page."""
    if wanted not in {CampaignStatus.REVIEW, CampaignStatus.SCHEDULED, CampaignStatus.OPEN}:
        return []
    later = wanted is CampaignStatus.SCHEDULED and campaign.embargo_until
    found = check_readiness.blockers_of(campaign, wanted, max(now, later) if later else now)
    if campaign.status is CampaignStatus.CLOSED:
        found = [gap for gap in found if gap.slug != "deadline-past"]
    return found


def _reasons_of(proposal: Proposal | None) -> dict[str, str]:
    """The form's reasons, as a proposal that came back has them."""
    content = {} if proposal is None else proposals.content_of(proposal)
    return {f"reason_{code}": text for code, text in content.items()}


def _change(
    form: StatusForm, campaign: Campaign, wanted: CampaignStatus, again: Proposal | None
) -> bool:
    """Whether it was done; what was not is said on the form."""
    facts: dict[str, Any] = {"actor": actor(), "now": db.utcnow()}
    waits = proposals.needs_approval(campaign)
    try:
        if waits and is_stopped(wanted):
            return accepted(form, lambda: _stop_and_propose(form, campaign))
        if waits and wanted is CampaignStatus.CLOSED and form.has_reason(languages_of(campaign)):
            return accepted(form, lambda: _propose_closing(form, campaign, again))
        return accepted(form, lambda: _do(form, campaign, wanted, facts))
    except Refused as problem:
        form.form_errors.append(_refusal(problem.slug))
        return False


def _do(
    form: StatusForm, campaign: Campaign, wanted: CampaignStatus, facts: dict[str, Any]
) -> None:
    session, reasons = db.session(), form.reasons(languages_of(campaign))
    seen = bool(form.risks_seen.data)
    if wanted is CampaignStatus.OPEN:
        reopened = campaign.status is CampaignStatus.CLOSED
        day = form.act_by.data if reopened else None
        campaigns.open_campaign(session, campaign, act_by=day, risks_seen=seen, **facts)
    elif wanted is CampaignStatus.REVIEW:
        approval.submit_for_review(session, campaign, **facts)
    elif wanted is CampaignStatus.DRAFT:
        approval.return_to_draft(session, campaign, actor=facts["actor"], note=form.note.data)
    elif wanted is CampaignStatus.SCHEDULED:
        if form.open_at.data is None:
            raise Invalid(fields={"open_at": "open-at-missing"})
        moment = schedule.moment_in(campaign.timezone, form.open_at.data)
        approval.schedule_campaign(session, campaign, open_at=moment, risks_seen=seen, **facts)
    elif wanted is CampaignStatus.CLOSED:
        campaigns.close_campaign(session, campaign, reasons=reasons, risks_seen=seen, **facts)
    else:
        kind = form.stop_kind()
        campaigns.stop_campaign(
            session, campaign, kind=kind, reasons=reasons, risks_seen=seen, **facts
        )


def _stop_and_propose(form: StatusForm, campaign: Campaign) -> None:
    proposals.stop_and_propose(
        db.session(),
        campaign,
        by=staff_user(),
        now=db.utcnow(),
        reasons=form.reasons(languages_of(campaign)),
        kind=form.stop_kind(),
        risks_seen=bool(form.risks_seen.data),
    )


def _propose_closing(form: StatusForm, campaign: Campaign, again: Proposal | None) -> None:
    proposals.propose_reasons(
        db.session(),
        campaign,
        kind=ProposalKind.CLOSE,
        by=staff_user(),
        reasons=form.reasons(languages_of(campaign)),
        risks_seen=bool(form.risks_seen.data),
        replaces=again,
    )


def _refusal(slug: str) -> str:
    words: dict[str, str] = {
        "second-person": _("You wrote last: somebody else must look at it and decide."),
        "needs-review": _("Somebody else must look at it first: ask for a review."),
        "campaign-status": _("The campaign has changed meanwhile. Load the page again."),
    }
    otherwise: str = _("The campaign cannot open then. Mend what is missing first.")
    return words.get(slug, otherwise)


def _said(campaign: Campaign, status: CampaignStatus) -> str:
    words: dict[CampaignStatus, str] = {
        CampaignStatus.DRAFT: _("The campaign is a draft again."),
        CampaignStatus.REVIEW: _("The campaign waits for somebody else to look at it."),
        CampaignStatus.SCHEDULED: _("The campaign opens by itself at that moment."),
        CampaignStatus.OPEN: _("The campaign is open. Everybody can read it and write."),
        CampaignStatus.CLOSED: _("The campaign is closed. It takes no more letters."),
        CampaignStatus.STOPPED: _("The campaign is stopped. Nothing more goes out."),
    }
    if is_stopped(status) and proposals.needs_approval(campaign):
        words[status] = _("The campaign is stopped. Someone else must approve your reason.")
    elif status is CampaignStatus.CLOSED and campaign.status is not status:
        words[status] = _("The campaign stays open until someone else approves the closing.")
    return words[status]
