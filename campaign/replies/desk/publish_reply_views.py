"""What everybody will read of a reply: looked at once more, published, taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content.risks import Finding
from campaign.core import audit, db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.models.paper_signature import Scan
from campaign.models.reply import Reply
from campaign.paper_signatures import scans
from campaign.replies import publish_reply, replies
from campaign.replies.desk.forms import PART_NAMES, BarsForm, PublishForm, list_bars
from campaign.replies.publish_reply import (
    FewerMarks,
    list_changed,
    list_fewer_marks,
    list_findings,
    mark_parts,
)
from campaign.replies.redaction import BAR_FIELDS, EMPTY_LINES, MOST_BARS, read_bars
from campaign.replies.replies import PUBLISHERS, ReplyMoved, load_reply
from campaign.staff.desk_access import actor, guard, name_who_and_when
from campaign.web.meant_field import read_answers
from campaign.web.page import Page, ProblemsOn, accepted, redirect_to, show_page

blueprint = Blueprint("publish", __name__, url_prefix="/<public_id>")
guard(blueprint, *PUBLISHERS)


class PublishReply(Page, template="replies/publish.html"):
    reply: Reply
    form: PublishForm
    preview: Sequence[publish_reply.TranslatedPost]
    unclosed: Sequence[str]
    named: Sequence[Finding]  # what a risk flag rules out, or another text blacks out
    fewer: Sequence[FewerMarks]
    published: Sequence[tuple[Reply, str]]  # which may be the same; and who published it, when


class EditBars(Page, template="replies/bars.html"):
    reply: Reply
    scans: Sequence[Scan]
    form: BarsForm
    lines: Sequence[Mapping[str, str]]  # `page`, `x`, `y`, `w`, `h` of each rectangle, as typed
    wrong: int  # the number of a line that is wrong; 0: none is


@blueprint.route("/publish", methods=["GET", "POST"])
def publish(public_id: str) -> ResponseReturnValue:
    reply = load_reply(public_id)
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
        published=_list_published(reply),
    )
    return show_page(page, 422 if unclosed else 200)


def _list_published(reply: Reply) -> list[tuple[Reply, str]]:
    session, zone = db.session(), reply.campaign.timezone
    published = []
    for same in publish_reply.list_published(session, reply):
        entry = audit.find_last(session, f"reply:{same.id}", "reply.publish")
        words = name_who_and_when(audit.staff_id(entry.actor), entry.at, zone) if entry else ""
        published.append((same, words))
    return published


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
        form.is_another.data = False
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
    words = request.form.get("words", "")
    if publish_reply.black_out(db.session(), load_reply(public_id), words, actor=actor()):
        flash(_("Blacked out everywhere in the reply."))
    else:
        flash(_("The reply no longer contains these words."), "error")
    return redirect_to("replies.publish.publish", public_id=public_id)


@blueprint.get("/shown.jpg")
def shown(public_id: str) -> ResponseReturnValue:
    try:
        picture = publish_reply.paint_page(db.session(), load_reply(public_id))
    except Invalid as problem:
        raise NotFound("scan") from problem
    if picture is None:
        raise NotFound("scan")
    return Response(picture, mimetype="image/jpeg")


@blueprint.post("/take-back")
def take_back(public_id: str) -> ResponseReturnValue:
    publish_reply.unpublish(db.session(), load_reply(public_id), actor=actor())
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
                risks_seen=read_answers(),
                fewer_seen=bool(form.fewer_seen.data),
                is_another=bool(form.is_another.data),
            ),
        )
    except ReplyMoved:
        raise
    except Refused as problem:
        if problem.slug != "reply-changed":  # which the page says
            form.form_errors.append(_("Nothing was published. The case is not public."))
        return False


@blueprint.route("/bars", methods=["GET", "POST"])
def edit_bars(public_id: str) -> ResponseReturnValue:
    """Take rectangles over the pages: drawn with the pointer, or given as numbers."""
    session, reply = db.session(), load_reply(public_id)
    reply_scans = scans.list_scans_of_reply(session, reply.id)
    if request.method == "POST":
        replies.lock_reply(session, reply)
    lines, wrong = _list_lines(reply.bars), 0
    form = BarsForm(data={"bars": list_bars(reply.bars)})
    form.scans = reply_scans
    if request.method == "POST":
        pages = [
            f"{scan.public_id}/{page}" for scan in reply_scans for page in range(1, scan.pages + 1)
        ]
        try:
            bars = read_bars(request.form, pages)
        except ValueError as problem:
            wrong = int(problem.args[0])
            lines = [
                {name: request.form.get(f"{name}-{at}", "") for name in ("page", *BAR_FIELDS)}
                for at in range(MOST_BARS)
                if f"x-{at}" in request.form
            ]
        else:
            form.bars.data, lines = list_bars(bars), _list_lines(bars)
            if form.is_current():
                with ProblemsOn(form, refused=_("This reply is published.")):
                    replies.set_bars(session, reply, bars, actor=actor())
                    message = _("Bars saved. This is how everyone will see the page.")
                    return redirect_to("replies.publish.publish", message, public_id=public_id)
    page = EditBars(reply=reply, scans=reply_scans, form=form, lines=lines, wrong=wrong)
    return show_page(page, 422 if wrong else 200)


def _list_lines(bars: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    lines = [
        {"page": f"{bar['scan']}/{bar['page']}", **{name: f"{bar[name]:g}" for name in BAR_FIELDS}}
        for bar in bars
    ]
    empty = dict.fromkeys(("page", *BAR_FIELDS), "")
    return [*lines, *([empty] * EMPTY_LINES)][:MOST_BARS]
