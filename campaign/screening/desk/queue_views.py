"""The queue on the desk: one letter at a time, a key for each decision.

The held letters of a rehearsal are decided about by its team, as the staff will about real ones:
organizers see no supporter (docs/adr/0004), and whoever signs before the opening is invented.
"""

from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from campaign.campaigns import lifecycle
from campaign.campaigns import rehearsal as campaign_rehearsal
from campaign.campaigns.content.risks import Finding, RiskNamed
from campaign.campaigns.desk.blueprint import load
from campaign.core import db
from campaign.core.answers import ANYTHING
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.screening import Decision, Hold, ScreeningAct
from campaign.models.staff import Role
from campaign.printing.problems import LetterRefused
from campaign.screening import review_queue
from campaign.screening.desk.blueprint import (
    blueprint,
    find_chosen_campaign,
    redirect_with_filters,
    say_refused,
)
from campaign.screening.held_letter import HeldLetter, describe_letter, print_letter
from campaign.screening.moved_letters import MovedLetter, list_moved
from campaign.screening.review_queue import HeldFilter
from campaign.signing.checks.screening_rules import Reason
from campaign.signing.form.views import cannot_print, pdf_response
from campaign.signing.letter.draft import Letters, signed_letters
from campaign.staff.desk_access import ask_before_view, fresh, guard, staff_user
from campaign.web.meant_field import ask, read_answers
from campaign.web.page import Page, redirect_to, show_page

_LISTED = 25
_REHEARSED = 20


class QueuePage(Page, template="screening/queue.html"):
    held: Sequence[Hold]
    current: Hold | None
    letter: HeldLetter | None
    letters: Letters | None
    following: Hold | None
    count: int
    returned: int  # How many wait for their writers' change
    campaigns: Sequence[Campaign]
    query: Mapping[str, str]
    reasons: Sequence[str]
    act: ScreeningAct | None
    all_seen: Mapping[str, str]
    """`Hold.version` of all that a decision about all is about, by public id."""
    most: int
    counted: int  # Beyond so many nobody counts
    is_rehearsal: Callable[[CampaignStatus], bool]
    risks: Sequence[Finding]  # What a note names that was refused
    typed: str
    for_all: bool  # Whether it was typed for all that the filter shows
    asked: bool  # Whether the tick for what a risk flag rules out was missing


class MovedLetters(Page, template="screening/moved.html"):
    letters: Sequence[MovedLetter]
    is_saved: bool  # Whether others were decided about
    typed: str
    query: Mapping[str, str]
    following: Hold | None


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return _show(_filter())


def _show(
    chosen: HeldFilter,
    at: str = "",
    risks: Sequence[Finding] = (),
    *,
    refused: bool = False,
    asked: bool = False,
) -> ResponseReturnValue:
    """Show the queue; where its form was `refused`, for `risks` or another reason, with its words.

    Without `at` that was the form about all.
    """
    session, by = db.session(), staff_user()
    refused = refused or bool(risks) or asked
    all_seen = review_queue.list_versions(session, chosen)  # before any words are read
    held = review_queue.list_held(session, chosen, by=by, limit=_LISTED)
    current = _find_current(held, chosen, at or request.args.get("at", ""))
    behind: Sequence[Hold] = ()
    if current:
        behind = review_queue.list_held(session, chosen, by=by, limit=1, after=current)
    if current:
        of = f"campaign:{current.signature.campaign_id}"
        if question := ask_before_view("letter.look", of):
            return question
    page = QueuePage(
        risks=risks,
        asked=asked,
        typed=request.form.get("note", "") if refused else "",
        for_all=refused and not at,
        held=held,
        current=current,
        letter=describe_letter(current) if current else None,
        letters=signed_letters(current.signature) if current else None,
        following=behind[0] if behind else None,
        count=review_queue.count_held(session, chosen),
        returned=review_queue.count_held(
            session, HeldFilter(chosen.campaign_id, "", Decision.RETURNED)
        ),
        campaigns=review_queue.list_campaigns(session),
        query=_query(),
        reasons=list(Reason),
        act=review_queue.find_last_act(session, by, db.utcnow()),
        all_seen=all_seen,
        most=review_queue.MOST_AT_ONCE,
        counted=review_queue.COUNTED,
        is_rehearsal=lifecycle.is_rehearsal,
    )
    return show_page(page, 422 if refused else 200)


@blueprint.post("/letters/<public_id>/letter.pdf")
@fresh()
def letter_download(public_id: str) -> ResponseReturnValue:
    session = db.session()
    held = review_queue.get_held(session, public_id, _filter(), by=staff_user())
    body = print_letter(session, held, by=staff_user())
    return pdf_response(body, f"{held.signature.campaign.slug}.pdf")


@blueprint.post("/letters/<public_id>")
def decide(public_id: str) -> ResponseReturnValue:
    session, chosen = db.session(), _filter()
    try:
        current = review_queue.get_held(session, public_id, chosen, by=staff_user())
        behind = review_queue.list_held(session, chosen, by=staff_user(), limit=1, after=current)
        _decide([public_id])
    except RiskNamed as problem:
        ask(problem.keys)
        return _show(chosen, public_id, problem.findings)
    except review_queue.NamesRisk:
        session.rollback()
        return _show(chosen, public_id, asked=True)
    except NotFound:
        return _show_moved(chosen, public_id)
    except (Invalid, Refused) as problem:
        session.rollback()
        if problem.slug == "nothing-held":
            return _show_moved(chosen, public_id)
        say_refused(problem)
        return _show(chosen, public_id, refused=True)
    return redirect_with_filters(
        ".index", **_query(), at=behind[0].signature.public_id if behind else ""
    )


def _show_moved(chosen: HeldFilter, public_id: str) -> ResponseReturnValue:
    """Tell what became of a letter meanwhile, and lead on; what was typed about it is not lost."""
    session, by = db.session(), staff_user()
    moved = list_moved(session, [public_id], chosen, seen=_read_seen(), by=by)
    try:
        review_queue.get_held(session, public_id, chosen, by=by)
    except NotFound:
        hold = moved[0].hold if moved else None
        behind = review_queue.list_held(session, chosen, by=by, limit=1, after=hold)
        first = behind or review_queue.list_held(session, chosen, by=by, limit=1)
        return _show_page_of_moved(moved, following=first[0] if first else None)
    say_refused(Refused("letter-changed"))
    return _show(chosen, public_id, refused=True)


def _show_page_of_moved(
    moved: Sequence[MovedLetter], *, following: Hold | None, is_saved: bool = False
) -> ResponseReturnValue:
    page = MovedLetters(
        letters=moved,
        is_saved=is_saved,
        typed="" if is_saved else request.form.get("note", "").strip(),
        query=_query(),
        following=following,
    )
    return show_page(page, 200 if is_saved else 409)


@blueprint.post("/all")
def decide_all() -> ResponseReturnValue:
    """Decide about all that the filter showed; what flags rule out is not approved."""
    session, chosen, by = db.session(), _filter(), staff_user()
    flagged, act = set[str](), None
    try:
        ids = review_queue.list_ids(session, chosen, seen=_read_seen())
        if request.form.get("decision") == "approve":
            flagged = review_queue.list_flagged(session, ids)
        if ids and flagged.issuperset(ids):
            raise review_queue.NamesRisk
        act = _decide([public_id for public_id in ids if public_id not in flagged])
    except RiskNamed as problem:
        ask(problem.keys)
        return _show(chosen, risks=problem.findings)
    except (Invalid, Refused) as problem:
        session.rollback()
        if problem.slug != "nothing-held":
            say_refused(problem)
            return _show(chosen, refused=True)
    if flagged:
        message = ngettext(
            "%(num)s letter contains words that a risk flag rules out or that are not allowed, and "
            "still needs review. Approve it separately.",
            "%(num)s letters contain words that risk flags rule out or that are not allowed, and "
            "still need review. Approve each one separately.",
            len(flagged),
        )
        flash(message, "warning")
    shown = request.form.get("letters", "").split()
    moved = [
        letter
        for letter in list_moved(session, shown, chosen, seen=_read_seen(), by=by)
        if act is None or letter.act is not act
    ]
    if moved:
        first = review_queue.list_held(session, chosen, by=by, limit=1)
        following = first[0] if first else None
        return _show_page_of_moved(moved, following=following, is_saved=act is not None)
    if act is None:
        say_refused(Refused("letter-changed"))
        return _show(chosen, refused=True)
    return redirect_with_filters(".index", **_query())


@blueprint.post("/undo")
def undo() -> ResponseReturnValue:
    session, by, act_id = db.session(), staff_user(), request.form.get("act", 0, int)
    try:
        undone = review_queue.undo(session, by=by, now=db.utcnow(), act_id=act_id)
    except Refused as problem:
        say_refused(problem)
    else:
        if undone.reopened:
            flash(
                ngettext(
                    "%(num)s letter is under review again.",
                    "%(num)s letters are under review again.",
                    undone.reopened,
                )
            )
        if undone.excluded:
            flash(
                ngettext(
                    "%(num)s letter was excluded since then and stays excluded.",
                    "%(num)s letters were excluded since then and stay excluded.",
                    undone.excluded,
                ),
                "warning",
            )
        left = session.get_one(ScreeningAct, act_id).letters - undone.reopened - undone.excluded
        if left:
            flash(
                ngettext(
                    "%(num)s letter stays as it is. Its supporter changed or withdrew it, someone "
                    "else decided about it, or it is in a bundle.",
                    "%(num)s letters stay as they are. Their supporters changed or withdrew them, "
                    "someone else decided about them, or they are in a bundle.",
                    left,
                ),
                "warning",
            )
    return redirect_with_filters(".index", **_query())


def _decide(public_ids: list[str]) -> ScreeningAct:
    decision = review_queue.DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        abort(404)
    act = review_queue.decide(
        db.session(),
        public_ids=public_ids,
        decision=decision,
        note=request.form.get("note", ""),
        by=staff_user(),
        now=db.utcnow(),
        risks_seen=read_answers(),
        flagged_seen="flagged_seen" in request.form,
        flags_seen=request.form.get("flags_seen", 0, int),
        seen=_read_seen(),
    )
    count = act.letters
    if decision is Decision.APPROVED:
        message = ngettext("%(num)s letter approved.", "%(num)s letters approved.", count)
    elif decision is Decision.RETURNED:
        message = ngettext(
            "%(num)s letter sent back to be changed.",
            "%(num)s letters sent back to be changed.",
            count,
        )
    else:
        message = ngettext("%(num)s letter rejected.", "%(num)s letters rejected.", count)
    flash(message)
    return act


def _read_seen() -> set[str]:
    """Return `Hold.version` of each letter that was on the page which the decision is about."""
    return set(request.form.get("seen", "").split())


def _filter() -> HeldFilter:
    campaign, reason = find_chosen_campaign(), request.values.get("reason", "")
    returned = request.values.get("show", "") == "returned"
    return HeldFilter(
        campaign.id if campaign else None,
        reason if reason in set(Reason) else "",
        Decision.RETURNED if returned else Decision.OPEN,
    )


def _query() -> dict[str, str]:
    return {name: request.values.get(name, "") for name in ("campaign", "reason", "show")}


def _find_current(held: Sequence[Hold], chosen: HeldFilter, public_id: str) -> Hold | None:
    if public_id:
        try:
            return review_queue.get_held(db.session(), public_id, chosen, by=staff_user())
        except NotFound:
            pass
    return held[0] if held else None


blueprint.register_error_handler(LetterRefused, cannot_print)


rehearsal = Blueprint(
    "screening_rehearsal", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal/held"
)
guard(rehearsal, Role.ORGANIZER)


class RehearsalHolds(Page, template="screening/rehearsal.html"):
    campaign: Campaign
    held: list[tuple[Hold, HeldLetter]]
    count: int
    rehearsing: bool = True


class MovedRehearsed(Page, template="screening/rehearsal_moved.html"):
    campaign: Campaign
    letters: Sequence[MovedLetter]
    typed: str
    rehearsing: bool = True


@rehearsal.get("", endpoint="index")
def list_rehearsed(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    if not lifecycle.is_rehearsal(campaign.status):
        return redirect_to("bundles_rehearsal.show", slug=slug)
    chosen = HeldFilter(campaign.id)
    held = review_queue.list_held(session, chosen, by=staff_user(), limit=_REHEARSED)
    page = RehearsalHolds(
        campaign=campaign,
        held=[(hold, describe_letter(hold)) for hold in held],
        count=review_queue.count_held(session, chosen),
    )
    return show_page(page)


@rehearsal.post("/<public_id>", endpoint="decide")
def decide_rehearsed(slug: str, public_id: str) -> ResponseReturnValue:
    """Approve, send back or reject one; nobody is mailed. The campaign does not open meanwhile."""
    session, campaign = db.session(), load(slug)
    campaign_rehearsal.lock_rehearsal(session, campaign)
    decision = review_queue.DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        raise NotFound("decision")
    chosen = HeldFilter(campaign.id)
    try:
        held = review_queue.get_held(session, public_id, chosen, by=staff_user())
        review_queue.decide(
            session,
            public_ids=[held.signature.public_id],
            decision=decision,
            by=staff_user(),
            now=db.utcnow(),
            note=request.form.get("note", ""),
            risks_seen=ANYTHING,
            flagged_seen=True,
            seen=_read_seen(),
        )
    except NotFound:
        return _show_moved_rehearsed(campaign, public_id)
    except (Invalid, Refused) as problem:
        if problem.slug == "nothing-held":
            return _show_moved_rehearsed(campaign, public_id)
        say_refused(problem)
    else:
        flash(gettext("Decision saved. No email was sent, because this is a rehearsal."))
    return redirect_to(".index", slug=slug)


def _show_moved_rehearsed(campaign: Campaign, public_id: str) -> ResponseReturnValue:
    moved = list_moved(
        db.session(), [public_id], HeldFilter(campaign.id), seen=_read_seen(), by=staff_user()
    )
    page = MovedRehearsed(
        campaign=campaign, letters=moved, typed=request.form.get("note", "").strip()
    )
    return show_page(page, 409)
