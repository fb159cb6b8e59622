"""The queue on the desk: one letter at a time, a key for each decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from campaign.campaigns import lifecycle
from campaign.campaigns.content.risk_words import Finding
from campaign.campaigns.content.risks import RiskNamed
from campaign.core import db
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import home_country
from campaign.models.review_hold import Decision, Hold
from campaign.printing.problems import LetterRefused
from campaign.screening import review_queue
from campaign.screening.desk.blueprint import back, blueprint, chosen_campaign, page, say_refused
from campaign.screening.letter_display import hand_out, printed, shown
from campaign.screening.review_queue import Filter
from campaign.signing.checks.screening_rules import REASONS
from campaign.signing.form.views import cannot_print, pdf_response
from campaign.staff.guards import fresh, staff_user

_LISTED = 25
_DECISIONS = {
    "approve": Decision.APPROVED,
    "return": Decision.RETURNED,
    "reject": Decision.REJECTED,
}


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The oldest letter that waits, or the one that is asked for, and what comes behind it."""
    return _show(_filter())


def _show(
    chosen: Filter, at: str = "", risks: Sequence[Finding] = (), *, asked: bool = False
) -> ResponseReturnValue:
    """The page; with `risks` or `asked` its form was refused, and keeps the note that was typed.

    `risks`: what the note would tell. `asked`: whether the letter is approved all the same.
    """
    refused = bool(risks) or asked
    session = db.session()
    held = list(review_queue.list_held(session, chosen, limit=_LISTED))
    current = _current(held, chosen, at or request.args.get("at", ""))
    behind = review_queue.list_held(session, chosen, limit=1, after=current) if current else ()
    return page(
        "queue",
        422 if refused else 200,
        risks=risks,
        asked=asked,
        typed=request.form.get("note", "") if refused else "",
        for_all=bool(risks) and not at,
        held=held,
        current=current,
        **_letter(current),
        following=behind[0] if behind else None,
        count=review_queue.count_held(session, chosen),
        returned=review_queue.count_held(
            session, Filter(chosen.campaign_id, "", Decision.RETURNED)
        ),
        campaigns=review_queue.list_campaigns(session),
        query=_query(),
        reasons=REASONS,
        act=review_queue.last_act(session, staff_user(), db.utcnow()),
        seen=db.utcnow().isoformat(),
        most=review_queue.MOST_AT_ONCE,
        counted=review_queue.COUNTED,
        is_rehearsal=lifecycle.is_rehearsal,
    )


@blueprint.post("/letters/<public_id>/letter.pdf")
@fresh()
def letter_download(public_id: str) -> ResponseReturnValue:
    """A letter that waits as it will be printed: a file, which asks again who wants it."""
    session = db.session()
    held = review_queue.get_held(session, public_id, _filter())
    body = hand_out(session, held, home=home_country(), by=staff_user())
    return pdf_response(body, f"{held.signature.campaign.slug}.pdf")


@blueprint.post("/letters/<public_id>")
def decide(public_id: str) -> ResponseReturnValue:
    """Approve, return or reject one letter; then the one behind it."""
    session, chosen = db.session(), _filter()
    try:
        current = review_queue.get_held(session, public_id, chosen)
        behind = review_queue.list_held(session, chosen, limit=1, after=current)
        _decide([public_id])
    except RiskNamed as problem:
        return _show(chosen, public_id, problem.found)
    except review_queue.NamesRisk:
        session.rollback()
        return _show(chosen, public_id, asked=True)
    except Invalid as problem:
        say_refused(problem)
        return back(".index", **_query(), at=public_id)
    except NotFound:
        say_refused(Refused("nothing-held"))
        return back(".index", **_query())
    except Refused as problem:
        session.rollback()
        say_refused(problem)
        return back(".index", **_query(), at=public_id)
    return back(".index", **_query(), at=behind[0].signature.public_id if behind else "")


@blueprint.post("/all")
def decide_all() -> ResponseReturnValue:
    """The same decision about all that the filter showed; what flags rule out is not approved."""
    session, left = db.session(), set[str]()
    try:
        seen = datetime.fromisoformat(request.form.get("seen", ""))
        wanted = review_queue.list_ids(session, _filter(), seen=seen)
        if request.form.get("decision") == "approve":
            left = review_queue.list_flagged(session, wanted)
        if wanted and left.issuperset(wanted):
            raise review_queue.NamesRisk
        _decide([one for one in wanted if one not in left])
    except RiskNamed as problem:
        return _show(_filter(), risks=problem.found)
    except (Invalid, Refused) as problem:
        session.rollback()
        say_refused(problem)
    except (ValueError, TypeError):
        say_refused(Refused("nothing-held"))
    else:
        if left:
            said = ngettext(
                "%(num)s letter says what a risk flag rules out and still waits. Approve it by "
                "itself.",
                "%(num)s letters say what risk flags rule out and still wait. Approve each by "
                "itself.",
                len(left),
            )
            flash(said, "warning")
    return back(".index", **_query())


@blueprint.post("/undo")
def undo() -> ResponseReturnValue:
    """Put the letters of one's last decision back into the queue."""
    try:
        count = review_queue.undo(db.session(), by=staff_user(), now=db.utcnow())
    except Refused as problem:
        say_refused(problem)
    else:
        flash(ngettext("%(num)s letter waits again.", "%(num)s letters wait again.", count))
    return back(".index", **_query())


def _decide(public_ids: list[str]) -> None:
    decision = _DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        raise Refused("nothing-held")
    act = review_queue.decide(
        db.session(),
        public_ids=public_ids,
        decision=decision,
        note=request.form.get("note", ""),
        by=staff_user(),
        now=db.utcnow(),
        risks_seen="risks_seen" in request.form,
        flagged_seen="flagged_seen" in request.form,
    )
    flash(_said(decision, act.letters))


def _said(decision: Decision, count: int) -> str:
    if decision is Decision.APPROVED:
        words = ngettext("%(num)s letter approved.", "%(num)s letters approved.", count)
    elif decision is Decision.RETURNED:
        words = ngettext(
            "%(num)s letter sent back to its writer.", "%(num)s letters sent back.", count
        )
    else:
        words = ngettext("%(num)s letter rejected.", "%(num)s letters rejected.", count)
    return str(words)


def _filter() -> Filter:
    campaign = chosen_campaign()
    reason = request.values.get("reason", "")
    shown = request.values.get("show", "")
    return Filter(
        campaign.id if campaign else None,
        reason if reason in REASONS else "",
        Decision.RETURNED if shown == "returned" else Decision.OPEN,
    )


def _query() -> dict[str, str]:
    names = ("campaign", "reason", "show")
    return {name: request.values.get(name, "") for name in names}


def _letter(current: Hold | None) -> dict[str, Any]:
    """What the page shows of a letter, if one waits."""
    if current is None:
        return {}
    letters, layout = printed(current.signature, home_country())
    return {"letter": shown(current), "letters": letters, "layout": layout}


def _current(held: list[Hold], chosen: Filter, wanted: str) -> Hold | None:
    if wanted:
        try:
            return review_queue.get_held(db.session(), wanted, chosen)
        except NotFound:
            pass
    return held[0] if held else None


blueprint.register_error_handler(LetterRefused, cannot_print)
