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
from campaign.staff.guards import guard
from campaign.web.desk import redirect_to

blueprint = Blueprint("screening", __name__, url_prefix="/desk/screening")
guard(blueprint, Role.STAFF)

REFUSALS: Mapping[str, object] = {
    "note-missing": _l("Say why: choose a sentence, or write one of your own."),
    "note-too-long": _l("Keep the reason to 1,000 characters at most."),
    "letter-names-risk": _l(
        "Nothing was approved: risk flags rule out words in these letters. Approve each by itself."
    ),
    "nothing-held": _l("Somebody else decided about this letter before, or its writer changed it."),
    "cannot-mail": _l("The mailbox had its mails of the day. Send the letter back tomorrow."),
    "nothing-to-undo": _l("There is nothing to undo any more."),
    "reason-missing": _l("Say why these signatures are false: the audit keeps it."),
    "reason-too-long": _l("Keep the reason to 1,000 characters at most."),
    "standing-everybody": _l(
        "These conditions say when, not who: everybody who comes from now on would be set aside. "
        "Change the conditions: name a network, a network address, a mail domain, a browser, a "
        "name or words. Or set aside only those that are found."
    ),
    "invalidation-moved": _l("Somebody moved this on meanwhile. This is how it stands now."),
    "not-done": _l("It set nothing aside, so there is nothing to undo."),
    "no-condition": _l("Name at least one condition. Without any, everybody would be found."),
}
"""Sentences for what the services refuse, by slug."""


def say_refused(problem: DomainError) -> None:
    """Say on the next page why something was not done."""
    slugs = list(problem.fields.values()) if isinstance(problem, Invalid) else []
    for slug in slugs or [problem.slug]:
        flash(str(REFUSALS.get(slug, slug)), "error")


def redirect_with_filters(endpoint: str, **values: str | None) -> ResponseReturnValue:
    return redirect_to(endpoint, **{name: value for name, value in values.items() if value})


def find_chosen_campaign() -> Campaign | None:
    """Return the campaign that the address or the form names; None: all."""
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
