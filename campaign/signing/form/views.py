"""Write · You · Check · Sign: the public pages, without cookie, account or script."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import Blueprint, Response, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db, i18n
from campaign.core.errors import NotFound, TooMany
from campaign.core.rate_limits import count_from_networks, read_count_from_networks
from campaign.core.settings import Settings, current_settings
from campaign.core.text.person_names import full_name
from campaign.models.campaign import Campaign
from campaign.models.directory import Official
from campaign.printing.html import card_fragment, letter_fragment
from campaign.printing.problems import LetterRefused
from campaign.public import before_request
from campaign.public.before_request import private, show_private
from campaign.public.case_lists import CaseRow, list_others
from campaign.public.case_page import case_page
from campaign.public.share_links import Share, clean_source, share_after_writing
from campaign.signing import check_proof_of_work, sign_in_rehearsal
from campaign.signing.campaign_terms import SigningPlan, get_plan, last_plan, plan_of, refuse_sent
from campaign.signing.checks import similar
from campaign.signing.checks.origin import trace_of
from campaign.signing.checks.review_decision import list_reasons_told
from campaign.signing.form import steps
from campaign.signing.form.steps import FormResult, Posted
from campaign.signing.letter.draft import draft_letters, pdf_of, templates_by_target
from campaign.signing.mails import APART, last_day_to_confirm
from campaign.signing.sign import Signing, link_ends, make_signing
from campaign.signing.sign import sign as sign_letter
from campaign.signing.validate import SignedForm
from campaign.web.error_pages import TooManyPage, count_minutes
from campaign.web.page import Page
from campaign.web.security import even_time, public, request_networks


class SentPage(Page, template="signing/sent.html"):
    plan: SigningPlan
    settings: Settings
    confirm_by: str  # The last day to confirm what is signed now
    apart_hours: int  # How far apart two emails are that bring several links
    share: Share | None  # None where the case takes no more letters: nothing is sent again either
    others: tuple[CaseRow, ...]  # Open cases, in its place
    again: bool


class ResendStep(Page, template="signing/resend_step.html"):
    action: str
    slug: str


class CannotPrint(Page, template="signing/cannot_print.html"):
    problems: set[str]
    places: list[tuple[Official, Mapping[str, str]]]
    """For who can mend it: the officials, each with what is too much in the address."""


class SignedTooOften(TooManyPage, template="signing/too_many.html"):
    case_slug: str
    posted: Sequence[tuple[str, str]]
    """What was typed, to be sent again."""


blueprint = Blueprint("signing", __name__)
before_request.init_blueprint(blueprint)
for template_global in (card_fragment, letter_fragment, full_name):
    blueprint.add_app_template_global(template_global)
_CASE = "/<lang>/actions/<slug>"


@blueprint.route(f"{_CASE}/write", methods=["GET", "POST"])
@public
def write(lang: str, slug: str) -> ResponseReturnValue:
    if request.method != "POST" and "again" in request.args:
        return back_to_write(lang, slug)
    with db.reading() as session:
        plan = plan_for(session, slug)
        return _show_write(session, plan, _posted(), FormResult(None, {}))


@blueprint.post(f"{_CASE}/preview")
@public
def live(lang: str, slug: str) -> ResponseReturnValue:
    _count_against("live", current_settings().live_previews_per_hour)
    with db.reading() as session:
        plan = plan_for(session, slug)
        campaign = _campaign(session, plan)
        return _show(steps.live_preview(campaign, plan, request.form, db.utcnow()))


@blueprint.post(f"{_CASE}/you")
@public
def you(lang: str, slug: str) -> ResponseReturnValue:
    with db.reading() as session:
        plan = plan_for(session, slug)
        result = steps.judge_words(request.form, plan, db.utcnow())
        if result.problems:
            return _show_write(session, plan, request.form, result)
        return _show_you(session, plan, result)


@blueprint.post(f"{_CASE}/check")
@public
def check(lang: str, slug: str) -> ResponseReturnValue:
    with db.reading() as session:
        plan = plan_for(session, slug)
        posted = steps.correct_address(request.form)
        result = steps.judge_form(posted, plan, db.utcnow())
        if result.form is None:
            return show_problems(session, plan, result)
        changed = steps.has_changed(posted, plan, result.form)
        return _show_check(session, plan, posted, result.form, changed=changed)


@blueprint.post(f"{_CASE}/sign")
@public
@even_time
def sign(lang: str, slug: str) -> ResponseReturnValue:
    """Sign. What the caller sees is the same whether this person has signed before or not.

    The session that writes holds a lock: what takes long comes before it. The form is judged by
    the plan that this process knows, and once more where the campaign has changed since.
    """
    known, ready = last_plan(slug), None
    if known and known.letters:
        _, ready = _judged(known, lang)
    if ready is None:
        with db.reading() as reader:
            plan = plan_for(reader, slug)
            result, ready = _judged(plan, lang)
            if ready is None:
                return show_problems(reader, plan, result)
    again = "1" if "again" in request.form else None
    sent_page = redirect(url_for("signing.sent", lang=lang, slug=slug, again=again), 303)
    session, networks = db.session(), request_networks()
    plan = plan_for(session, slug)
    if plan is not ready.plan:
        result, ready = _judged(plan, lang)
        if ready is None:
            return show_problems(session, plan, result)
    count = count_from_networks(session, "sign", networks, current_settings().signings_per_hour)
    solution = request.form.get("work", "")
    check_proof_of_work.admit(session, plan, solution, networks=networks, signed_here=count)
    sign_letter(session, ready)
    return sent_page


def _judged(plan: SigningPlan, lang: str) -> tuple[FormResult, Signing | None]:
    """The form as the plan has it, and what is to be written where nothing has to be mended."""
    now = db.utcnow()
    result = steps.judge_signing(request.form, plan, now)
    if result.form is None or result.problems:
        return result, None
    tab = {name: request.form.get(name, "") for name in ("receipt", "replaces")}
    trace = trace_of(request)
    return result, make_signing(plan, result.form, locale=lang, now=now, trace=trace, **tab)


@blueprint.get(f"{_CASE}/work")
@public
def work_for(lang: str, slug: str) -> ResponseReturnValue:
    with db.reading() as session:
        plan = plan_for(session, slug)
        count = read_count_from_networks(session, "sign", request_networks())
        needed = check_proof_of_work.is_needed(session, plan.campaign_id, count + 1)
    return private(
        jsonify(challenge=check_proof_of_work.challenge(plan, db.utcnow()) if needed else None)
    )


@blueprint.get(f"{_CASE}/sent")
@public
def sent(lang: str, slug: str) -> ResponseReturnValue:
    with db.reading() as session:
        plan, now = get_plan(session, slug), db.utcnow()
        refuse_sent(plan, now)
        campaign = _campaign(session, plan)
        case = case_page(campaign, i18n.locale(), count=0, now=now)
        share = share_after_writing(campaign, case, lang, now)
    return _show(
        SentPage(
            plan=plan,
            settings=current_settings(),
            confirm_by=last_day_to_confirm(link_ends(now), now=now, locale=lang),
            apart_hours=int(APART / timedelta(hours=1)),
            share=share,
            others=() if case.takes_letters else list_others(lang, slug),
            again="again" in request.args,
        )
    )


@blueprint.post(f"{_CASE}/preview.pdf")
@public
def preview_pdf(lang: str, slug: str) -> ResponseReturnValue:
    _count_against("preview", current_settings().previews_per_hour)
    with db.reading() as session:
        plan = plan_for(session, slug)
        result = steps.judge_form(request.form, plan, db.utcnow())
        if result.form is None:
            return show_problems(session, plan, result)
        campaign = _campaign(session, plan)
        letters = draft_letters(
            campaign,
            result.form,
            result.form.letter_locale,
            now=db.utcnow(),
            specimen=sign_in_rehearsal.page_mark() or gettext("Preview"),
        )
    return pdf_response(pdf_of(letters), "preview.pdf")


@blueprint.get(f"{_CASE}/preview.pdf", endpoint="back_from_preview")
@blueprint.get(f"{_CASE}/preview", endpoint="back_from_live")
@blueprint.get(f"{_CASE}/sign", endpoint="back_from_sign")
@blueprint.get(f"{_CASE}/check", endpoint="back_from_check")
@blueprint.get(f"{_CASE}/you", endpoint="back_from_you")
@public
def back_to_write(lang: str, slug: str) -> ResponseReturnValue:
    """Lead to the letter who asks for a step by its address, or send it once more (js/steps.js)."""
    if "again" in request.args:
        with db.reading() as session:
            plan_for(session, slug)
        return _show(ResendStep(action=request.path, slug=slug))
    return redirect(url_for("signing.write", lang=lang, slug=slug))


@blueprint.errorhandler(LetterRefused)
def cannot_print(
    problem: LetterRefused, places: list[tuple[Official, Mapping[str, str]]] | None = None
) -> ResponseReturnValue:
    slugs = {fault.slug for fault in problem.problems}
    return show_private(CannotPrint(problems=slugs, places=places or []), 422)


@blueprint.errorhandler(TooMany)
def ask_to_wait(problem: TooMany) -> ResponseReturnValue:
    """Refuse what is too often; the letter that was to be signed stays on the page."""
    if request.endpoint != "signing.sign":
        return before_request.too_many(problem)
    page = SignedTooOften(
        slug=problem.slug,
        minutes=count_minutes(problem.seconds),
        case_slug=str((request.view_args or {})["slug"]),
        # A check in the browser that was used up pays for nothing more.
        posted=[pair for pair in request.form.items(multi=True) if pair[0] != "work"],
    )
    answer = show_private(page, problem.status)
    answer.headers["Retry-After"] = str(problem.seconds)
    return answer


def pdf_response(body: bytes, name: str) -> Response:
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return private(response)


def _count_against(kind: str, limit: int) -> None:
    """Count one more from this network in this hour; the team is not counted."""
    if sign_in_rehearsal.is_rehearsing():
        return
    with db.transaction() as session:
        count_from_networks(session, kind, request_networks(), limit)


def plan_for(session: Session, slug: str) -> SigningPlan:
    if not sign_in_rehearsal.is_rehearsing():
        return steps.open_plan(session, slug, db.utcnow())
    plan = plan_of(get_campaign(session, slug))
    if not plan.letters:
        raise NotFound("letter-template")
    return plan


def show_problems(session: Session, plan: SigningPlan, result: FormResult) -> Response:
    if result.form is not None:
        page = _show_check(session, plan, request.form, result.form, changed=True)
        page.status_code = 422
        return page
    if result.step == "write":
        return _show_write(session, plan, request.form, result)
    return _show_you(session, plan, result)


def _show_write(
    session: Session, plan: SigningPlan, posted: Posted, result: FormResult
) -> Response:
    page = steps.write_page(
        _campaign(session, plan),
        plan,
        posted,
        result.problems,
        now=db.utcnow(),
        letter_locale=request.args.get("letter", ""),
    )
    return _show(page, result.status)


def _show_check(
    session: Session, plan: SigningPlan, posted: Posted, form: SignedForm, *, changed: bool = False
) -> Response:
    campaign = _campaign(session, plan)
    templates = templates_by_target(campaign, form.letter_locale).values()
    page = steps.check_page(
        campaign,
        plan,
        posted,
        form,
        db.utcnow(),
        alike=similar.count_alike(session, plan.campaign_id, form),
        read_first=list_reasons_told(session, campaign, form, templates),
        changed=changed,
    )
    return _show(page)


def _show_you(session: Session, plan: SigningPlan, result: FormResult) -> Response:
    campaign, posted = _campaign(session, plan), MultiDict(request.form)
    return _show(steps.you_page(campaign, posted, result.problems, db.utcnow()), result.status)


def _show(page: Page, status: int = 200) -> Response:
    # The language switch of a posted page leads to where the letter was begun.
    g.language_endpoint = "signing.write"
    return show_private(page, status)


def _posted() -> Posted:
    """Return what was typed; at first, what led here (`from` in the address), to be carried along.

    The form in a frame on a partner's page sends both: own words, and where they come from.
    """
    source = clean_source(request.args.get("from", ""))
    if not source or "source" in request.form:
        return request.form
    g.language_query = {"from": source}
    posted = MultiDict(request.form)
    posted["source"] = source
    return posted


def _campaign(session: Session, plan: SigningPlan) -> Campaign:
    return session.get_one(Campaign, plan.campaign_id)
