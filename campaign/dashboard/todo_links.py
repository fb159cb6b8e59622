"""Where a thing to do is done: the page of another feature that the reader may enter."""

from flask import current_app, url_for

from campaign.dashboard.today import Item
from campaign.staff.guards import staff_user

_OF_CARRIERS = {
    "held-back": "bundles.show",
    "to-carry": "bundles.show",
    "to-post": "bundles.show",
    "name-part": "deliveries.after",
    "tell-delivery": "deliveries.publish",
    "export": "exports.show",
}
_BESIDE_FIGURES = {"waiting": "bundles.index", "refused": "deliveries.index"}
"""Where staff, who see no figures, go instead."""


def link_of(slug: str, item: Item) -> str:
    """The address of the page on which `item` is dealt with, or that tells of it."""
    subject = item.subject
    if slug == "missions":
        return url_for("directory.edit_mission", slug=subject.slug)
    if slug == "held" and may_enter("screening"):
        return url_for("screening.index", campaign=subject.slug)
    if slug == "replies" and "replies.of_campaign" in current_app.view_functions:
        return url_for("replies.of_campaign", slug=subject.slug)
    if slug in _OF_CARRIERS:
        return url_for(_OF_CARRIERS[slug], public_id=item.public_id)
    if slug in {"approve", "proposal-returned", "proposal-waits"}:
        number = item.public_id
        return url_for("campaigns.decide_proposal", slug=subject.slug, public_id=number)
    if slug == "answer":
        return url_for("replies.create", slug=subject.slug)
    if slug in _BESIDE_FIGURES and not may_enter("dashboard"):
        return url_for(_BESIDE_FIGURES[slug])
    if slug in {"held", "waiting", "refused"}:
        anchor = "states" if slug == "held" else "letters"
        return url_for("dashboard.show", slug=subject.slug, _anchor=anchor)
    if slug == "tell-outcome":
        return url_for("campaigns.post_update", slug=subject.slug)
    return url_for("campaigns.show", slug=subject.slug)


def may_enter(name: str) -> bool:
    """Whether the reader's role may enter the pages of that blueprint, if there are any."""
    blueprint = current_app.blueprints.get(name)
    return blueprint is not None and staff_user().role in getattr(blueprint, "allowed_roles", ())
