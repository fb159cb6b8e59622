"""Write · You · Check · Sign, on the desk, before the campaign opens: for its team alone.

The pages are the public ones. `g.rehearsal` marks them, leads their forms back here, and gives
these a token, since they carry the rights of who is signed in.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from campaign.campaigns import lifecycle
from campaign.campaigns.desk.blueprint import load
from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.models.staff import Role
from campaign.printing.problems import LetterRefused
from campaign.signing import sign_in_rehearsal
from campaign.signing.form import preview_views, steps, views
from campaign.staff.desk_access import actor, guard
from campaign.web.page import redirect_to

blueprint = Blueprint(
    "signing_rehearsal", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal/<lang>"
)
guard(blueprint, Role.ORGANIZER)
blueprint.register_error_handler(LetterRefused, preview_views.name_refused)
_ELSEWHERE = {"public.case": "signing_previews.preview_case"}


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
    """Return the address of a step of signing: the public one, or the rehearsal's on its pages."""
    if sign_in_rehearsal.is_rehearsing():
        own = endpoint.replace("signing.", "signing_rehearsal.", 1)
        endpoint = _ELSEWHERE.get(endpoint, own)
    return url_for(endpoint, **values)


@blueprint.app_context_processor
def _tell_templates() -> dict[str, object]:
    return {"rehearsing": sign_in_rehearsal.is_rehearsing()}


def _add_step(path: str, view: Callable[..., ResponseReturnValue], *methods: str) -> None:
    def step(slug: str, lang: str) -> ResponseReturnValue:
        return view(lang=lang, slug=slug)

    blueprint.add_url_rule(path, view.__name__, step, methods=methods or ["POST"])


_add_step("/write", views.write, "GET", "POST")
_add_step("/live", views.live)
_add_step("/you", views.you)
_add_step("/check", views.check)
_add_step("/preview.pdf", views.preview_pdf)


@blueprint.post("/sign")
def sign(slug: str, lang: str) -> ResponseReturnValue:
    """Sign; the letter is confirmed at once, and nothing leaves the house."""
    session, campaign, now = db.session(), load(slug), db.utcnow()
    plan = views.plan_for(session, slug)
    result = steps.judge_signing(request.form, plan, now)
    if result.form is None or result.problems:
        return views.show_problems(session, plan, result)
    sign_in_rehearsal.sign_in_rehearsal(
        session, campaign, plan=plan, letter=result.form, locale=lang, actor=actor(), now=now
    )
    message = gettext("You signed this in the rehearsal. It is confirmed without an email.")
    return redirect_to("bundles_rehearsal.show", message, slug=slug)
