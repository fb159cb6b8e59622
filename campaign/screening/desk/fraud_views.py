"""False signatures at the desk: where signatures come from, and invalidations by conditions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import ua_parser
from flask import abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, Form, SelectField
from wtforms.validators import StopValidation

from campaign.core import db, i18n, jobs
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.screening import Invalidation, TrendCount, TrendKind
from campaign.models.signature import Signature
from campaign.screening import invalidate, invalidation_job, trends
from campaign.screening.desk.blueprint import (
    REFUSALS,
    blueprint,
    find_chosen_campaign,
    list_campaign_choices,
    redirect_with_filters,
    say_refused,
)
from campaign.screening.invalidate import Effect
from campaign.screening.trends import Trend, value_of
from campaign.signing.checks.conditions import (
    MOST_VALUES,
    Conditions,
    tidy_address,
    tidy_domain,
    tidy_network,
)
from campaign.signing.checks.origin import make_trace
from campaign.staff.desk_access import ask_before_view, staff_user
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import LineField, MomentField, TextField, choices
from campaign.web.page import Page, show_page

__all__ = ["blueprint"]
Tidy = Callable[[str], str | None]
_ASKED = _l("Enter the date and time like this: 2026-12-04 18:30.")
_FIELDS = {
    TrendKind.ADDRESS: "addresses",
    TrendKind.NETWORK: "networks",
    TrendKind.DOMAIN: "domains",
    TrendKind.AGENT: "agents",
}
_WINDOWS = (24, 72, 168)  # Hours


def say_browser(agent: str) -> str:
    """Return "Firefox 128 on Linux" of what a browser says of itself; "" where none is known."""
    parsed = ua_parser.parse(agent)
    browser = _with_version(parsed.user_agent)
    system = _with_version(parsed.os)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system


def _with_version(part: ua_parser.UserAgent | ua_parser.OS | None) -> str:
    return " ".join(filter(None, (part.family, part.major))) if part else ""


class LinesField(TextField):
    def __init__(self, label: Any, *, tidy: Tidy, **kwargs: Any) -> None:
        super().__init__(label, limit=20_000, **kwargs)
        self.tidy = tidy
        self.values: tuple[str, ...] = ()

    def pre_validate(self, form: Form) -> None:
        lines = [line.strip() for line in (self.data or "").splitlines() if line.strip()]
        read = {line: self.tidy(line) for line in lines}
        wrong = [line for line, value in read.items() if value is None]
        if wrong:
            named = i18n.comma(i18n.locale()).join(wrong[:3])
            raise StopValidation(
                _("Check these lines. We cannot read them: %(lines)s", lines=named)
            )
        if len(read) > MOST_VALUES:
            raise StopValidation(_("Use at most 200 lines."))
        self.values = tuple(dict.fromkeys(value for value in read.values() if value))


class ConditionsForm(DeskForm):
    zone = "UTC"
    campaign = SelectField(_l("Campaign"), validate_choice=True)
    networks = LinesField(
        _l("Networks"),
        tidy=tidy_network,
        description=_l("One on each line, for example 203.0.113.0/24 or 2001:db8:5::/48."),
    )
    addresses = LinesField(
        _l("Network addresses"),
        tidy=tidy_address,
        description=_l(
            "One on each line. For an IPv6 address, the whole /64 network counts as one."
        ),
    )
    domains = LinesField(
        _l("Email domains"),
        tidy=tidy_domain,
        description=_l("One on each line, for example example.org."),
    )
    agents = LinesField(
        _l("Browsers"),
        tidy=lambda text: make_trace("", text).agent or None,
        description=_l(
            "The full browser name that the browser sends, one on each line. * matches "
            "any characters."
        ),
    )
    since = MomentField(_l("Signed from"), asked=_ASKED)
    until = MomentField(_l("Signed before"), asked=_ASKED)
    name = LineField(
        _l("Name"),
        limit=200,
        description=_l("The full name. * matches any characters, for example “x* test”."),
    )
    similar_to = TextField(
        _l("Own words almost like these"),
        limit=5000,
        description=_l("At least four words. Paste the text that is repeated."),
    )
    unconfirmed = BooleanField(_l("Only signatures that were never confirmed"))

    def validate_until(self, field: MomentField) -> None:
        since, until = self._moment(self.since), self._moment(field)
        if since and until and since >= until:
            raise StopValidation(_("Enter an end that is after the start."))

    def validate_similar_to(self, field: TextField) -> None:
        if field.data and len(field.data.split()) < 4:
            raise StopValidation(_("Enter at least four words."))

    def _moment(self, field: MomentField) -> datetime | None:
        zone = ZoneInfo(self.zone)
        return field.data.replace(tzinfo=zone).astimezone(UTC) if field.data else None

    def conditions(self) -> Conditions:
        return Conditions(
            **{name: self[name].values for name in _FIELDS.values()},
            since=self._moment(self.since),
            until=self._moment(self.until),
            name=self.name.data or "",
            similar_to=self.similar_to.data or "",
            unconfirmed=bool(self.unconfirmed.data),
        )


def as_typed(conditions: Conditions, zone: str) -> dict[str, object]:
    def moment(stored: datetime | None) -> datetime | None:
        return stored.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if stored else None

    return {
        **{name: "\n".join(getattr(conditions, name)) for name in _FIELDS.values()},
        "since": moment(conditions.since),
        "until": moment(conditions.until),
        "name": conditions.name,
        "similar_to": conditions.similar_to,
        "unconfirmed": conditions.unconfirmed,
    }


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
    days: int


@blueprint.get("/fraud")
def fraud() -> ResponseReturnValue:
    session, now, campaign = db.session(), db.utcnow(), find_chosen_campaign()
    hours = _chosen_window()
    place = campaign.id if campaign else trends.EVERYWHERE
    page = FraudPage(
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
    return show_page(page)


@blueprint.post("/fraud/count")
def count_now() -> ResponseReturnValue:
    jobs.enqueue(db.session(), "screening.count-trends")
    flash(_("Counting has started. Reload the page in a few seconds."))
    campaign, hours = request.form.get("campaign"), request.form.get("hours")
    return redirect_with_filters(".fraud", campaign=campaign, hours=hours)


def _chosen_window() -> int:
    hours = request.args.get("hours", "")
    return int(hours) if hours in map(str, _WINDOWS) else _WINDOWS[0]


class Invalidations(Page, template="screening/invalidations.html"):
    invalidations: Sequence[Invalidation]
    references: Mapping[int, str]
    standing: set[int]  # Ids of those that take newcomers


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
    at_work: bool
    percent: int
    is_idle: bool
    zone: str
    stands: bool
    typed: Mapping[str, str]
    problems: Mapping[str, object]


class InvalidationPage(InvalidationProgress, template="screening/invalidation.html"):
    pass


@blueprint.get("/invalidations")
def invalidations() -> ResponseReturnValue:
    session = db.session()
    rows = invalidate.list_invalidations(session)
    references = session.execute(select(Campaign.id, Campaign.reference))
    page = Invalidations(
        invalidations=rows,
        references=dict(references.all()),
        standing={row.id for row in rows if invalidate.applies_to_future(row)},
    )
    return show_page(page)


@blueprint.route("/invalidations/new", methods=["GET", "POST"])
def new_invalidation() -> ResponseReturnValue:
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
    return _show(InvalidationPage, public_id)


@blueprint.get("/invalidations/<public_id>/progress")
def invalidation_progress(public_id: str) -> ResponseReturnValue:
    return _show(InvalidationProgress, public_id)


@blueprint.post("/invalidations/<public_id>/<move>")
def move_invalidation(public_id: str, move: str) -> ResponseReturnValue:
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
        return _ask_before_look(row) or show_page(_page(InvalidationPage, row, problem.fields), 422)
    except Refused as problem:
        session.rollback()
        say_refused(problem)
    return redirect_with_filters(".invalidation", public_id=public_id)


def _show(page: type[InvalidationProgress], public_id: str) -> ResponseReturnValue:
    row = _get_invalidation(public_id)
    return _ask_before_look(row) or show_page(_page(page, row))


def _ask_before_look(invalidation: Invalidation) -> ResponseReturnValue | None:
    return ask_before_view("invalidation.look", f"invalidation:{invalidation.id}")


def _page(
    page: type[InvalidationProgress],
    invalidation: Invalidation,
    problems: Mapping[str, str] | None = None,
) -> InvalidationProgress:
    """Fill the page; the `problems` are those of what was typed, by field."""
    session = db.session()
    worked_through, total = invalidation_job.progress_of(invalidation)
    return page(
        invalidation=invalidation,
        state=invalidation.state.value,
        conditions=Conditions.from_json(invalidation.conditions),
        campaign=_campaign_of(invalidation),
        effects=invalidate.list_effects(session, invalidation),
        sample=invalidate.list_sample(session, invalidation, by=staff_user()),
        aside=invalidate.count_aside(session, invalidation),
        at_work=invalidation.state in invalidate.AT_WORK,
        percent=min(100, round(100 * worked_through / total)) if total else 0,
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
