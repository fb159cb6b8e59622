"""Where signatures come from, on the desk."""

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from campaign.core import db, jobs
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.screening import TrendKind
from campaign.screening import trends
from campaign.screening.browsers import say_browser
from campaign.screening.desk.blueprint import back, blueprint, chosen_campaign, page

_WINDOWS = (24, 72, 168)


@blueprint.get("/fraud")
def fraud() -> ResponseReturnValue:
    """The addresses, networks, domains and browsers of which most signatures come."""
    session, now, campaign = db.session(), db.utcnow(), chosen_campaign()
    hours = _window()
    found = trends.list_trends(
        session, campaign_id=campaign.id if campaign else trends.EVERYWHERE, hours=hours, now=now
    )
    start = trends.hour_of(now) - (hours - 1) * trends.HOUR
    return page(
        "fraud",
        found=found,
        say_browser=say_browser,
        kinds=[kind for kind in TrendKind if kind is not TrendKind.ALL],
        every=TrendKind.ALL,
        windows=_WINDOWS,
        hours=hours,
        start=start,
        now=now,
        chosen=campaign,
        campaigns=_campaigns(),
        counted=trends.counted_at(session),
        days=current_settings().trace_days,
    )


@blueprint.post("/fraud/count")
def count_now() -> ResponseReturnValue:
    """Have it counted anew, without waiting for the clock."""
    jobs.enqueue(db.session(), "screening.count-trends")
    flash(_("It is being counted. Load the page again in some seconds."))
    return back(".fraud", campaign=request.form.get("campaign"), hours=request.form.get("hours"))


def _window() -> int:
    asked = request.args.get("hours", "")
    return int(asked) if asked in {str(one) for one in _WINDOWS} else _WINDOWS[0]


def _campaigns() -> list[tuple[str, str]]:
    query = select(Campaign.slug, Campaign.reference).order_by(Campaign.reference)
    return [(slug, reference) for slug, reference in db.session().execute(query)]
