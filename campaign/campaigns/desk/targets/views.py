"""The desk's page of a campaign's targets."""

from collections.abc import Collection, Mapping, Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import targets
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept, number_seen
from campaign.campaigns.desk.targets.forms import TargetsForm
from campaign.core import db
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.directory.missions import search_missions
from campaign.directory.officials import search_officials
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import Mission, Official
from campaign.models.revision import Part
from campaign.staff.guards import actor
from campaign.web.page import Page, show_page


class EditTargets(DraftPage, template="campaigns/edit_targets.html"):
    campaign: Campaign
    form: TargetsForm
    known: Mapping[str, Target]
    """The targets by the slugs of their officials."""
    hits: Sequence[Official]
    written_to: Collection[str]
    """Slugs of officials to whom letters were written."""
    words: str
    mission_words: str
    also: Sequence[Mission]


class FoundOfficials(Page, template="campaigns/_found_officials.html"):
    words: str
    hits: Sequence[Official]
    chosen: str


@blueprint.route("/<slug>/targets", methods=["GET", "POST"])
def edit_targets(slug: str) -> ResponseReturnValue:
    """Officials, whether the letter goes to them or names them, and through which mission."""
    session, campaign = db.session(), load(slug)
    also = search_missions(session, query=request.args.get("m", ""))
    # As they are before somebody is added: who is refused is offered again.
    known = {target.official.slug: target for target in campaign.targets}
    taken = [target.official_id for target in known.values()]
    desk = Desk(campaign, Part.TARGETS)
    form = TargetsForm(
        session, campaign, current_settings().organisation_country, also, **desk.typed()
    )
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_targets", slug=slug)
    form.based_on.data = form.based_on.data or str(desk.seen)
    if form.validate_on_submit() and (answer := _save(form, desk)):
        return answer
    page = EditTargets(
        campaign=campaign,
        form=form,
        known=known,
        hits=_find_officials(taken, form),
        written_to={slug for slug, one in known.items() if targets.has_letters(session, one)},
        words=request.args.get("q", ""),
        mission_words=request.args.get("m", ""),
        also=also,
        **desk.words(),
    )
    return show_page(page)


@blueprint.get("/<slug>/targets/officials")
def find_officials(slug: str) -> str:
    """Officials that are found while one types, to be chosen as a target."""
    campaign = load(slug)
    return FoundOfficials(
        words=request.args.get("q", ""),
        hits=_find_officials([target.official_id for target in campaign.targets], None),
        chosen="",
    ).html()


def _find_officials(taken: Sequence[int], form: TargetsForm | None) -> Sequence[Official]:
    """Who is found by the words of the address, and who was chosen just now."""
    officials = search_officials(db.session(), query=request.args.get("q", ""), without=taken)
    chosen = form.officials.get(form.official.data or "") if form else None
    if chosen is not None and chosen not in officials and chosen.id not in taken:
        return [chosen, *officials]
    return officials


def _say_saved(campaign: Campaign, form: TargetsForm) -> ResponseReturnValue:
    """What was saved; where somebody was found and not ticked, the search stays."""
    searched = "" if form.official.data else request.form.get("searched", "")[:200]
    if searched and campaign.targets:
        said = _("Recipients saved. No one was added. To add an official, tick the box first.")
    elif searched:
        said = _("Tick the official’s box first, then save.")
    else:
        said = _("Recipients saved.") if campaign.targets else _("No recipients chosen yet.")
    return done(said, ".edit_targets", slug=campaign.slug, q=searched or None)


def _save(form: TargetsForm, desk: Desk) -> ResponseReturnValue | None:
    campaign = desk.campaign
    try:
        aims = form.aims()
        return desk.save(
            form,
            lambda: targets.content_of(aims),
            lambda: targets.set_targets(
                db.session(),
                campaign,
                actor=actor(),
                aims=aims,
                based_on=number_seen(form),
                risks_seen=bool(form.risks_seen.data),
            ),
            lambda: _say_saved(campaign, form),
        )
    except Refused:
        form.form_errors.append(
            _(
                "People have already written to this official. You cannot remove this "
                "recipient. To accept no more letters, close the campaign."
            )
        )
        return None
