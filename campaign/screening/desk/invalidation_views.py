"""Invalidations on the desk: conditions, dry run, deed, undo."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from campaign.core import db
from campaign.core.errors import DomainError, Invalid
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.screening import Invalidation, TrendCount, TrendKind
from campaign.models.signature import Signature
from campaign.screening import invalidate, invalidation_job
from campaign.screening.desk.blueprint import (
    WORDS,
    back,
    blueprint,
    chosen_campaign,
    page,
    say_refused,
)
from campaign.screening.desk.forms import ConditionsForm, as_typed
from campaign.screening.trends import value_of
from campaign.signing.checks.conditions import Conditions
from campaign.staff.guards import staff_user
from campaign.web.fields import choices

_FIELDS = {
    TrendKind.ADDRESS: "addresses",
    TrendKind.NETWORK: "networks",
    TrendKind.DOMAIN: "domains",
    TrendKind.AGENT: "agents",
}


@blueprint.get("/invalidations")
def invalidations() -> ResponseReturnValue:
    """All there were, the newest first."""
    session = db.session()
    found = invalidate.list_invalidations(session)
    names = dict(session.execute(select(Campaign.id, Campaign.reference)).all())
    standing = {one.id for one in found if invalidate.takes_newcomers(one)}
    return page("invalidations", found=found, names=names, standing=standing)


@blueprint.route("/invalidations/new", methods=["GET", "POST"])
def new_invalidation() -> ResponseReturnValue:
    """The conditions; posted, their dry run begins."""
    session, zone = db.session(), current_settings().timezone
    form = ConditionsForm(data=_proposed(zone))
    form.zone = zone
    rows = session.execute(select(Campaign.slug, Campaign.reference).order_by(Campaign.reference))
    every = [("", _("Every campaign")), *((slug, reference) for slug, reference in rows)]
    form.campaign.choices = choices(every)
    if form.validate_on_submit():
        try:
            made = invalidate.begin_count(
                session,
                conditions=form.conditions(),
                campaign=chosen_campaign(),
                by=staff_user(),
                now=db.utcnow(),
            )
        except Invalid as problem:
            form.form_errors += [WORDS[slug] for slug in problem.fields.values()]
        else:
            return back(".invalidation", public_id=made.public_id)
    return page("new_invalidation", 422 if form.errors else 200, form=form, zone=zone)


@blueprint.get("/invalidations/<public_id>")
def invalidation(public_id: str) -> ResponseReturnValue:
    """What it found, what it would change, how far it has come."""
    found = invalidate.get_invalidation(db.session(), public_id)
    return page("invalidation", **_facts(found))


@blueprint.get("/invalidations/<public_id>/progress")
def invalidation_progress(public_id: str) -> ResponseReturnValue:
    """The part of the page that moves."""
    found = invalidate.get_invalidation(db.session(), public_id)
    return page("_invalidation", **_facts(found))


@blueprint.post("/invalidations/<public_id>/<deed>")
def move_invalidation(public_id: str, deed: str) -> ResponseReturnValue:
    """Run it, cancel it, undo it, or end that it takes newcomers."""
    session, by, now = db.session(), staff_user(), db.utcnow()
    found = invalidate.get_invalidation(session, public_id)
    try:
        if deed == "run":
            reason, standing = request.form.get("reason", ""), "standing" in request.form
            invalidate.run(session, found, reason=reason, standing=standing, by=by, now=now)
        elif deed == "cancel":
            invalidate.cancel(session, found, by=by, now=now)
        elif deed == "undo":
            invalidate.undo(session, found, by=by, now=now)
        elif deed == "end-standing":
            invalidate.end_standing(session, found, by=by)
            flash(_("Those who come from now on are taken as they come."))
        else:
            abort(404)
    except Invalid as problem:
        session.rollback()
        return page("invalidation", 422, **_facts(found, problem.fields))
    except DomainError as problem:
        session.rollback()
        say_refused(problem)
    return back(".invalidation", public_id=public_id)


def _facts(found: Invalidation, problems: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the page says; with the `problems` of what was typed, by field, that is kept."""
    session, now = db.session(), db.utcnow()
    done, total = invalidation_job.progress_of(found)
    return {
        "one": found,
        "state": found.state.value,
        "conditions": Conditions.from_json(found.conditions),
        "campaign": session.get(Campaign, found.campaign_id) if found.campaign_id else None,
        "effects": invalidate.effects_of(session, found),
        "sample": invalidate.sample_of(session, found),
        "aside": invalidate.count_aside(session, found),
        "at_work": found.state in invalidate.AT_WORK,
        "percent": min(100, round(100 * done / total)) if total else 0,
        "is_idle": invalidation_job.is_idle(found, now),
        "zone": current_settings().timezone,
        "stands": invalidate.takes_newcomers(found),
        "typed": request.form,
        "problems": {name: WORDS[slug] for name, slug in (problems or {}).items()},
    }


def _proposed(zone: str) -> dict[str, Any]:
    """What the form begins with: an earlier one's conditions, or a trend's mark.

    The address holds keyed marks, never what they stand for: addresses of pages are logged.
    """
    session = db.session()
    proposed: dict[str, Any] = {"campaign": request.args.get("campaign", "")}
    if earlier := request.args.get("from"):
        found = invalidate.get_invalidation(session, earlier)
        campaign = session.get(Campaign, found.campaign_id) if found.campaign_id else None
        typed = as_typed(Conditions.from_json(found.conditions), zone)
        return typed | {"campaign": campaign.slug if campaign else ""}
    if marked := request.args.get("mark"):
        try:
            kind, mark = TrendKind(request.args.get("kind", "")), bytes.fromhex(marked)
        except ValueError:
            abort(404)
        proposed[_FIELDS.get(kind, "domains")] = _words_of(kind, mark)
    return proposed


def _words_of(kind: TrendKind, mark: bytes) -> str:
    row = (
        db.session()
        .execute(
            select(Signature.email, Signature.trace)
            .join(TrendCount, TrendCount.example_id == Signature.id)
            .where(TrendCount.kind == kind, TrendCount.mark == mark)
            .order_by(TrendCount.hour.desc())
            .limit(1)
        )
        .one_or_none()
    )
    return value_of(kind, row.email, row.trace) if row else ""
