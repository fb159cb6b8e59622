"""The page that shows where signatures come from."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, jobs
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.screening import TrendKind
from campaign.screening import trends
from campaign.screening.browsers import say_browser
from campaign.screening.desk.blueprint import (
    blueprint,
    find_chosen_campaign,
    list_campaign_choices,
    redirect_with_filters,
)
from campaign.screening.trends import Trend
from campaign.web.page import Page, show_page

_WINDOWS = (24, 72, 168)
"""Hours."""


class FraudPage(Page, template="screening/fraud.html"):
    trends: Mapping[TrendKind, list[Trend]]
    say_browser: Callable[[str], str]
    kinds: list[TrendKind]
    every: TrendKind
    windows: tuple[int, ...]
    hours: int
    start: datetime
    now: datetime
    chosen: Campaign | None
    campaigns: Sequence[tuple[str, str]]
    counted: datetime | None
    """When it was counted last."""
    days: int
    """How long the traces of signatures are kept."""


@blueprint.get("/fraud")
def fraud() -> ResponseReturnValue:
    """List the addresses, networks, domains and browsers of which most signatures come."""
    session, now, campaign = db.session(), db.utcnow(), find_chosen_campaign()
    hours = _chosen_window()
    place = campaign.id if campaign else trends.EVERYWHERE
    return show_page(
        FraudPage(
            trends=trends.list_trends(session, campaign_id=place, hours=hours, now=now),
            say_browser=say_browser,
            kinds=[kind for kind in TrendKind if kind is not TrendKind.ALL],
            every=TrendKind.ALL,
            windows=_WINDOWS,
            hours=hours,
            start=trends.hour_of(now) - (hours - 1) * trends.HOUR,
            now=now,
            chosen=campaign,
            campaigns=list_campaign_choices(),
            counted=trends.counted_at(session),
            days=current_settings().trace_days,
        )
    )


@blueprint.post("/fraud/count")
def count_now() -> ResponseReturnValue:
    """Have it counted anew, without waiting for the clock."""
    jobs.enqueue(db.session(), "screening.count-trends")
    flash(_("Counting has started. Reload the page in a few seconds."))
    campaign, hours = request.form.get("campaign"), request.form.get("hours")
    return redirect_with_filters(".fraud", campaign=campaign, hours=hours)


def _chosen_window() -> int:
    hours = request.args.get("hours", "")
    return int(hours) if hours in map(str, _WINDOWS) else _WINDOWS[0]
