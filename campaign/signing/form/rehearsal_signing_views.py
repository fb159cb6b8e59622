"""Write · You · Check · Sign, on the desk, before the campaign opens: for its team alone.

The pages are the public ones. `g.rehearsal` marks them, leads their forms back here, and gives
these a token, since they carry the rights of who is signed in.
"""

from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from campaign import db, i18n
from campaign.accounts.guards import actor, guard
from campaign.accounts.models import Role
from campaign.authoring.desk import load
from campaign.campaigns import lifecycle
from campaign.errors import NotFound, Refused
from campaign.letters.problems import LetterRefused
from campaign.signing import journey, previews, rehearsing, signing_views

blueprint = Blueprint(
    "rehearsal_signing", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal/<lang>"
)
guard(blueprint, Role.ORGANIZER)
blueprint.register_error_handler(LetterRefused, previews.name_refused)
_ELSEWHERE = {"reading.case": "signing_previews.preview_case"}


@blueprint.before_request
def _rehearse() -> None:
    lang, slug = (request.view_args or {}).get("lang", ""), (request.view_args or {}).get("slug")
    if lang not in i18n.languages():
        raise NotFound("language")
    campaign = load(str(slug))
    if not lifecycle.is_rehearsal(campaign.status):
        raise Refused("rehearsal-over")
    g.rehearsal, g.locale = True, lang  # the guard has set the language of the staff user


@blueprint.app_template_global("step_url")
def step_url(endpoint: str, **values: Any) -> str:
    """The address of a step of signing: the public one, or the rehearsal's on its own pages."""
    if rehearsing.is_rehearsing():
        own = endpoint.replace("signing.", "rehearsal_signing.", 1)
        endpoint = _ELSEWHERE.get(endpoint, own)
    return url_for(endpoint, **values)


@blueprint.app_context_processor
def _tell_templates() -> dict[str, object]:
    return {"rehearsing": rehearsing.is_rehearsing()}


@blueprint.route("/write", methods=["GET", "POST"])
def write(slug: str, lang: str) -> ResponseReturnValue:
    """The letter, to be written."""
    return signing_views.write(lang=lang, slug=slug)


@blueprint.post("/live")
def live(slug: str, lang: str) -> ResponseReturnValue:
    """The letter as it stands while it is typed."""
    return signing_views.live(lang=lang, slug=slug)


@blueprint.post("/you")
def you(slug: str, lang: str) -> ResponseReturnValue:
    """Who writes."""
    return signing_views.you(lang=lang, slug=slug)


@blueprint.post("/check")
def check(slug: str, lang: str) -> ResponseReturnValue:
    """The letter as it will be printed."""
    return signing_views.check(lang=lang, slug=slug)


@blueprint.post("/preview.pdf")
def preview_pdf(slug: str, lang: str) -> ResponseReturnValue:
    """The letter as a PDF, before it is signed."""
    return signing_views.preview_pdf(lang=lang, slug=slug)


@blueprint.post("/sign")
def sign(slug: str, lang: str) -> ResponseReturnValue:
    """Sign: the letter is confirmed at once, and nothing leaves the house."""
    unit, campaign, now = db.session(), load(slug), db.utcnow()
    plan = signing_views.plan_for(unit, slug)
    came = journey.judge(request.form, plan, now)
    if came.form is None:
        return signing_views.mend(unit, plan, came)
    rehearsing.sign_in_rehearsal(
        unit, campaign, plan=plan, letter=came.form, locale=lang, actor=actor(), now=now
    )
    flash(gettext("The letter is signed in rehearsal, and confirmed without a mail."))
    return redirect(url_for("rehearsal.show", slug=slug), 303)
