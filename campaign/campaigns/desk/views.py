"""The desk's list of campaigns, one campaign, and its facts; the other pages join in below."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import campaigns, follow_ups, proposals, public_counts
from campaign.campaigns.changes import needs_second_person
from campaign.campaigns.content.current_letters import current_templates
from campaign.campaigns.content.part_contents import plain_facts
from campaign.campaigns.desk import (  # noqa: F401 - they bring their routes
    create_views,
    delete_views,
    embed_code_views,
    list_page,
    picture_views,
    risk_views,
    team_views,
    update_views,
)
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load
from campaign.campaigns.desk.forms import FORMATS, FactsForm
from campaign.campaigns.desk.history import draft_views, merge_views  # noqa: F401
from campaign.campaigns.desk.history import views as history_views  # noqa: F401
from campaign.campaigns.desk.list_page import DeskRow, Listing
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept, number_seen
from campaign.campaigns.desk.status import proposal_views, reason_views  # noqa: F401
from campaign.campaigns.desk.status import views as status_views  # noqa: F401
from campaign.campaigns.desk.targets import succession_views  # noqa: F401
from campaign.campaigns.desk.targets import views as target_views  # noqa: F401
from campaign.campaigns.desk.texts import (  # noqa: F401
    edition_views,
    letter_option_views,
    letter_views,
    side_by_side_views,
)
from campaign.campaigns.readiness import approval, check_readiness
from campaign.campaigns.readiness.check_readiness import Step
from campaign.campaigns.readiness.letter_gaps import Gap
from campaign.core import db, i18n
from campaign.models.campaign import Campaign, CampaignStatus, Edition, LetterFormat
from campaign.models.letter_template import LetterTemplate
from campaign.models.proposal import Proposal
from campaign.models.revision import Part
from campaign.models.staff import Role
from campaign.staff.guards import actor, staff_user
from campaign.web.page import Page, show_page

__all__ = ["blueprint"]

blueprint.register_blueprint(reason_views.blueprint)


class CampaignList(Page, template="campaigns/index.html"):
    rows: Sequence[DeskRow]
    listing: Listing
    pages: int
    counts: Mapping[CampaignStatus, int]


class LastDay(NamedTuple):
    left: int
    """Days; negative where it is over in the campaign's zone."""
    over: bool
    """Whether it is over everywhere."""


class Overview(Page, template="campaigns/show.html"):
    campaign: Campaign
    step: Step
    others: Sequence[Gap]
    """What is to be done besides."""
    count: int
    sent_by_self: int
    locales: Sequence[str]
    editions: Mapping[str, Edition]
    templates: Mapping[str, LetterTemplate]
    formats: Mapping[LetterFormat, str]
    moves: Sequence[CampaignStatus]
    own: bool
    """Whether the reader wrote last."""
    may_reword: bool
    proposed: Sequence[Proposal]
    conflicts: Sequence[tuple[str, str]]
    earlier: Campaign | None
    later: Sequence[Campaign]
    last_day: LastDay | None


class EditFacts(DraftPage, template="campaigns/edit_facts.html"):
    campaign: Campaign
    form: FactsForm


@blueprint.get("/")
def index() -> ResponseReturnValue:
    session, by = db.session(), staff_user()
    listing = Listing.of(request.args)
    rows, total = list_page.list_for_desk(session, by=by, **listing.query())
    counts = list_page.count_by_status(session, by=by)
    pages = listing.pages(total)
    return show_page(CampaignList(rows=rows, listing=listing, pages=pages, counts=counts))


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    session, campaign, user, now = db.session(), load(slug), staff_user(), db.utcnow()
    gaps = check_readiness.gaps(campaign, now)
    step = check_readiness.next_step(campaign, gaps)
    earlier, later = follow_ups.visible_neighbours(session, campaign, by=user)
    page = Overview(
        campaign=campaign,
        step=step,
        others=check_readiness.later_gaps(campaign, gaps, step),
        count=public_counts.count_of(session, campaign),
        sent_by_self=public_counts.sent_by_self(session, campaign),
        locales=languages_of(campaign),
        editions={edition.locale: edition for edition in campaign.editions},
        templates=current_templates(campaign),
        formats=FORMATS,
        moves=approval.moves_for(campaign, actor(), second_person=needs_second_person()),
        own=approval.is_writer(campaign, actor()),
        may_reword=user.role is Role.ADMIN or proposals.needs_approval(campaign),
        proposed=proposals.list_waiting(session, campaign, user),
        conflicts=merge_views.conflict_links(campaign),
        earlier=earlier,
        later=later,
        last_day=_last_day(campaign, now),
    )
    return show_page(page)


def _last_day(campaign: Campaign, now: datetime) -> LastDay | None:
    if campaign.act_by is None:
        return None
    left = i18n.days_left(campaign.act_by, now, campaign.timezone)
    return LastDay(left, i18n.day_is_over(campaign.act_by, now))


@blueprint.route("/<slug>/facts", methods=["GET", "POST"])
def edit_facts(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    desk = Desk(campaign, Part.FACTS)
    others = campaigns.list_followable(session, campaign, by=staff_user())
    form = FactsForm.of(campaign, others, based_on=desk.seen, **desk.typed())
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_facts", slug=slug)
    answer = form.validate_on_submit() and desk.save(
        form,
        lambda: plain_facts(form.facts()),
        lambda: campaigns.edit_campaign(
            session,
            campaign,
            actor=actor(),
            based_on=number_seen(form),
            risks_seen=bool(form.risks_seen.data),
            **form.facts(),
        ),
        # The address follows the reference.
        lambda: done(_("Facts saved."), ".show", slug=campaign.slug),
    )
    return answer or show_page(EditFacts(campaign=campaign, form=form, **desk.words()))
