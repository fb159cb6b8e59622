"""The desk's list of campaigns, one campaign, and its facts; the other pages join in below."""

from datetime import datetime

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import campaigns, follow_ups, proposals, public_counts
from campaign.campaigns.changes import needs_second_person
from campaign.campaigns.content import merge_targets
from campaign.campaigns.content.current_letters import current_templates
from campaign.campaigns.content.part_contents import plain_facts
from campaign.campaigns.desk import (
    create_views,
    delete_views,
    embed_code_views,
    list_page,
    picture_views,
    risk_views,
    team_views,
    update_views,
)
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load, page
from campaign.campaigns.desk.forms import FORMATS, FactsForm
from campaign.campaigns.desk.history import draft_views, merge_views
from campaign.campaigns.desk.history import views as history_views
from campaign.campaigns.desk.list_page import Listing
from campaign.campaigns.desk.save_with_draft import Desk, draft_kept, number_seen
from campaign.campaigns.desk.status import proposal_views, reason_views
from campaign.campaigns.desk.status import views as status_views
from campaign.campaigns.desk.targets import succession_views
from campaign.campaigns.desk.targets import views as target_views
from campaign.campaigns.desk.texts import (
    edition_views,
    letter_option_views,
    letter_views,
    side_by_side_views,
)
from campaign.campaigns.readiness import approval, check_readiness
from campaign.core import db, i18n
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.models.staff import Role
from campaign.staff.guards import actor, staff_user

__all__ = [
    "blueprint",
    "create_views",
    "delete_views",
    "draft_views",
    "edition_views",
    "embed_code_views",
    "history_views",
    "merge_targets",
    "merge_views",
    "letter_option_views",
    "picture_views",
    "proposal_views",
    "risk_views",
    "side_by_side_views",
    "status_views",
    "succession_views",
    "target_views",
    "team_views",
    "letter_views",
    "update_views",
]

blueprint.register_blueprint(reason_views.blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """All campaigns; filter, order and page stand in the address."""
    session = db.session()
    listing = Listing.of(request.args)
    rows, total = list_page.list_for_desk(session, by=staff_user(), **listing.query())
    counts = list_page.count_by_status(session, by=staff_user())
    return page(
        "index", rows=rows, listing=listing, pages=listing.pages(total), counts=counts, total=total
    )


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """One campaign: the one next thing to do, and where everything stands."""
    session, campaign, now = db.session(), load(slug), db.utcnow()
    gaps = check_readiness.gaps(campaign, now)
    step = check_readiness.next_step(campaign, gaps)
    earlier, later = follow_ups.visible_neighbours(session, campaign, by=staff_user())
    return page(
        "show",
        campaign=campaign,
        step=step,
        others=check_readiness.later_gaps(campaign, gaps, step),
        count=public_counts.count_of(session, campaign),
        sent_by_self=public_counts.sent_by_self(session, campaign),
        locales=languages_of(campaign),
        editions={one.locale: one for one in campaign.editions},
        templates=current_templates(campaign),
        formats=FORMATS,
        moves=approval.moves_for(campaign, actor(), second_person=needs_second_person()),
        own=approval.is_writer(campaign, actor()),
        may_reword=staff_user().role is Role.ADMIN or proposals.needs_approval(campaign),
        proposed=proposals.list_waiting(session, campaign, staff_user()),
        user=staff_user(),
        conflicts=merge_views.conflict_links(campaign),
        earlier=earlier,
        later=later,
        last_day=_last_day(campaign, now),
    )


def _last_day(campaign: Campaign, now: datetime) -> dict[str, object]:
    """How many days are left to write, and whether that is over everywhere; nothing without one."""
    if campaign.act_by is None:
        return {}
    left = i18n.days_left(campaign.act_by, now, campaign.timezone)
    return {"left": left, "over": i18n.day_is_over(campaign.act_by, now)}


@blueprint.route("/<slug>/facts", methods=["GET", "POST"])
def edit_facts(slug: str) -> ResponseReturnValue:
    """What the campaign is, apart from its texts."""
    session, campaign = db.session(), load(slug)
    desk = Desk(campaign, Part.FACTS)
    others = campaigns.list_followable(session, campaign, by=staff_user())
    form = FactsForm.of(campaign, others, based_on=desk.seen, **desk.typed())
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_facts", slug=slug)
    if form.validate_on_submit():
        saved = desk.save(
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
        )
        if saved is True:
            return done(_("The facts are saved."), ".show", slug=campaign.slug)
        if saved is not False:
            return saved
    return page("edit_facts", form, campaign=campaign, **desk.words())
