"""The desk's pages on leave to fetch files: asking for it, giving it, who had it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length

from campaign.bundles import file_approvals
from campaign.bundles.file_approvals import LONGEST_REASON, SHORTEST_REASON, NeedsApproval
from campaign.bundles.find_bundles import get_bundle
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db
from campaign.core.db import Json
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.export import FileApproval
from campaign.staff.desk_access import fresh, staff_user
from campaign.web.form_base import DeskForm
from campaign.web.page import Page, redirect_to, show_page

REASON_SENTENCES: Mapping[str, object] = {
    "reason-short": _l("Enter the purpose in at least %(num)s characters.", num=SHORTEST_REASON),
    "reason-long": _l("Shorten the purpose to %(num)s characters.", num=LONGEST_REASON),
}


def purpose_field(description: object) -> TextAreaField:
    """Return the field; `description` says how long a purpose is at least."""
    needed = DataRequired(REASON_SENTENCES["reason-short"])
    return TextAreaField(
        _l("Purpose"), description=description, validators=[needed, Length(max=2000)]
    )


class AskForm(DeskForm):
    sentences = REASON_SENTENCES
    campaign = HiddenField(validators=[DataRequired(), Length(max=80)])
    bundle = HiddenField(validators=[Length(max=22)])
    reason = purpose_field(
        _l(
            "At least %(num)s characters. The person who approves the request reads this. Do not "
            "name supporters.",
            num=SHORTEST_REASON,
        )
    )


class AskForFiles(Page, template="bundles/ask_for_files.html"):
    campaign: Campaign
    bundle: Bundle | None
    form: AskForm
    hours: int  # for which files can be fetched once it is approved
    problem: str


class ShowApproval(Page, template="bundles/approval.html"):
    approval: FileApproval
    over: bool
    hours: int
    problem: str


class ListApprovals(Page, template="bundles/approvals.html"):
    approvals: Sequence[FileApproval]
    now: datetime


def register(blueprint: Blueprint) -> None:
    add, page = blueprint.add_url_rule, "/approvals/<public_id>"
    add("/approvals", "list_approvals", list_approvals)
    add("/approvals/new", "ask_for_files", ask_for_files)
    add("/approvals/new", "send_request", send_request, methods=["POST"])
    add(page, "show_approval", show_approval)
    add(f"{page}/approve", "approve_files", approve_files, methods=["POST"])
    add(f"{page}/refuse", "refuse_files", refuse_files, methods=["POST"])
    blueprint.app_errorhandler(NeedsApproval)(_lead_to_request)


def list_approvals() -> ResponseReturnValue:
    approvals = file_approvals.list_approvals(db.session())
    return show_page(ListApprovals(approvals=approvals, now=db.utcnow()))


def ask_for_files() -> ResponseReturnValue:
    return _show_form(AskForm(formdata=None, data=request.args.to_dict()))


@fresh()
def send_request() -> ResponseReturnValue:
    form, session = AskForm(), db.session()
    if not form.validate():
        return _show_form(form)
    campaign, bundle = _find_subject(form)
    try:
        approval = file_approvals.ask(
            session, campaign=campaign, bundle=bundle, reason=form.reason.data, by=staff_user()
        )
    except Invalid as problem:
        form.refuse_problem(problem)
        return _show_form(form)
    except Refused as problem:
        session.rollback()
        return _show_form(form, problem.slug, problem.status)
    return redirect_to("bundles.show_approval", public_id=approval.public_id)


def show_approval(public_id: str) -> ResponseReturnValue:
    settings, now = current_settings(), db.utcnow()
    approval = file_approvals.get_approval(db.session(), public_id)
    problem = ""
    try:
        file_approvals.refuse_decision(approval, staff_user(), now, settings.decider_days)
    except Refused as refused:
        problem = refused.slug
    return show_page(
        ShowApproval(
            approval=approval,
            over=file_approvals.is_over(approval, now),
            hours=settings.export_hours,
            problem=problem,
        )
    )


@fresh()
def approve_files(public_id: str) -> ResponseReturnValue:
    return _decide(public_id, _("Request approved. We email the person who sent it."), True)


def refuse_files(public_id: str) -> ResponseReturnValue:
    return _decide(public_id, _("Request declined. We email the person who sent it."), False)


def _decide(public_id: str, message: str, approved: bool) -> ResponseReturnValue:
    approval = file_approvals.get_approval(db.session(), public_id)
    file_approvals.decide(db.session(), approval, by=staff_user(), approved=approved)
    return redirect_to("bundles.show_approval", message, public_id=public_id)


def _lead_to_request(problem: NeedsApproval) -> ResponseReturnValue:
    data: Json = dict(problem.data)
    return redirect_to("bundles.ask_for_files", **data)


def _find_subject(form: AskForm) -> tuple[Campaign, Bundle | None]:
    session = db.session()
    bundle = get_bundle(session, form.bundle.data) if form.bundle.data else None
    return get_campaign(session, form.campaign.data or ""), bundle


def _show_form(form: AskForm, problem: str = "", status: int = 200) -> ResponseReturnValue:
    campaign, bundle = _find_subject(form)
    hours = current_settings().export_hours
    page = AskForFiles(campaign=campaign, bundle=bundle, form=form, hours=hours, problem=problem)
    return show_page(page, status)
