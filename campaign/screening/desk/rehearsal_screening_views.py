"""The held letters of a rehearsal: its team decides about them, as the staff will about real ones.

Organizers see no supporter (docs/adr/0004); whoever signs before the opening is invented. The
campaign's row is locked while one decides, so that it does not open meanwhile.
"""

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import lifecycle, rehearsal
from campaign.campaigns.desk.blueprint import load
from campaign.core import db
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.campaign import Campaign
from campaign.models.review_hold import Hold
from campaign.models.staff import Role
from campaign.screening import review_queue
from campaign.screening.desk.blueprint import say_refused
from campaign.screening.letter_display import HeldLetter, describe_letter
from campaign.screening.review_queue import Filter
from campaign.staff.guards import guard, staff_user
from campaign.web.desk import redirect_to
from campaign.web.page import Page, show_page

blueprint = Blueprint(
    "screening_rehearsal", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal/held"
)
guard(blueprint, Role.ORGANIZER)

_SHOWN = 20


class RehearsalHolds(Page, template="screening/rehearsal.html"):
    campaign: Campaign
    held: list[tuple[Hold, HeldLetter]]
    count: int
    rehearsing: bool = True


@blueprint.get("")
def index(slug: str) -> ResponseReturnValue:
    """List the held letters of the rehearsal, the oldest first."""
    session, campaign = db.session(), load(slug)
    if not lifecycle.is_rehearsal(campaign.status):
        return redirect_to("bundles_rehearsal.show", slug=slug)
    chosen = Filter(campaign.id)
    held = review_queue.list_held(session, chosen, by=staff_user(), limit=_SHOWN)
    return show_page(
        RehearsalHolds(
            campaign=campaign,
            held=[(hold, describe_letter(hold)) for hold in held],
            count=review_queue.count_held(session, chosen),
        )
    )


@blueprint.post("/<public_id>")
def decide(slug: str, public_id: str) -> ResponseReturnValue:
    """Approve, send back or reject one of them; nobody is mailed."""
    session, campaign = db.session(), load(slug)
    rehearsal.hold(session, campaign)
    decision = review_queue.DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        raise NotFound("decision")
    try:
        held = review_queue.get_held(session, public_id, Filter(campaign.id), by=staff_user())
        review_queue.decide(
            session,
            public_ids=[held.signature.public_id],
            decision=decision,
            by=staff_user(),
            now=db.utcnow(),
            note=request.form.get("note", ""),
            risks_seen=True,
            flagged_seen=True,
        )
    except NotFound:
        say_refused(Refused("nothing-held"))
    except (Invalid, Refused) as problem:
        say_refused(problem)
    else:
        flash(_("Decision saved. No email was sent, because this is a rehearsal."))
    return redirect_to(".index", slug=slug)
