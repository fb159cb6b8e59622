"""The desk's first page, and the figures of each campaign."""

from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.campaigns.desk.blueprint import load, mend_url
from campaign.campaigns.readiness import check_readiness
from campaign.core import db, i18n
from campaign.dashboard import refresh_statistics, statistics_tables
from campaign.dashboard import today as dashboard_today
from campaign.dashboard.number_format import say_number, say_share
from campaign.dashboard.running_jobs import PER_PAGE, campaigns_csv, running
from campaign.dashboard.statistics_page import Sheet, csv_rows
from campaign.dashboard.statistics_tables import csv_file
from campaign.dashboard.to_deliver import carriers_todos, deliveries_todos, stop_todos
from campaign.dashboard.today import Todo, todos
from campaign.directory.postal_addresses import region_name
from campaign.models.campaign import Update
from campaign.models.staff import Role, StaffUser
from campaign.public.deadline import deadline_of
from campaign.public.update_pages import told_in
from campaign.staff.guards import guard, staff_user

blueprint = Blueprint("dashboard", __name__, url_prefix="/desk")
guard(blueprint, Role.ORGANIZER)
today = Blueprint("today", __name__, url_prefix="/desk/today")
guard(today)


@today.get("/")
def without_slash() -> ResponseReturnValue:
    """The address as people type it."""
    return redirect(url_for(".index"))


@today.get("")
def index() -> ResponseReturnValue:
    """What waits today; for who writes campaigns also how those that run stand."""
    session, now, user = db.session(), db.utcnow(), staff_user()
    if user.role is Role.STAFF:
        found = carriers_todos(session, by=user, now=now)
        return _page("today_for_staff", todos=found, link=dashboard_today.link_of)
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = running(
        session, by=user, today=i18n.today_at_home(), page=min(page, 10_000), mirrored=_mirrored()
    )
    return _page(
        "today",
        todos=_todos(session, user, now),
        rows=rows,
        total=total,
        page=page,
        pages=-(-total // PER_PAGE),
        deadline=lambda one: deadline_of(one.act_by, i18n.locale(), now, one.timezone),
        run=refresh_statistics.run_of(session),
        link=dashboard_today.link_of,
    )


@blueprint.get("/today/campaigns.csv")
def campaigns_file() -> ResponseReturnValue:
    """The sums of every campaign."""
    return csv_file("campaigns", list(campaigns_csv(db.session(), by=staff_user())))


@blueprint.get("/campaigns/<slug>/figures")
def show(slug: str) -> ResponseReturnValue:
    """The figures of one campaign."""
    session, campaign, now = db.session(), load(slug), db.utcnow()
    sheet = Sheet.of(session, campaign, now)
    gaps = check_readiness.gaps(campaign, now)
    return _page(
        "campaign_statistics",
        campaign=campaign,
        sheet=sheet,
        figures=sheet.figures,
        kept=sheet.kept,
        missions=statistics_tables.mission_rows(session, campaign, sheet.figures),
        targets=statistics_tables.target_rows(campaign, sheet.figures),
        attempts=statistics_tables.attempts_of(session, campaign),
        deadline=deadline_of(campaign.act_by, i18n.locale(), now, campaign.timezone),
        step=check_readiness.next_step(campaign, gaps),
        gaps=gaps,
        run=refresh_statistics.run_of(session),
        update_title=_title_of,
    )


@blueprint.get("/campaigns/<slug>/figures/<table>.csv")
def table_file(slug: str, table: str) -> ResponseReturnValue:
    """One table of a campaign's figures."""
    session, campaign = db.session(), load(slug)
    rows = csv_rows(session, Sheet.of(session, campaign, db.utcnow()), table)
    if rows is None:
        abort(404)
    # The file is sent after the session has ended: what its rows read must be there before.
    return csv_file(f"{campaign.slug}-{table}", list(rows))


def _todos(session: Session, user: StaffUser, now: datetime) -> list[Todo]:
    """Admins print and carry as well as they write."""
    found = stop_todos(session, by=user, now=now) + todos(session, by=user, now=now)
    if user.role is Role.ADMIN:
        found += deliveries_todos(session, by=user, now=now)
    return found


def _title_of(update: Update) -> str:
    """In the page's language, else in the campaign's own."""
    told = told_in(update, i18n.locale(), update.campaign.default_locale)
    return told.title if told else ""


def _mirrored() -> bool:
    return i18n.direction(i18n.locale()) == "rtl"


def _page(name: str, **context: object) -> str:
    return render_template(
        f"dashboard/{name}.html",
        number=say_number,
        percent=say_share,
        mend_url=mend_url,
        region_name=region_name,
        may_enter=dashboard_today.may_enter,
        **context,
    )
