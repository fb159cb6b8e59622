"""What everybody will read of a reply: looked at once more, published, taken back."""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content.risks import Finding
from campaign.core import db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.reply import Reply
from campaign.replies import flagged_words, publish_reply, replies
from campaign.replies.desk.forms import PART_NAMES, PublishForm
from campaign.replies.desk.reply_scan_views import edit_bars
from campaign.replies.flagged_words import FewerMarks, list_fewer_marks, list_findings
from campaign.replies.publish_reply import list_changed, mark_parts
from campaign.replies.reply_access import PUBLISHERS
from campaign.staff.guards import actor, guard, staff_user
from campaign.web.page import Page, accepted, redirect_to, show_page

blueprint = Blueprint("publish", __name__, url_prefix="/<public_id>")
guard(blueprint, *PUBLISHERS)
blueprint.add_url_rule("/bars", view_func=edit_bars, methods=["GET", "POST"])


class PublishReply(Page, template="replies/publish.html"):
    reply: Reply
    form: PublishForm
    preview: Sequence[publish_reply.TranslatedPost]
    unclosed: Sequence[str]
    """Languages of texts in which a mark is not closed."""
    named: Sequence[Finding]
    """What a risk flag rules out, or another text blacks out."""
    fewer: Sequence[FewerMarks]


@blueprint.route("/publish", methods=["GET", "POST"])
def publish(public_id: str) -> ResponseReturnValue:
    """Show the post as it will be, in each language, and publish it."""
    reply = replies.get_reply(db.session(), public_id, staff_user())
    form = PublishForm()
    if form.validate_on_submit() and _is_published(reply, form):
        message = _("The reply is on the case page now.")
        return redirect_to("replies.edit", message, public_id=public_id)
    _look_again(reply, form)
    preview, unclosed = _make_preview(reply)
    page = PublishReply(
        reply=reply,
        form=form,
        preview=preview,
        unclosed=unclosed,
        named=list_findings(reply),
        fewer=list_fewer_marks(reply),
    )
    return show_page(page, 422 if unclosed else 200)


def _look_again(reply: Reply, form: PublishForm) -> None:
    """Mark what the page shows; where that is not what was looked at, say so, and ask once more."""
    if form.is_submitted() and (changed := list_changed(reply, form.look.data or "")):
        parts = i18n.comma(i18n.locale()).join(str(PART_NAMES[name]) for name in changed)
        form.form_errors.append(
            _(
                "Nothing was published, because someone changed the reply after you opened "
                "this page. Read it again as it is now. What changed: %(parts)s",
                parts=parts,
            )
        )
        form.checked.data = form.risks_seen.data = form.fewer_seen.data = False
    form.look.data = mark_parts(reply)


def _make_preview(reply: Reply) -> tuple[list[publish_reply.TranslatedPost], list[str]]:
    """Return what would be published; or the languages of texts in which a mark is not closed."""
    try:
        return publish_reply.compose_posts(reply), []
    except Invalid:
        return [], publish_reply.list_unclosed(reply)


@blueprint.post("/black-out")
def black_out(public_id: str) -> ResponseReturnValue:
    """Leave words out wherever the reply says them, then look again."""
    reply = replies.get_reply(db.session(), public_id, staff_user())
    words = request.form.get("words", "")
    if flagged_words.black_out(db.session(), reply, words, actor=actor()):
        flash(_("Blacked out everywhere in the reply."))
    else:
        flash(_("The reply no longer contains these words."), "error")
    return redirect_to("replies.publish.publish", public_id=public_id)


@blueprint.get("/shown.jpg")
def shown(public_id: str) -> ResponseReturnValue:
    """Return the picture as everybody would see it: its bars are painted in."""
    session = db.session()
    try:
        picture = publish_reply.paint_page(
            session, replies.get_reply(session, public_id, staff_user())
        )
    except Invalid as problem:
        raise NotFound("scan") from problem
    if picture is None:
        raise NotFound("scan")
    return Response(picture, mimetype="image/jpeg")


@blueprint.post("/take-back")
def take_back(public_id: str) -> ResponseReturnValue:
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    publish_reply.unpublish(session, reply, actor=actor())
    message = _("The reply is no longer on the case page. Emails already sent cannot be recalled.")
    return redirect_to("replies.edit", message, public_id=public_id)


def _is_published(reply: Reply, form: PublishForm) -> bool:
    try:
        return accepted(
            form,
            lambda: publish_reply.publish(
                db.session(),
                reply,
                actor=actor(),
                look=form.look.data or "",
                risks_seen=bool(form.risks_seen.data),
                fewer_seen=bool(form.fewer_seen.data),
            ),
        )
    except Refused as problem:
        if problem.slug != "reply-changed":  # which the page says
            form.form_errors.append(
                _(
                    "Nothing was published. The case is not public, or the reply is already "
                    "published."
                )
            )
        return False
