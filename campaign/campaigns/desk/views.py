"""The desk's list of campaigns, one campaign, and its facts; the other pages join in below."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flask import request
from flask.typing import ResponseReturnValue

from campaign.campaigns import (
    check_readiness,
    find_campaigns,
    proposals,
    public_counts,
    status_changes,
)
from campaign.campaigns.check_readiness import Gap, Step
from campaign.campaigns.content.current_letters import current_templates
from campaign.campaigns.desk import (  # noqa: F401 - they bring their routes
    campaign_list,
    draft_views,
    facts_views,
    history_views,
    option_views,
    picture_views,
    proposal_views,
    risk_views,
    status_views,
    target_views,
    team_views,
    update_views,
)
from campaign.campaigns.desk.blueprint import blueprint, languages_of, load
from campaign.campaigns.desk.campaign_list import DeskRow, ListState
from campaign.campaigns.desk.labels import FORMATS
from campaign.campaigns.desk.texts import edition_views, letter_views, side_by_side_views  # noqa: F401
from campaign.core import db, i18n
from campaign.models.campaign import Campaign, CampaignStatus, Edition, LetterFormat, LetterTemplate
from campaign.models.revision import Proposal
from campaign.models.staff import Role
from campaign.staff.desk_access import actor, staff_user
from campaign.web.page import Page, show_page

__all__ = ["blueprint"]

blueprint.register_blueprint(status_views.reason_blueprint)


class CampaignList(Page, template="campaigns/index.html"):
    rows: Sequence[DeskRow]
    listing: ListState
    pages: int
    counts: Mapping[CampaignStatus, int]


class LastDay(NamedTuple):
    left: int
    over: bool


class Overview(Page, template="campaigns/show.html"):
    campaign: Campaign
    step: Step
    others: Sequence[Gap]
    count: int
    sent_by_self: int
    locales: Sequence[str]
    editions: Mapping[str, Edition]
    templates: Mapping[str, LetterTemplate]
    formats: Mapping[LetterFormat, object]
    moves: Sequence[CampaignStatus]
    own: bool
    may_reword: bool
    proposed: Sequence[Proposal]
    conflicts: Sequence[tuple[str, str]]
    earlier: Campaign | None
    later: Sequence[Campaign]
    last_day: LastDay | None


@blueprint.get("/")
def index() -> ResponseReturnValue:
    session, by = db.session(), staff_user()
    listing = ListState.of(request.args)
    rows, total = campaign_list.list_for_desk(session, listing, by=by)
    counts = campaign_list.count_by_status(session, by=by)
    return show_page(
        CampaignList(rows=rows, listing=listing, pages=listing.pages(total), counts=counts)
    )


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    session, campaign, user, now = db.session(), load(slug), staff_user(), db.utcnow()
    gaps = check_readiness.gaps(campaign, now)
    step = check_readiness.next_step(campaign, gaps)
    earlier, later = find_campaigns.visible_neighbours(session, campaign, by=user)
    page = Overview(
        campaign=campaign,
        step=step,
        others=check_readiness.later_gaps(campaign, gaps, step),
        count=public_counts.count_of(session, campaign),
        sent_by_self=public_counts.count_sent_by_self(session, campaign),
        locales=languages_of(campaign),
        editions={edition.locale: edition for edition in campaign.editions},
        templates=current_templates(campaign),
        formats=FORMATS,
        moves=status_changes.moves_for(campaign, actor()),
        own=status_changes.is_writer(campaign, actor()),
        may_reword=user.role is Role.ADMIN or proposals.needs_approval(campaign),
        proposed=proposals.list_waiting(session, campaign, user),
        conflicts=draft_views.conflict_links(campaign),
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
