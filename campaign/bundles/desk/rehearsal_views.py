"""The desk's page on which a team rehearses its campaign before it opens, and its bundles there."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_number, ngettext
from flask_babel import gettext as _
from wtforms import IntegerField
from wtforms.validators import NumberRange

from campaign import storage
from campaign.bundles import access, find_bundles, rehearsal_bundles
from campaign.bundles.desk.views import zip_response
from campaign.bundles.destinations import slug_of
from campaign.bundles.freeze.waiting_counts import list_waiting
from campaign.campaigns import lifecycle, rehearsal
from campaign.campaigns.desk.blueprint import load
from campaign.campaigns.readiness.check_readiness import blockers
from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.signing.campaign_terms import plan_of
from campaign.signing.sign_in_rehearsal import count_rehearsed
from campaign.staff.guards import actor, guard, staff_user
from campaign.web.desk import redirect_to
from campaign.web.form_base import SiteForm

blueprint = Blueprint("bundles_rehearsal", __name__, url_prefix="/desk/campaigns/<slug>/rehearsal")
guard(blueprint, *access.REHEARSERS)

AT_ONCE = 500


class PeopleForm(SiteForm):
    """How many invented people sign."""

    people = IntegerField(validators=[NumberRange(1, AT_ONCE)], default=20)


@blueprint.get("")
def show(slug: str) -> ResponseReturnValue:
    """What was rehearsed so far, and what can be rehearsed."""
    return _page(load(slug), PeopleForm(formdata=None))


@blueprint.get("/people")
@blueprint.get("/bundles")
def back(slug: str) -> ResponseReturnValue:
    """Where an answer with an error left its address in the browser, the page is found again."""
    return redirect(url_for("bundles_rehearsal.show", slug=load(slug).slug))


@blueprint.post("/people")
def sign(slug: str) -> ResponseReturnValue:
    """Invented people sign."""
    campaign, form = load(slug), PeopleForm()
    if not form.validate():
        return _page(campaign, form, _("Give a number from 1 to %(most)s.", most=AT_ONCE)), 422
    number = form.people.data
    rehearsal.begin(db.session(), campaign, actor=actor(), signatures=number)
    return _done(
        slug,
        ngettext(
            "%(num)s invented person signs. Load the page again in a moment.",
            "%(num)s invented people sign. Load the page again in a moment.",
            number,
        ),
    )


@blueprint.post("/bundles")
def make_bundle(slug: str) -> ResponseReturnValue:
    """Print what waits for one mission, or to go by post to one official."""
    session, campaign = db.session(), load(slug)
    wanted = request.form.get("mission", "")
    waiting = list_waiting(session, rehearsal=campaign)
    mission = next((one.mission for one in waiting if slug_of(one.mission) == wanted), None)
    if mission is None:
        raise NotFound("mission", slug=wanted)
    try:
        rehearsal_bundles.make_bundle(
            session,
            campaign,
            mission=mission,
            settings=current_settings(),
            locale=i18n.locale(),
            actor=actor(),
            staff_id=staff_user().id,
        )
    except Refused as problem:
        return _page(campaign, PeopleForm(formdata=None), problem=problem.slug), problem.status
    return _done(slug, _("The rehearsal bundle is being printed."))


@blueprint.post("/bundles/<public_id>/download")
def download(slug: str, public_id: str) -> ResponseReturnValue:
    """The ZIP of a rehearsal bundle."""
    session, campaign = db.session(), load(slug)
    bundle = find_bundles.get_bundle(session, public_id)
    access.refuse_not_rehearsed(bundle, campaign)
    return zip_response(
        find_bundles.open_download(session, bundle, storage.storage(), actor=actor())
    )


@blueprint.post("/wipe")
def wipe(slug: str) -> ResponseReturnValue:
    """Remove all of it."""
    rehearsal.wipe_by_hand(db.session(), load(slug), actor=actor())
    return _done(slug, _("The rehearsal is wiped: its letters, bundles and files are gone."))


def _page(campaign: Campaign, form: PeopleForm, error: str = "", problem: str = "") -> str:
    session, now = db.session(), db.utcnow()
    # Once it has opened nothing of the rehearsal is left: its letters are real, and many.
    rehearses = lifecycle.is_rehearsal(campaign.status)
    bundles = rehearsal_bundles.list_bundles(session, campaign) if rehearses else []
    return render_template(
        "bundles/rehearsal.html",
        campaign=campaign,
        form=form,
        error=error,
        problem=problem,
        counts=count_rehearsed(session, campaign) if rehearses else {},
        gaps=len(blockers(campaign, now)),
        languages=list(plan_of(campaign).letters),
        waiting=list_waiting(session, rehearsal=campaign) if rehearses else [],
        bundles=[(one, find_bundles.progress_of(session, one, now)) for one in bundles],
        working=any(one.state in find_bundles.UNFINISHED for one in bundles),
        at_once=AT_ONCE,
        most=rehearsal.MOST_SIGNATURES,
        number=format_number,
        rehearsing=True,
    )


def _done(slug: str, message: str) -> ResponseReturnValue:
    return redirect_to("bundles_rehearsal.show", message, slug=slug)
