"""The desk's pages on replies: logged, redacted, published, taken back."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import drafts
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, dropped_answer, kept_answer
from campaign.core import db
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import Scan
from campaign.models.reply import Channel, Reply, ReplyState
from campaign.models.staff import Role
from campaign.paper_signatures import scans
from campaign.replies import inbox, publish_reply, replies
from campaign.replies.desk import publish_reply_views
from campaign.replies.desk.forms import CHANNELS, MOVED, ReplyForm, reply_form
from campaign.replies.replies import ReplyMoved, load_campaign, load_reply
from campaign.staff.desk_access import actor, fresh, guard, name_who_and_when, staff_user
from campaign.web.page import Page, ProblemsOn, pdf_file, redirect_to, show_page
from campaign.web.pagination import Listing
from campaign.web.security import takes_file

blueprint = Blueprint("replies", __name__, url_prefix="/desk/replies")
guard(blueprint, Role.ORGANIZER, Role.STAFF)
_MOST_SAME = 5  # replies that may be the same, of which a page tells
blueprint.register_blueprint(publish_reply_views.blueprint)


@blueprint.errorhandler(ReplyMoved)
def _show_moved(problem: ReplyMoved) -> ResponseReturnValue:
    """Lead back to the reply as it is now: a button, unlike a form, has nothing to keep."""
    db.session().rollback()
    message = str(MOVED[problem.slug])
    return redirect_to("replies.edit", message, "error", public_id=problem.data["reply"])


class ReplyRows(Page):
    """The base of pages with a table of replies."""

    listing: Listing[Reply]
    channels: Mapping[Channel, object]
    publishes: bool


class ReplyList(ReplyRows, template="replies/index.html"):
    carried: Sequence[Campaign]


class CampaignReplies(ReplyRows, template="replies/campaign.html"):
    campaign: Campaign
    address: str  # of the campaign, for answers by email; empty where there is no mailbox


class ReplyFormPage(DraftPage):
    """The base of pages with the form of a reply, and a draft beside it."""

    campaign: Campaign
    form: ReplyForm
    reply: Reply | None
    publishes: bool


class CreateReply(ReplyFormPage, template="replies/create.html"):
    reply: None = None


class EditReply(ReplyFormPage, template="replies/edit.html"):
    reply: Reply
    scans: Sequence[Scan]
    channels: Mapping[Channel, object]
    unclosed: Sequence[str]
    same: Sequence[tuple[Reply, str]]  # what may be the same reply; and who logged it, when


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return show_page(
        ReplyList(
            listing=_list_rows(None),
            channels=CHANNELS,
            publishes=replies.may_publish(staff_user()),
            carried=replies.list_carried(db.session()),
        )
    )


@blueprint.get("/campaigns/<slug>")
def of_campaign(slug: str) -> ResponseReturnValue:
    campaign = load_campaign(slug)
    return show_page(
        CampaignReplies(
            campaign=campaign,
            listing=_list_rows(campaign),
            channels=CHANNELS,
            address=inbox.address_of(campaign),
            publishes=replies.may_publish(staff_user()),
        )
    )


@blueprint.route("/campaigns/<slug>/new", methods=["GET", "POST"])
@takes_file(scans.MAX_BYTES)
def create(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load_campaign(slug)
    deliveries = replies.list_deliveries(session, campaign)
    desk = make_desk(campaign)
    answers = request.args.get("delivery", "")
    form = reply_form(campaign, deliveries, answers=answers, **desk.typed())
    if kept := desk.kept(form):
        return kept
    if form.validate_on_submit():
        with ProblemsOn(form):
            facts, scan = form.facts(campaign, deliveries), _read_scan()
            reply = replies.log_reply(session, campaign, facts, actor=actor())
            _keep_scan(reply, scan)
            desk.drop()
            message = _("Reply saved as a draft. Only people with access to the workspace see it.")
            return redirect_to(".edit", message, public_id=reply.public_id)
    publishes = replies.may_publish(staff_user())
    return show_page(CreateReply(campaign=campaign, form=form, publishes=publishes, drafting=desk))


@blueprint.route("/<public_id>", methods=["GET", "POST"])
@takes_file(scans.MAX_BYTES)
def edit(public_id: str) -> ResponseReturnValue:
    """Work a draft over; one that is published is shown as it is, beside what came too late."""
    session, reply, scan = db.session(), load_reply(public_id), _read_scan()
    if request.method == "POST":
        replies.lock_reply(session, reply)  # while its form is saved nobody else changes it
    campaign, reply_scans = reply.campaign, scans.list_scans_of_reply(session, reply.id)
    deliveries = replies.list_deliveries(session, campaign)
    desk = make_desk(campaign, reply)
    form = reply_form(campaign, deliveries, reply_scans, reply, **desk.typed())
    if kept := desk.kept(form):
        return kept
    if request.method == "POST" and reply.state is ReplyState.PUBLISHED:
        form.show_again(_("This reply is published."))
    if form.validate_on_submit() and form.is_current():
        with ProblemsOn(form):
            replies.edit_reply(session, reply, form.facts(campaign, deliveries), actor=actor())
            reply.shown_page = form.shown_page.data or ""
            _keep_scan(reply, scan)
            desk.drop()
            return redirect_to(_next_endpoint(), _("Reply saved."), public_id=public_id)
    publishes = replies.may_publish(staff_user())
    is_draft = reply.state is ReplyState.DRAFT
    return show_page(
        EditReply(
            campaign=campaign,
            form=form,
            reply=reply,
            scans=reply_scans,
            channels=CHANNELS,
            publishes=publishes,
            same=_list_same(reply) if publishes and is_draft else (),
            unclosed=publish_reply.list_unclosed(reply),
            drafting=desk,
        )
    )


def _list_same(reply: Reply) -> list[tuple[Reply, str]]:
    zone = reply.campaign.timezone
    return [
        (same, name_who_and_when(same.created_by_id, same.created_at, zone))
        for same in replies.list_same(db.session(), reply)[:_MOST_SAME]
    ]


@blueprint.post("/<public_id>/delete")
def delete(public_id: str) -> ResponseReturnValue:
    session, reply = db.session(), load_reply(public_id)
    slug = reply.campaign.slug
    drafts.drop_everybodys(session, reply.campaign, part="reply", place=public_id)
    replies.delete_reply(session, reply, actor=actor())
    return redirect_to(".of_campaign", _("Draft deleted."), slug=slug)


def _list_rows(campaign: Campaign | None) -> Listing[Reply]:
    page = request.args.get("page", 1, type=int)
    return replies.list_replies(db.session(), staff_user(), campaign=campaign, page=page)


def _next_endpoint() -> str:
    """Return where the button that was pressed leads; who does not publish stays with the draft."""
    choice = request.form.get("then", "") if replies.may_publish(staff_user()) else ""
    return {"publish": ".publish.publish", "bars": ".publish.edit_bars"}.get(choice, ".edit")


def _read_scan() -> scans.ReadScan | Invalid | None:
    """Read the scan that was sent, before anything is locked; `_keep_scan` says what is wrong."""
    if "keep" in request.form or not (file := request.files.get("scan")):
        return None
    try:
        return scans.read_scan(scans.read_upload(file.stream))
    except Invalid as problem:
        return problem


def _keep_scan(reply: Reply, scan: scans.ReadScan | Invalid | None) -> None:
    if scan is None:
        return
    session = db.session()
    if len(scans.list_scans_of_reply(session, reply.id)) >= scans.MAX_SCANS:
        raise Invalid(fields={"scan": "scans-too-many"})
    if isinstance(scan, Invalid):
        raise scan
    scans.keep_scan(session, scan, actor=actor(), reply_id=reply.id)


def make_desk(campaign: Campaign, reply: Reply | None = None) -> Desk:
    if reply is None:
        return Desk(campaign, "reply", url=url_for("replies.keep_new_draft", slug=campaign.slug))
    url = url_for("replies.keep_draft", public_id=reply.public_id)
    return Desk(campaign, "reply", reply.public_id, url=url)


@blueprint.post("/campaigns/<slug>/new/draft")
def keep_new_draft(slug: str) -> ResponseReturnValue:
    return kept_answer(make_desk(load_campaign(slug)).keep())


@blueprint.post("/campaigns/<slug>/new/draft/drop")
def drop_new_draft(slug: str) -> ResponseReturnValue:
    return dropped_answer(
        make_desk(load_campaign(slug)).drop(), url_for("replies.create", slug=slug)
    )


@blueprint.post("/<public_id>/draft")
def keep_draft(public_id: str) -> ResponseReturnValue:
    return kept_answer(_load_desk(public_id).keep())


@blueprint.post("/<public_id>/draft/drop")
def drop_draft(public_id: str) -> ResponseReturnValue:
    return dropped_answer(
        _load_desk(public_id).drop(), url_for("replies.edit", public_id=public_id)
    )


def _load_desk(public_id: str) -> Desk:
    reply = load_reply(public_id)
    return make_desk(reply.campaign, reply)


@blueprint.get("/<public_id>/scans/<scan>/page-<int:number>.jpg")
def scan_page(public_id: str, scan: str, number: int) -> ResponseReturnValue:
    return Response(scans.read_page(_get_scan(public_id, scan), number), mimetype="image/jpeg")


@blueprint.post("/<public_id>/scans/<scan>/download")
@fresh(back="replies.edit")
def scan_download(public_id: str, scan: str) -> ResponseReturnValue:
    body = scans.read_original(db.session(), _get_scan(public_id, scan), actor=actor())
    return pdf_file(body, "scan.pdf")


@blueprint.post("/<public_id>/scans/<scan>/draw")
def scan_draw(public_id: str, scan: str) -> ResponseReturnValue:
    try:
        scans.draw_scan(db.session(), _get_scan(public_id, scan), actor=actor())
    except Invalid:
        message = _("We cannot show this PDF. It may be locked or damaged. Scan the paper again.")
        return redirect_to("replies.edit", message, "error", public_id=public_id)
    return redirect_to("replies.edit", _("The pages are ready."), public_id=public_id)


@blueprint.post("/<public_id>/scans/<scan>/remove")
def detach(public_id: str, scan: str) -> ResponseReturnValue:
    session, reply = db.session(), load_reply(public_id)
    replies.lock_draft(session, reply)
    reply_scan = scans.get_scan(session, scan, reply_id=reply.id)
    reply.bars = [bar for bar in reply.bars if bar["scan"] != scan]
    if reply.shown_page.startswith(f"{scan}/"):
        reply.shown_page = ""
    scans.remove_scan(session, reply_scan, actor=actor())
    return redirect_to("replies.edit", _("Scan deleted."), public_id=public_id)


def _get_scan(public_id: str, scan: str) -> Scan:
    return scans.get_scan(db.session(), scan, reply_id=load_reply(public_id).id)
