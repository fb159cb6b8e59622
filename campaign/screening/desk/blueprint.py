"""The desk of screening, for staff and admins: organizers do not see who signed."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from campaign.core import db
from campaign.core.errors import DomainError, Invalid
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from campaign.staff.desk_access import guard
from campaign.web.page import redirect_to

blueprint = Blueprint("screening", __name__, url_prefix="/desk/screening")
guard(blueprint, Role.STAFF)

REFUSALS: Mapping[str, object] = {
    "note-missing": _l("Enter a reason. You can use a suggested sentence or write your own."),
    "note-too-long": _l("Shorten the reason to 1,000 characters."),
    "letter-names-risk": _l(
        "No letter was approved. These letters contain words that risk flags "
        "rule out or that are not allowed. Approve each letter separately."
    ),
    "letter-changed": _l(
        "The letter has changed. Read what is new, then decide. What you typed is still here."
    ),
    "cannot-mail": _l(
        "This email address has reached today’s limit. Send the letter back tomorrow."
    ),
    "letter-in-bundle": _l(
        "This letter is in a bundle, so its supporter cannot change it. Approve or reject it."
    ),
    "letter-gone": _l("This letter has gone out, so you cannot reject it. Approve it."),
    "nothing-to-undo": _l("There is nothing left to undo."),
    "undone-already": _l("You have already undone this decision."),
    "decided-since": _l(
        "Nothing was undone, because this is no longer your last decision. Your last one is on "
        "this page."
    ),
    "reason-missing": _l("Enter why these signatures are false. The audit log keeps it."),
    "reason-too-long": _l("Shorten the reason to 1,000 characters."),
    "standing-everybody": _l(
        "These conditions only say when people signed. They would exclude every "
        "new signature. Add a network, a network address, an email domain, a "
        "browser, a name or words. Or exclude only the signatures found so far."
    ),
    "invalidation-moved": _l("This has changed since then. This is its status now."),
    "not-done": _l("This exclusion excluded no signatures, so there is nothing to undo."),
    "no-condition": _l(
        "Enter at least one condition. Without one, the search would find every signature."
    ),
}


def say_refused(problem: DomainError) -> None:
    slugs = list(problem.fields.values()) if isinstance(problem, Invalid) else []
    for slug in slugs or [problem.slug]:
        flash(str(REFUSALS.get(slug, slug)), "error")


def redirect_with_filters(endpoint: str, **values: str | None) -> ResponseReturnValue:
    return redirect_to(endpoint, **{name: value for name, value in values.items() if value})


def find_chosen_campaign() -> Campaign | None:
    slug = request.values.get("campaign", "")
    if not slug:
        return None
    campaign = db.session().scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None:
        abort(404)  # a filter that is not understood must not stand for everything
    return campaign


def list_campaign_choices() -> Sequence[tuple[str, str]]:
    query = select(Campaign.slug, Campaign.reference).order_by(Campaign.reference)
    return [(slug, reference) for slug, reference in db.session().execute(query)]
