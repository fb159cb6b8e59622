"""What is typed of a reply and not saved: kept for its writer alone, as at the campaigns' desk."""

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from campaign.campaigns.content import drafts
from campaign.campaigns.desk.save_with_draft import Desk, dropped_answer, kept_answer
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.models.reply import Reply
from campaign.replies import replies
from campaign.replies.reply_access import load_campaign
from campaign.staff.guards import staff_user

_PART = "reply"


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/campaigns/<slug>/new/draft", "keep_new_draft", keep_new_draft, methods=["POST"])
    add("/campaigns/<slug>/new/draft/drop", "drop_new_draft", drop_new_draft, methods=["POST"])
    add("/<public_id>/draft", "keep_draft", keep_draft, methods=["POST"])
    add("/<public_id>/draft/drop", "drop_draft", drop_draft, methods=["POST"])


def make_desk(campaign: Campaign, reply: Reply | None = None) -> Desk:
    """A reply, or one that is to be logged, as this person writes it."""
    if reply is None:
        return Desk(campaign, _PART, url=url_for("replies.keep_new_draft", slug=campaign.slug))
    url = url_for("replies.keep_draft", public_id=reply.public_id)
    return Desk(campaign, _PART, reply.public_id, url=url)


def drop_everybodys(campaign: Campaign, public_id: str) -> None:
    """Delete what anybody has typed of a reply that is gone."""
    drafts.drop_everybodys(db.session(), campaign, part=_PART, place=public_id)


def keep_new_draft(slug: str) -> ResponseReturnValue:
    return kept_answer(make_desk(load_campaign(slug)).keep())


def drop_new_draft(slug: str) -> ResponseReturnValue:
    return dropped_answer(
        make_desk(load_campaign(slug)).drop(), url_for("replies.create", slug=slug)
    )


def keep_draft(public_id: str) -> ResponseReturnValue:
    return kept_answer(_desk(public_id).keep())


def drop_draft(public_id: str) -> ResponseReturnValue:
    return dropped_answer(_desk(public_id).drop(), url_for("replies.edit", public_id=public_id))


def _desk(public_id: str) -> Desk:
    reply = replies.get_reply(db.session(), public_id, staff_user())
    return make_desk(reply.campaign, reply)
