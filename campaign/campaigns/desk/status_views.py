"""The desk's pages on which a campaign moves on, is extended, and says why it ended."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import Optional

from campaign.campaigns import (
    check_readiness,
    copied_texts,
    lifecycle,
    proposals,
    rehearsal,
    status_changes,
)
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.desk.blueprint import (
    blueprint,
    done,
    languages_of,
    list_copied,
    list_linked_scheduled,
    load,
)
from campaign.campaigns.desk.forms import REFUSALS, CampaignForm, make_form
from campaign.campaigns.desk.labels import list_answers, say_cancelled, say_deadline_over, stops_of
from campaign.campaigns.desk.last_move import say_last_move
from campaign.campaigns.desk.update_views import find_returned
from campaign.campaigns.find_campaigns import list_harm_stops
from campaign.campaigns.record_change import check_second_person, drop_empty, find_change
from campaign.campaigns.status_changes import reword_reason
from campaign.campaigns.stop_rule import has_ended, is_stopped
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from campaign.models.revision import Proposal, ProposalKind
from campaign.models.staff import Role
from campaign.staff.desk_access import (
    actor,
    fresh,
    guard,
    say_changed_since,
    say_done_before,
    staff_user,
)
from campaign.web.edit_conflict import EditConflictForm, lock_row
from campaign.web.form_fields import DayField, MomentField, TextField, choices
from campaign.web.meant_field import MeantField, ask, read_answers
from campaign.web.page import Page, ProblemsOn, show_page

reason_blueprint = Blueprint("reason", __name__, url_prefix="/<slug>/reason")


class StatusForm(CampaignForm):
    """What a move of a campaign asks, and why it ended; what its writer must have seen: below."""

    to = HiddenField()
    note = TextField(
        _l("What should change"), limit=1000, description=_l("It is shown only in the workspace.")
    )
    kind = RadioField(
        _l("Why you are stopping it"),
        validators=[Optional()],
        description=_l("Pages, emails and the workspace explain the stop to match."),
    )
    act_by = DayField(_l("Deadline"))
    open_at = MomentField(_l("Day and time"))
    tell_network = BooleanField(
        _l("Tell the network"),
        description=_l(
            "Members whose choices match this case get one email. You cannot undo this."
        ),
    )
    risks_seen = MeantField(_l("Continue anyway"))
    copied_seen = MeantField(_l("Open it anyway"))
    locales: Sequence[str] = ()

    def stop_kind(self) -> StopKind | None:
        return StopKind(self.kind.data) if self.kind.data else None

    def reasons(self) -> dict[str, str]:
        return {code: self[f"reason_{code}"].data or "" for code in self.locales}


class MoveForm(StatusForm):
    """Whoever moves a campaign must have seen where it is; who decides for another, as it is."""

    seen = HiddenField()
    now = ""

    def is_current(self) -> bool:
        """Return whether its writer saw that; say on the form, once, where not."""
        seen, self.seen.data = self.seen.data, self.now
        if seen == self.now:
            return True
        self.form_errors.append(
            _(
                "The campaign has changed. Read what is new, then press the button again. "
                "What you typed is still here."
            )
        )
        return False


class ReasonForm(EditConflictForm, StatusForm):
    """Its words replace others, public or waiting, which its writer must have seen."""


StatusFormType = TypeVar("StatusFormType", bound=StatusForm)


def _form_with_reasons(
    form_class: type[StatusFormType],
    campaign: Campaign,
    locales: Sequence[str],
    data: Mapping[str, object],
) -> StatusFormType:
    fields: dict[str, object] = {
        f"reason_{code}": TextField(_l("Reason"), limit=1000) for code in locales
    }
    form = make_form(form_class, fields | {"locales": locales}, {"data": data})
    form.kind.choices = choices(stops_of(campaign).items())
    return form


class ExtendForm(CampaignForm):
    act_by = DayField(_l("New deadline"), needed=_l("Enter the new deadline."))
    deadline = HiddenField()  # as the page showed it


class ChangeStatus(Page, template="campaigns/change_status.html"):
    campaign: Campaign
    form: MoveForm | ReasonForm
    last_move: str
    locales: Sequence[str]
    to: CampaignStatus
    blockers: Sequence[Gap]
    copied: Sequence[Gap]  # what it says of another campaign; nobody opens it without having agreed
    refusal: object  # why its reader cannot do it
    own: bool
    now: datetime
    preview: Mapping[str, str]
    again: Proposal | None
    waiting: Proposal | None
    rehearsed: bool
    last_change: datetime | None  # Where somebody else is to have read the campaign as it is


class StatusChanged(Page, template="campaigns/status_changed.html"):
    campaign: Campaign
    last_move: str
    note: str
    answers: Sequence[tuple[str, str]]  # a day, or a kind of stop, that was chosen: after its label
    reasons: Mapping[str, str]
    may_reword: bool


class Extend(Page, template="campaigns/extend.html"):
    campaign: Campaign
    form: ExtendForm


@blueprint.route("/<slug>/status", methods=["GET", "POST"])
def change_status(slug: str) -> ResponseReturnValue:
    """Ask once more, with what follows from it; then do it. A stop, for good, wants fresh proof."""
    campaign, to = load(slug), _asked_status()
    if not lifecycle.may_move(campaign.status, to):
        return _show_changed(campaign)
    return _stop(slug=slug) if is_stopped(to) and request.method == "POST" else _change_status(slug)


def _change_status(slug: str) -> ResponseReturnValue:
    campaign, to, now = _load_as_it_is(slug), _asked_status(), db.utcnow()
    if not lifecycle.may_move(campaign.status, to):
        return _show_changed(campaign)
    again: Proposal | None
    form: MoveForm | ReasonForm
    if to is CampaignStatus.CLOSED and proposals.needs_approval(campaign):
        again, form = _replace_reasons(campaign)
    else:
        again, form = _write_reasons(campaign, to, now)
    scheduled = list_linked_scheduled(campaign) if is_stopped(to) else ()
    is_valid = form.validate_on_submit()
    looks = is_valid and "look" in request.form
    is_asked = is_valid and not looks and form.is_current()
    if is_asked and form.does(lambda: _change(form, campaign, to, again)):
        cancelled = [other for other in scheduled if other.opening_missed_at]
        message = " ".join(filter(None, (_say_changed(campaign, to), say_cancelled(cancelled))))
        if is_stopped(to):
            flash("", "linked")  # the overview names those of which letters may yet go out
        return done(message, ".show", slug=slug)
    copied = list_copied(campaign) if to in lifecycle.TOWARDS_OPENING else ()
    ask(copied_texts.keys_of(copied), "copied_seen")
    page = ChangeStatus(
        campaign=campaign,
        form=form,
        last_move=say_last_move(campaign),
        locales=form.locales,
        to=to,
        blockers=_find_blockers(campaign, to, now),
        copied=copied,
        refusal=_find_refusal(campaign, to) if request.method == "GET" else "",
        own=status_changes.is_writer(campaign, actor()),
        now=now,
        preview=form.reasons() if looks else {},
        again=again,
        waiting=proposals.find_waiting_reasons(db.session(), campaign),
        rehearsed=rehearsal.has_rehearsal(db.session(), campaign),
        last_change=campaign.changed_at if _is_decided_by_second_person(campaign, to) else None,
    )
    return show_page(page)


_stop = fresh()(_change_status)


@blueprint.route("/<slug>/extend", methods=["GET", "POST"])
def extend(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), _load_as_it_is(slug)
    if campaign.status is not CampaignStatus.OPEN:
        return _show_changed(campaign)
    form = ExtendForm()
    if form.validate_on_submit() and _is_deadline_seen(form, campaign):
        with ProblemsOn(form):
            day, now = cast("date", form.act_by.data), db.utcnow()
            status_changes.extend_campaign(session, campaign, actor=actor(), act_by=day, now=now)
            return done(_("Deadline changed."), ".show", slug=slug)
    form.deadline.data = campaign.act_by.isoformat() if campaign.act_by else ""
    return show_page(Extend(campaign=campaign, form=form))


def _is_deadline_seen(form: ExtendForm, campaign: Campaign) -> bool:
    """Return whether its writer saw the deadline as it is; say on the form who moved it if not."""
    deadline = campaign.act_by.isoformat() if campaign.act_by else ""
    if form.deadline.data in {None, deadline}:
        return True
    entry = find_change(db.session(), campaign, "campaign.extend", "act_by", deadline)
    is_same = form.act_by.data == campaign.act_by
    say = say_done_before if is_same else say_changed_since
    form.form_errors.append(say(entry, campaign.timezone))
    return False


def _load_as_it_is(slug: str) -> Campaign:
    """Load it; who writes waits for others who do, and sees what they made of it."""
    campaign = load(slug)
    if request.method == "POST":
        lock_row(db.session(), campaign)
    return campaign


def _asked_status() -> CampaignStatus:
    name = request.values.get("to", "")
    if name not in set(CampaignStatus):
        abort(404)
    return CampaignStatus(name)


def _show_changed(campaign: Campaign) -> ResponseReturnValue:
    """Say that somebody else has moved it on; what was typed for this move is not lost."""
    codes = dict.fromkeys([*languages_of(campaign), *campaign.status_reasons])
    reasons = {code: request.form.get(f"reason_{code}", "") for code in codes}
    page = StatusChanged(
        campaign=campaign,
        last_move=say_last_move(campaign),
        note=request.form.get("note", ""),
        answers=list_answers(request.form, campaign),
        reasons=drop_empty(reasons),
        may_reword=may_reword(campaign),
    )
    return show_page(page, 409)


def _end_of_embargo(campaign: Campaign, now: datetime) -> datetime | None:
    """Return the end of an embargo that runs, by the campaign's clocks, in whole minutes."""
    until = campaign.embargo_until
    if until is None or not lifecycle.is_under_embargo(until, now):
        return None
    zone = ZoneInfo(campaign.timezone)
    local = until.astimezone(zone).replace(tzinfo=None)
    return local if not local.second else local.replace(second=0) + timedelta(minutes=1)


def _find_blockers(campaign: Campaign, to: CampaignStatus, now: datetime) -> list[Gap]:
    """Return what must be mended before; a closed campaign gets its new last day on this page."""
    if to not in lifecycle.TOWARDS_OPENING:
        return []
    blockers = check_readiness.blockers_of(campaign, to, now)
    if campaign.status is CampaignStatus.CLOSED:
        return [gap for gap in blockers if gap.slug != "deadline-past"]
    return blockers


def _find_refusal(campaign: Campaign, to: CampaignStatus) -> object:
    """Return why somebody else must do it; whoever has typed already reads that on the form."""
    try:
        check_second_person(campaign, to, actor())
    except Refused as problem:
        return REFUSALS[problem.slug]
    return ""


def _is_decided_by_second_person(campaign: Campaign, to: CampaignStatus) -> bool:
    return campaign.status is CampaignStatus.REVIEW and to is not CampaignStatus.DRAFT


def _change(
    form: StatusForm, campaign: Campaign, to: CampaignStatus, again: Proposal | None
) -> None:
    session, by, now = db.session(), form.by(), db.utcnow()
    reasons, waits = form.reasons(), proposals.needs_approval(campaign)
    seen = read_answers("copied_seen")
    if to is CampaignStatus.OPEN:
        reopens = campaign.status is CampaignStatus.CLOSED
        day, tells = (form.act_by.data, form.tell_network.data) if reopens else (None, True)
        status_changes.open_campaign(
            session, campaign, now=now, act_by=day, tell_network=tells, copied_seen=seen, **by
        )
    elif to is CampaignStatus.REVIEW:
        status_changes.submit_for_review(
            session, campaign, actor=actor(), now=now, copied_seen=seen
        )
    elif to is CampaignStatus.DRAFT:
        status_changes.return_to_draft(session, campaign, actor=actor(), note=form.note.data)
    elif to is CampaignStatus.SCHEDULED:
        if form.open_at.data is None:
            raise Invalid(fields={"open_at": "open-at-missing"})
        moment = status_changes.moment_in(campaign.timezone, form.open_at.data)
        if campaign.act_by is not None:
            deadline_sentence = {"opens-after-deadline": say_deadline_over(campaign.act_by)}
            form.sentences = {**form.sentences, **deadline_sentence}
        status_changes.schedule_campaign(
            session, campaign, now=now, open_at=moment, copied_seen=seen, **by
        )
    elif to is CampaignStatus.CLOSED and waits and drop_empty(reasons):
        _propose(form, campaign, ProposalKind.CLOSE, reasons, again)
    elif to is CampaignStatus.CLOSED:
        status_changes.close_campaign(session, campaign, now=now, reasons=reasons, **by)
    elif waits:
        proposals.stop_and_propose(
            session,
            campaign,
            by=staff_user(),
            now=now,
            reasons=reasons,
            kind=form.stop_kind(),
            risks_seen=read_answers(),
        )
    else:
        kind = form.stop_kind()
        status_changes.stop_campaign(session, campaign, now=now, kind=kind, reasons=reasons, **by)


def _propose(
    form: StatusForm,
    campaign: Campaign,
    kind: ProposalKind,
    reasons: Mapping[str, str],
    again: Proposal | None,
    stop_kind: StopKind | None = None,
) -> None:
    by, seen = staff_user(), read_answers()
    proposals.propose_reasons(
        db.session(),
        campaign,
        kind,
        by=by,
        reasons=reasons,
        stop_kind=stop_kind,
        risks_seen=seen,
        replaces=again,
    )


def _say_changed(campaign: Campaign, status: CampaignStatus) -> str:
    if is_stopped(status) and proposals.needs_approval(campaign):
        return _(
            "The campaign is stopped. Someone else must approve your reason before it is public."
        )
    if status is CampaignStatus.CLOSED and campaign.status is not status:
        return _("The campaign stays open until someone else approves the closing.")
    words: dict[CampaignStatus, str] = {
        CampaignStatus.DRAFT: _("The campaign is a draft again."),
        CampaignStatus.REVIEW: _("Campaign sent for approval."),
        CampaignStatus.SCHEDULED: _("The campaign will open automatically at that time."),
        CampaignStatus.OPEN: _("The campaign is open. Everyone can read it and write."),
        CampaignStatus.CLOSED: _("The campaign is closed. It accepts no more letters."),
        CampaignStatus.STOPPED: _(
            "The campaign is stopped. It accepts and delivers no more letters."
        ),
    }
    return words[status]


guard(reason_blueprint, Role.ORGANIZER)


class RewordReason(Page, template="campaigns/reword_reason.html"):
    campaign: Campaign
    form: ReasonForm
    locales: Sequence[str]
    waiting: Proposal | None


def may_reword(campaign: Campaign) -> bool:
    return staff_user().role is Role.ADMIN or proposals.needs_approval(campaign)


@reason_blueprint.route("", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    """The reason in each language, as everybody reads it. Admins only, unless it is approved."""
    campaign = _load_as_it_is(slug)
    waits = proposals.needs_approval(campaign)
    if not may_reword(campaign):
        abort(404)
    if not has_ended(campaign.status):
        return _show_changed(campaign)
    again, form = _replace_reasons(campaign)
    if form.validate_on_submit() and form.is_current():
        with ProblemsOn(form):
            reasons, kind = form.reasons(), form.stop_kind()
            if waits:
                _propose(form, campaign, ProposalKind.REASON, reasons, again, kind)
                message = _(
                    "Reason sent for approval. It becomes public when someone else approves it."
                )
            else:
                reword_reason(db.session(), campaign, reasons=reasons, kind=kind, **form.by())
                message = _("Reason changed. No one was emailed.")
                flash("", "linked")
            return done(message, "campaigns.show", slug=slug)
    page = RewordReason(
        campaign=campaign,
        form=form,
        locales=form.locales,
        waiting=proposals.find_waiting_reasons(db.session(), campaign),
    )
    return show_page(page)


def _write_reasons(
    campaign: Campaign, to: CampaignStatus, now: datetime
) -> tuple[Proposal | None, MoveForm]:
    """Make the form of a move whose reasons wait for nobody."""
    again = find_returned(campaign)
    content = proposals.content_of(again) if again else {}
    days = {"act_by": campaign.act_by, "open_at": _end_of_embargo(campaign, now)}
    seen = campaign.status.value
    if to is CampaignStatus.CLOSED:  # nobody closes unseen what a colleague has just extended
        seen = f"{seen} {campaign.act_by}"
    if to is CampaignStatus.SCHEDULED:  # its writer reads by which clocks it opens
        seen = f"{seen} {campaign.timezone}"
    data = {**days, **_reasons_by_field(content), "seen": seen}
    form = _form_with_reasons(MoveForm, campaign, languages_of(campaign), data)
    form.now = seen
    if _is_decided_by_second_person(campaign, to) or campaign.status_reasons:
        form.now = campaign.changed_at.isoformat()
    if to in {CampaignStatus.OPEN, CampaignStatus.SCHEDULED}:  # nobody does so without the warning
        stops = [stop.slug for stop in list_harm_stops(db.session(), campaign)]
        form.now = " ".join([form.now, *stops])
    if request.method == "GET":
        form.seen.data = form.now
    return again, form


def _replace_reasons(campaign: Campaign) -> tuple[Proposal | None, ReasonForm]:
    """Make the form of reasons that replace those that wait, or else those that everybody reads.

    Whoever writes again what came back to them finds that in it, and the others beside it.
    """
    session = db.session()
    again = find_returned(campaign, may_be_gone=request.method == "POST")
    returned = proposals.content_of(again) if again else {}
    waits = proposals.needs_approval(campaign)
    waiting = proposals.find_waiting_reasons(session, campaign) if waits else None
    now = proposals.content_of(waiting) if waiting else campaign.status_reasons
    shown = [proposals.reasons_in(content) for content in (now, returned)]
    locales = list(dict.fromkeys([*languages_of(campaign), *shown[0], *shown[1]]))
    form = _form_with_reasons(ReasonForm, campaign, locales, _values_of(campaign, now, locales))
    if again and request.method == "GET":
        form.hold_instead(_values_of(campaign, returned, locales))
    return again, form


def _values_of(campaign: Campaign, content: Content, locales: Sequence[str]) -> dict[str, str]:
    kind = proposals.stop_kind_in(content) or campaign.stop_kind
    return _reasons_by_field(dict.fromkeys(locales, "") | content) | {"kind": kind.value}


def _reasons_by_field(content: Content) -> dict[str, str]:
    return {f"reason_{code}": text for code, text in proposals.reasons_in(content).items()}
