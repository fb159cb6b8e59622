"""Invalidations on the desk: conditions, dry run, work, undo."""

from collections.abc import Mapping, Sequence

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
    REFUSALS,
    blueprint,
    find_chosen_campaign,
    list_campaign_choices,
    redirect_with_filters,
    say_refused,
)
from campaign.screening.desk.forms import ConditionsForm, as_typed
from campaign.screening.invalidate import Effect
from campaign.screening.trends import value_of
from campaign.signing.checks.conditions import Conditions
from campaign.staff.guards import staff_user
from campaign.staff.note_view import ask_before_view
from campaign.web.form_fields import choices
from campaign.web.page import Page, show_page


class Invalidations(Page, template="screening/invalidations.html"):
    invalidations: Sequence[Invalidation]
    references: Mapping[int, str]
    """By the campaign's id."""
    standing: set[int]
    """Ids of those that take newcomers."""


class NewInvalidation(Page, template="screening/new_invalidation.html"):
    form: ConditionsForm
    zone: str


class InvalidationProgress(Page, template="screening/_invalidation.html"):
    invalidation: Invalidation
    state: str
    conditions: Conditions
    campaign: Campaign | None
    effects: list[Effect]
    sample: Sequence[Signature]
    aside: int
    """How many it keeps aside."""
    at_work: bool
    percent: int
    is_idle: bool
    zone: str
    stands: bool
    """Whether it takes newcomers."""
    typed: Mapping[str, str]
    problems: Mapping[str, object]
    """Sentences for what was typed, by field."""


class InvalidationPage(InvalidationProgress, template="screening/invalidation.html"):
    pass


_FIELDS = {
    TrendKind.ADDRESS: "addresses",
    TrendKind.NETWORK: "networks",
    TrendKind.DOMAIN: "domains",
    TrendKind.AGENT: "agents",
}


@blueprint.get("/invalidations")
def invalidations() -> ResponseReturnValue:
    session = db.session()
    rows = invalidate.list_invalidations(session)
    references = session.execute(select(Campaign.id, Campaign.reference))
    return show_page(
        Invalidations(
            invalidations=rows,
            references=dict(references.all()),
            standing={row.id for row in rows if invalidate.applies_to_future(row)},
        )
    )


@blueprint.route("/invalidations/new", methods=["GET", "POST"])
def new_invalidation() -> ResponseReturnValue:
    """Ask for conditions; posted, their dry run begins."""
    session, zone = db.session(), current_settings().timezone
    form = ConditionsForm(data=_initial_values(zone))
    form.zone = zone
    form.campaign.choices = choices([("", _("All campaigns")), *list_campaign_choices()])
    if form.validate_on_submit():
        try:
            invalidation = invalidate.begin_count(
                session,
                conditions=form.conditions(),
                campaign=find_chosen_campaign(),
                by=staff_user(),
                now=db.utcnow(),
            )
        except Invalid as problem:
            form.form_errors += [REFUSALS[slug] for slug in problem.fields.values()]
        else:
            return redirect_with_filters(".invalidation", public_id=invalidation.public_id)
    return show_page(NewInvalidation(form=form, zone=zone))


@blueprint.get("/invalidations/<public_id>")
def invalidation(public_id: str) -> ResponseReturnValue:
    """Show what it found, what it would change, how far it has come."""
    return _show(InvalidationPage, public_id)


@blueprint.get("/invalidations/<public_id>/progress")
def invalidation_progress(public_id: str) -> ResponseReturnValue:
    """Show the part of the page that moves."""
    return _show(InvalidationProgress, public_id)


@blueprint.post("/invalidations/<public_id>/<move>")
def move_invalidation(public_id: str, move: str) -> ResponseReturnValue:
    """Run it, cancel it, undo it, or end that it takes newcomers."""
    session, by, now = db.session(), staff_user(), db.utcnow()
    row = _get_invalidation(public_id)
    try:
        if move == "run":
            reason, standing = request.form.get("reason", ""), "standing" in request.form
            invalidate.run(session, row, reason=reason, standing=standing, by=by, now=now)
        elif move == "cancel":
            invalidate.cancel(session, row, by=by, now=now)
        elif move == "undo":
            invalidate.undo(session, row, by=by, now=now)
        elif move == "end-standing":
            invalidate.end_standing(session, row, by=by)
            flash(_("New signatures are no longer excluded."))
        else:
            abort(404)
    except Invalid as problem:
        session.rollback()
        return show_page(_page(InvalidationPage, row, problem.fields), 422)
    except DomainError as problem:
        session.rollback()
        say_refused(problem)
    return redirect_with_filters(".invalidation", public_id=public_id)


def _show(page: type[InvalidationProgress], public_id: str) -> ResponseReturnValue:
    row = _get_invalidation(public_id)
    if asked := ask_before_view("invalidation.look", f"invalidation:{row.id}"):
        return asked
    return show_page(_page(page, row))


def _page(
    page: type[InvalidationProgress],
    invalidation: Invalidation,
    problems: Mapping[str, str] | None = None,
) -> InvalidationProgress:
    """Fill the page; the `problems` are those of what was typed, by field."""
    session = db.session()
    done, total = invalidation_job.progress_of(invalidation)
    return page(
        invalidation=invalidation,
        state=invalidation.state.value,
        conditions=Conditions.from_json(invalidation.conditions),
        campaign=_campaign_of(invalidation),
        effects=invalidate.list_effects(session, invalidation),
        sample=invalidate.list_sample(session, invalidation, by=staff_user()),
        aside=invalidate.count_aside(session, invalidation),
        at_work=invalidation.state in invalidate.AT_WORK,
        percent=min(100, round(100 * done / total)) if total else 0,
        is_idle=invalidation_job.is_idle(invalidation, db.utcnow()),
        zone=current_settings().timezone,
        stands=invalidate.applies_to_future(invalidation),
        typed=request.form,
        problems={name: REFUSALS[slug] for name, slug in (problems or {}).items()},
    )


def _get_invalidation(public_id: str) -> Invalidation:
    return invalidate.get_invalidation(db.session(), public_id, by=staff_user())


def _campaign_of(invalidation: Invalidation) -> Campaign | None:
    number = invalidation.campaign_id
    return db.session().get(Campaign, number) if number else None


def _initial_values(zone: str) -> dict[str, object]:
    """Return what the form begins with: an earlier one's conditions, or a trend's mark.

    The address holds keyed marks, never what they stand for: addresses of pages are logged.
    """
    values: dict[str, object] = {"campaign": request.args.get("campaign", "")}
    if earlier := request.args.get("from"):
        invalidation = _get_invalidation(earlier)
        campaign = _campaign_of(invalidation)
        typed = as_typed(Conditions.from_json(invalidation.conditions), zone)
        return typed | {"campaign": campaign.slug if campaign else ""}
    if marked := request.args.get("mark"):
        try:
            kind, mark = TrendKind(request.args.get("kind", "")), bytes.fromhex(marked)
        except ValueError:
            abort(404)
        values[_FIELDS.get(kind, "domains")] = _value_of(kind, mark)
    return values


def _value_of(kind: TrendKind, mark: bytes) -> str:
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
