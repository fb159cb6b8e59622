"""Keeping, taking up and throwing away what is typed at the desk and not saved yet."""

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import drafts
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.history.views import known_part
from campaign.campaigns.desk.save_with_draft import Desk, dropped_answer, kept_answer
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.guards import staff_user

_ENDPOINTS = {
    Part.OPTIONS.value: "campaigns.edit_options",
    Part.TARGETS.value: "campaigns.edit_targets",
    "update": "campaigns.post_update",
    "risks": "campaigns.edit_risks",
    "picture": "campaigns.edit_picture",
    "reach": "campaigns.edit_reach",
    "screening": "screening_rules.edit_rules",
}
"""The pages of parts that a campaign has once; facts are the rest."""
_PAGES = {*(part.value for part in Part), "texts", "letters", "points", *_ENDPOINTS}


@blueprint.post("/<slug>/drafts/<part>/<place>")
def keep_draft(slug: str, part: str, place: str) -> ResponseReturnValue:
    """Keep what a form holds as it is, valid or not; the page's script sends it while one types."""
    campaign = load(slug)
    _known(campaign, part, place)
    return kept_answer(Desk(campaign, part, _place(place)).keep())


@blueprint.post("/<slug>/drafts/<part>/<place>/drop")
def drop_draft(slug: str, part: str, place: str) -> ResponseReturnValue:
    campaign = load(slug)
    _known(campaign, part, place)
    if "conflict" in request.form:
        drafts.drop_conflict(
            db.session(), campaign, staff_id=staff_user().id, part=part, place=_place(place)
        )
        return done(_("Draft deleted. The saved text has not changed."), ".show", slug=slug)
    return dropped_answer(
        Desk(campaign, part, _place(place)).drop(), part_url(campaign, part, _place(place))
    )


def part_url(campaign: Campaign, part: str, place: str, **query: Any) -> str:
    slug = campaign.slug
    locale, _sign, official = place.partition(":")
    if part == Part.EDITION:
        return url_for("campaigns.edit_edition", slug=slug, locale=locale, **query)
    if part == Part.LETTER:
        own: dict[str, Any] = {"for": official} if official else {}
        return url_for("campaigns.edit_template", slug=slug, locale=locale, **own, **query)
    if part in {"texts", "letters", "points"}:
        return url_for("campaigns.side_by_side", slug=slug, page=part, **query)
    return url_for(_ENDPOINTS.get(part, "campaigns.edit_facts"), slug=slug, **query)


def _known(campaign: Campaign, part: str, place: str) -> None:
    """A place that no page of this campaign has does not exist."""
    if part not in _PAGES:
        abort(404)
    if part in set(Part):
        known_part(campaign, part, place)
    elif _place(place):
        abort(404)


def _place(place: str) -> str:
    return "" if place == "-" else place
