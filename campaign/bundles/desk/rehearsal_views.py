"""The desk's page on which a team rehearses its campaign before it opens, and its bundles there."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.validators import NumberRange

from campaign.bundles import access, downloads, find_bundles
from campaign.bundles.desk.bundle_display import file_response
from campaign.bundles.destinations import slug_of
from campaign.bundles.find_bundles import PrintProgress
from campaign.bundles.freeze import freeze_bundle
from campaign.bundles.freeze.waiting_counts import Waiting, list_waiting
from campaign.bundles.volumes import print_jobs
from campaign.campaigns import lifecycle, rehearsal
from campaign.campaigns.check_readiness import blockers
from campaign.campaigns.desk.blueprint import load
from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.signature import SignatureState
from campaign.signing.campaign_terms import plan_of
from campaign.signing.sign_in_rehearsal import count_rehearsed
from campaign.staff.desk_access import actor, guard, staff_user
from campaign.storage import storage
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import IntegerField
from campaign.web.page import Page, redirect_to, show_page

blueprint = Blueprint("bundles_rehearsal", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal")
guard(blueprint, *access.REHEARSERS)

AT_ONCE = 500  # invented people who sign at one click, at most


class PeopleForm(SiteForm):
    people = IntegerField(validators=[NumberRange(1, AT_ONCE)], default=20)


class RehearsalPage(Page, template="bundles/rehearsal.html"):
    campaign: Campaign
    form: PeopleForm
    problem: str
    counts: Mapping[SignatureState, int]
    gaps: int  # what still blocks the opening
    languages: Sequence[str]
    waiting: Sequence[Waiting]
    bundles: Sequence[tuple[Bundle, PrintProgress]]
    working: bool
    at_once: int


@blueprint.get("")
def show(slug: str) -> ResponseReturnValue:
    return _show_rehearsal(load(slug))


@blueprint.get("/people")
@blueprint.get("/bundles")
def back(slug: str) -> ResponseReturnValue:
    """Where an answer with an error left its address in the browser, the page is found again."""
    return redirect(url_for("bundles_rehearsal.show", slug=load(slug).slug))


@blueprint.post("/people")
def sign(slug: str) -> ResponseReturnValue:
    campaign, form = load(slug), PeopleForm()
    if not form.validate():
        return _show_rehearsal(campaign, form)
    number = form.people.data
    rehearsal.begin(db.session(), campaign, actor=actor(), signatures=number)
    message = ngettext(
        "%(num)s invented person is signing. Reload the page in a moment.",
        "%(num)s invented people are signing. Reload the page in a moment.",
        number,
    )
    return redirect_to("bundles_rehearsal.show", message, slug=slug)


@blueprint.post("/bundles")
def make_bundle(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    mission_slug = request.form.get("mission", "")
    destinations = [waiting.mission for waiting in list_waiting(session, rehearsal=campaign)]
    mission = next((place for place in destinations if slug_of(place) == mission_slug), None)
    if mission is None:
        raise NotFound("mission", slug=mission_slug)
    try:
        bundle = freeze_bundle.freeze(
            session,
            campaign=campaign,
            mission=mission,
            settings=current_settings(),
            locale=i18n.locale(),
            actor=actor(),
            rehearsal=True,
        )
    except Refused as problem:
        return _show_rehearsal(campaign, problem=problem.slug, status=problem.status)
    print_jobs.send_for(session, bundle)
    message = _("We are printing the rehearsal bundle.")
    return redirect_to("bundles_rehearsal.show", message, slug=slug)


@blueprint.post("/bundles/<public_id>/download")
def download(slug: str, public_id: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    bundle = find_bundles.get_bundle(session, public_id)
    access.refuse_not_rehearsed(bundle, campaign)
    by = staff_user()
    try:
        file = downloads.open_download(session, bundle, storage(), by=by, actor=actor())
    except Refused as problem:
        return _show_rehearsal(campaign, problem=problem.slug, status=problem.status)
    return file_response(file)


@blueprint.post("/wipe")
def wipe(slug: str) -> ResponseReturnValue:
    rehearsal.wipe_by_hand(db.session(), load(slug), actor=actor())
    message = _("Rehearsal deleted, with its signatures, bundles and files.")
    return redirect_to("bundles_rehearsal.show", message, slug=slug)


def _show_rehearsal(
    campaign: Campaign, form: PeopleForm | None = None, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    session, now = db.session(), db.utcnow()
    # Once it has opened nothing of the rehearsal is left: its letters are real, and many.
    rehearses = lifecycle.is_rehearsal(campaign.status)
    bundles = find_bundles.list_rehearsed(session, campaign) if rehearses else []
    progress = find_bundles.progress_of_all(session, bundles, now)
    page = RehearsalPage(
        campaign=campaign,
        form=form or PeopleForm(formdata=None),
        problem=problem,
        counts=count_rehearsed(session, campaign) if rehearses else {},
        gaps=len(blockers(campaign, now)),
        languages=list(plan_of(campaign).letters),
        waiting=list_waiting(session, rehearsal=campaign) if rehearses else [],
        bundles=[(bundle, progress[bundle.id]) for bundle in bundles],
        working=any(bundle.state in find_bundles.UNFINISHED for bundle in bundles),
        at_once=AT_ONCE,
    )
    return show_page(page, status)
