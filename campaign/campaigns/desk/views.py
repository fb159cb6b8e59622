"""The desk's list of campaigns, one campaign, and its facts; the other pages join in below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from campaign.campaigns import (
    check_readiness,
    find_campaigns,
    lifecycle,
    proposals,
    public_counts,
    status_changes,
)
from campaign.campaigns.check_readiness import Gap, Step
from campaign.campaigns.content import targets
from campaign.campaigns.content.part_contents import current_templates
from campaign.campaigns.desk import (  # noqa: F401 - they bring their routes
    copy_views,
    draft_views,
    facts_views,
    option_views,
    picture_views,
    status_views,
    target_views,
    team_views,
    update_views,
)
from campaign.campaigns.desk.blueprint import blueprint, languages_of, list_gaps, load
from campaign.campaigns.desk.labels import FORMATS
from campaign.campaigns.desk.texts import edition_views, letter_views, side_by_side_views  # noqa: F401
from campaign.core import db, i18n
from campaign.models.campaign import Campaign, CampaignStatus, Edition, LetterFormat, LetterTemplate
from campaign.models.revision import Proposal
from campaign.models.staff import StaffUser, sees
from campaign.models.statistics import CampaignTally
from campaign.staff.desk_access import actor, staff_user
from campaign.web.page import Page, show_page
from campaign.web.pagination import PAGE_SIZE, count_pages, read_page

_RANK = case(
    {
        CampaignStatus.OPEN: 0,
        CampaignStatus.REVIEW: 1,
        CampaignStatus.SCHEDULED: 2,
        CampaignStatus.DRAFT: 3,
        CampaignStatus.CLOSED: 4,
    },
    value=Campaign.status,
    else_=5,
)
SORTS: dict[str, ColumnElement[Any]] = {
    "status": _RANK,
    "reference": func.lower(Campaign.reference),
    "person": Campaign.id.expression,
    "country": Campaign.country.expression,
    "deadline": Campaign.act_by.expression,
    "count": func.coalesce(CampaignTally.confirmed, 0),
}
"""By what the desk's list can be ordered; by status: what runs stands first."""
_USUAL = "status"


@dataclass(frozen=True, slots=True)
class DeskRow:
    campaign: Campaign
    count: int


@dataclass(frozen=True, slots=True)
class ListState:
    """Which campaigns, in which order, which page of them."""

    status: CampaignStatus | None = None
    sort: str = _USUAL
    descending: bool = False
    page: int = 1

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "ListState":
        """From an address; what it says wrongly counts as not said."""
        status, sort = arguments.get("status", ""), arguments.get("sort", "")
        return cls(
            status=CampaignStatus(status) if status in set(CampaignStatus) else None,
            sort=sort if sort in SORTS else _USUAL,
            descending=arguments.get("order") == "down",
            page=read_page(arguments),
        )

    def url(self, page: int) -> str:
        return self._url(self.sort, self.descending, page)

    def sort_url(self, sort: str) -> str:
        """The address of the list by `sort`; a second time the other way round."""
        return self._url(sort, sort == self.sort and not self.descending, 1)

    def direction(self, sort: str) -> str | None:
        """How the list is ordered by `sort` now, as `aria-sort` has it."""
        if sort != self.sort:
            return None
        return "descending" if self.descending else "ascending"

    def _url(self, sort: str, descending: bool, page: int) -> str:
        state: dict[str, Any] = {
            "status": self.status.value if self.status else None,
            "sort": sort if sort != _USUAL else None,
            "order": "down" if descending else None,
            "page": page if page > 1 else None,
        }
        return url_for("campaigns.index", **state)


def list_for_desk(
    session: Session, state: ListState, *, by: StaffUser, per_page: int = PAGE_SIZE
) -> tuple[list[DeskRow], int]:
    """One page of the campaigns that `by` sees, and how many there are on all pages.

    Campaigns without the value that they are ordered by come last.
    """
    key, last_day = SORTS[state.sort], Campaign.act_by
    count = func.coalesce(CampaignTally.confirmed, 0)
    condition = [sees(by, Campaign.id)]
    if state.status is not None:
        condition.append(Campaign.status == state.status)
    order = (key.is_(None), key.desc() if state.descending else key, last_day.is_(None), last_day)
    counted = select(Campaign, count).outerjoin(
        CampaignTally, CampaignTally.campaign_id == Campaign.id
    )
    first = (state.page - 1) * per_page
    if state.sort == "person":
        ids = _list_by_person(session, condition, descending=state.descending)
        page = ids[first : first + per_page]
        counted_campaigns = session.execute(counted.where(Campaign.id.in_(page))).all()
        rows = sorted(counted_campaigns, key=lambda row: page.index(row[0].id))
    else:
        query = counted.where(*condition).order_by(*order, Campaign.id.desc())
        rows = list(session.execute(query.limit(per_page).offset(first)))
    total = session.scalar(select(func.count(Campaign.id)).where(*condition)) or 0
    return [DeskRow(campaign, count) for campaign, count in rows], total


def _list_by_person(
    session: Session, condition: Sequence[ColumnElement[bool]], *, descending: bool
) -> list[int]:
    """List ids of campaigns by the person's name, which is sealed: the database cannot."""
    columns = select(Campaign.id, Campaign.person_name, Campaign.act_by).where(*condition)
    rows = session.execute(columns.order_by(Campaign.act_by.is_(None), Campaign.act_by)).all()
    asked = select(Edition.campaign_id, Edition.person_name).where(
        Edition.locale == i18n.locale(),
        Edition.campaign_id.in_(select(Campaign.id).where(*condition)),
    )
    shown = {ident: name for ident, name in session.execute(asked) if name}  # as `name_person` does
    named = sorted(
        rows, key=lambda row: shown.get(row.id, row.person_name).lower(), reverse=descending
    )
    return [row.id for row in named]


def count_by_status(session: Session, *, by: StaffUser) -> dict[CampaignStatus, int]:
    seen = select(Campaign.status, func.count()).where(sees(by, Campaign.id))
    return dict(session.execute(seen.group_by(Campaign.status)).all())


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
    kept_from_opening: Sequence[str]
    """Where its opening was cancelled: linked actions that were stopped to prevent harm."""
    under_embargo: bool


@blueprint.get("/")
def index() -> ResponseReturnValue:
    session, by = db.session(), staff_user()
    listing = ListState.of(request.args)
    rows, total = list_for_desk(session, listing, by=by)
    counts = count_by_status(session, by=by)
    pages = count_pages(total)
    return show_page(CampaignList(rows=rows, listing=listing, pages=pages, counts=counts))


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    session, campaign, user, now = db.session(), load(slug), staff_user(), db.utcnow()
    gaps = list_gaps(campaign)
    step = check_readiness.next_step(campaign, gaps)
    earlier, later = find_campaigns.visible_neighbours(session, campaign, by=user)
    page = Overview(
        campaign=campaign,
        step=step,
        others=check_readiness.later_gaps(
            campaign, gaps, step, targets.list_left_behind(session, campaign)
        ),
        count=public_counts.count_of(session, campaign),
        sent_by_self=public_counts.count_sent_by_self(session, campaign),
        locales=languages_of(campaign),
        editions={edition.locale: edition for edition in campaign.editions},
        templates=current_templates(campaign),
        formats=FORMATS,
        moves=status_changes.moves_for(campaign, actor()),
        own=status_changes.is_writer(campaign, actor()),
        may_reword=status_views.may_reword(campaign),
        proposed=proposals.list_waiting(session, campaign, user),
        conflicts=draft_views.conflict_links(campaign),
        earlier=earlier,
        later=later,
        last_day=_last_day(campaign, now),
        kept_from_opening=status_changes.list_missed_for(session, campaign),
        under_embargo=lifecycle.is_under_embargo(campaign.embargo_until, now),
    )
    return show_page(page)


def _last_day(campaign: Campaign, now: datetime) -> LastDay | None:
    if campaign.act_by is None:
        return None
    left = i18n.days_left(campaign.act_by, now, campaign.timezone)
    return LastDay(left, i18n.day_is_over(campaign.act_by, now))
