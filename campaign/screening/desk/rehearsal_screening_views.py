"""The team looks at the held letters of its own rehearsal, as the staff will at real ones.

Organizers see no supporter (docs/adr/0004); whoever signs before the opening is invented. The
campaign is held while one decides: it does not open, and no letter is real, meanwhile.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_number
from flask_babel import gettext as _

from campaign import db
from campaign.accounts.guards import guard, staff_user
from campaign.accounts.models import Role
from campaign.authoring.desk import load
from campaign.campaigns import lifecycle, rehearsal
from campaign.errors import Invalid, NotFound, Refused
from campaign.screening import queue
from campaign.screening.desk import say_refused
from campaign.screening.queue import Filter
from campaign.screening.showing import shown
from campaign.signing.hold_models import Decision

blueprint = Blueprint(
    "rehearsal_screening", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal/held"
)
guard(blueprint, Role.ORGANIZER)

_SHOWN = 20
_DECISIONS = {
    "approve": Decision.APPROVED,
    "return": Decision.RETURNED,
    "reject": Decision.REJECTED,
}


@blueprint.get("")
def index(slug: str) -> ResponseReturnValue:
    """Held letters of the rehearsal, the oldest first."""
    unit, campaign = db.session(), load(slug)
    if not lifecycle.is_rehearsal(campaign.status):
        return redirect(url_for("rehearsal.show", slug=slug))
    chosen = Filter(campaign.id)
    held = queue.list_held(unit, chosen, limit=_SHOWN)
    return render_template(
        "screening/rehearsal.html",
        campaign=campaign,
        held=[(one, shown(one)) for one in held],
        count=queue.count_held(unit, chosen),
        rehearsing=True,
        number=format_number,
    )


@blueprint.post("/<public_id>")
def decide(slug: str, public_id: str) -> ResponseReturnValue:
    """Approve, send back or reject one of them; nobody is mailed."""
    unit, campaign = db.session(), load(slug)
    rehearsal.hold(unit, campaign)
    decision = _DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        raise NotFound("decision")
    try:
        held = queue.get_held(unit, public_id, Filter(campaign.id))
        queue.decide(
            unit, public_ids=[held.signature.public_id], decision=decision, by=staff_user(),
            now=db.utcnow(), note=request.form.get("note", ""), risks_seen=True,
            flagged_seen=True,
        )  # fmt: skip
    except NotFound:
        say_refused(Refused("nothing-held"))
    except (Invalid, Refused) as problem:
        say_refused(problem)
    else:
        flash(_("It is decided. Nobody was mailed: this is a rehearsal."))
    return redirect(url_for(".index", slug=slug), 303)
