"""The desk's first page, and the statistics of each campaign."""

from collections.abc import Callable, Sequence

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from campaign.about.page_texts import list_empty_languages, list_empty_settings
from campaign.campaigns import check_readiness
from campaign.campaigns.check_readiness import Gap, Step
from campaign.campaigns.desk.blueprint import load, mend_url
from campaign.core import db, i18n
from campaign.core.settings import current_settings
from campaign.dashboard import count_figures, statistics_page
from campaign.dashboard.statistics_page import MissionRow, Statistics, TargetFigures, make_table
from campaign.dashboard.to_deliver import list_all_todos
from campaign.dashboard.today import (
    PER_PAGE,
    FirstStep,
    Running,
    Todo,
    TodoItem,
    campaigns_csv,
    link_of,
    list_first_steps,
    list_running,
    may_enter,
)
from campaign.directory.postal_addresses import region_name
from campaign.mail.mailboxes import list_put_aside
from campaign.models.alarm import Alarm
from campaign.models.bundle import DeliveryAttempt
from campaign.models.campaign import Campaign, Update
from campaign.models.staff import Role
from campaign.models.statistics import FiguresRun
from campaign.public.case_page import told_in
from campaign.public.deadline import Deadline, deadline_of
from campaign.screening import review_queue
from campaign.staff.desk_access import guard, staff_user
from campaign.storage import FilesAway
from campaign.web.page import Page, csv_file, show_page
from campaign.web.pagination import count_pages, read_page
from campaign.web.security import find_odd_proxies

blueprint = Blueprint("dashboard", __name__, url_prefix="/desk")
guard(blueprint, Role.ORGANIZER)
today = Blueprint("today", __name__, url_prefix="/desk/today")
guard(today)


_OPEN_ALARMS = (
    select(Alarm)
    .where(Alarm.gone_at.is_(None), Alarm.matter.not_like("bundle:%"))
    .order_by(Alarm.since, Alarm.matter)
)
"""A bundle that failed says so on its own page."""


class TodayForStaff(Page, template="dashboard/today_for_staff.html"):
    todos: Sequence[Todo]
    link: Callable[[str, TodoItem], str]


class Today(Page, template="dashboard/today.html"):
    first_steps: Sequence[FirstStep]
    todos: Sequence[Todo]
    link: Callable[[str, TodoItem], str]
    rows: Sequence[Running]
    page: int
    pages: int
    deadline: Callable[[Campaign], Deadline | None]
    run: FiguresRun | None
    odd_proxies: int | None
    """How many proxies this request came through, where the setting says another number."""
    trusted_proxies: int
    put_aside: int
    alarms: Sequence[Alarm]
    empty_settings: Sequence[str]
    """What the public pages about us still lack in production, for admins."""
    empty_languages: Sequence[str]


class CampaignStatistics(Page, template="dashboard/campaign_statistics.html"):
    campaign: Campaign
    statistics: Statistics
    held: int
    """Letters that wait for a look."""
    missions: Sequence[MissionRow]
    targets: Sequence[TargetFigures]
    attempts: Sequence[DeliveryAttempt]
    deadline: Deadline | None
    step: Step
    gaps: Sequence[Gap]
    run: FiguresRun | None
    update_title: Callable[[Update], str]
    region_name: Callable[[str, str, str], str]
    may_enter: Callable[[str], bool]
    mend_url: Callable[[Campaign, Gap], str]


@today.get("/")
def without_slash() -> ResponseReturnValue:
    """Take the address as people type it."""
    return redirect(url_for(".index"))


@today.get("")
def index() -> ResponseReturnValue:
    """Show what waits today; to who writes campaigns also how those that run stand."""
    session, now, user = db.session(), db.utcnow(), staff_user()
    todos = list_all_todos(session, by=user, now=now)
    if user.role is Role.STAFF:
        return show_page(TodayForStaff(todos=todos, link=link_of))
    page = read_page(request.args)
    settings, is_admin = current_settings(), user.role is Role.ADMIN
    rows, total = list_running(
        session,
        by=user,
        today=i18n.today_at_home(),
        page=page,
        mirrored=i18n.direction(i18n.locale()) == "rtl",
    )
    return show_page(
        Today(
            first_steps=list_first_steps(session, by=user),
            todos=todos,
            link=link_of,
            rows=rows,
            page=page,
            pages=count_pages(total, PER_PAGE),
            deadline=lambda campaign: deadline_of(
                campaign.act_by, i18n.locale(), now, campaign.timezone
            ),
            run=count_figures.find_run(session),
            odd_proxies=find_odd_proxies() if is_admin else None,
            trusted_proxies=settings.trusted_proxies,
            put_aside=_count_put_aside() if is_admin else 0,
            alarms=session.scalars(_OPEN_ALARMS).all() if is_admin else (),
            empty_settings=list_empty_settings(settings) if is_admin else (),
            empty_languages=list(list_empty_languages(session, settings)) if is_admin else (),
        )
    )


@blueprint.get("/today/campaigns.csv")
def campaigns_file() -> ResponseReturnValue:
    return csv_file("campaigns", list(campaigns_csv(db.session(), by=staff_user())))


@blueprint.get("/campaigns/<slug>/figures")
def show(slug: str) -> ResponseReturnValue:
    session, campaign, now = db.session(), load(slug), db.utcnow()
    statistics = Statistics.of(session, campaign, now)
    gaps = check_readiness.gaps(campaign, now)
    page = CampaignStatistics(
        campaign=campaign,
        statistics=statistics,
        held=review_queue.count_waiting(session, campaign),
        missions=statistics_page.mission_rows(session, campaign, statistics.figures),
        targets=statistics_page.target_rows(campaign, statistics.figures),
        attempts=statistics_page.list_attempts(session, campaign),
        deadline=deadline_of(campaign.act_by, i18n.locale(), now, campaign.timezone),
        step=check_readiness.next_step(campaign, gaps),
        gaps=gaps,
        run=count_figures.find_run(session),
        update_title=_title_of,
        region_name=region_name,
        may_enter=may_enter,
        mend_url=mend_url,
    )
    return show_page(page)


@blueprint.get("/campaigns/<slug>/figures/<table>.csv")
def table_file(slug: str, table: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    rows = make_table(session, Statistics.of(session, campaign, db.utcnow()), table)
    if rows is None:
        abort(404)
    return csv_file(f"{campaign.slug}-{table}", rows)


def _count_put_aside() -> int:
    try:
        return len(list_put_aside())
    except FilesAway:
        return 0  # the store does not answer, and other pages say so


def _title_of(update: Update) -> str:
    """Return its title in the page's language, else in the campaign's own."""
    told = told_in(update, i18n.locale(), update.campaign.default_locale)
    return told.title if told else ""
