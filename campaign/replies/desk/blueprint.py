"""The desk's pages on replies: logged, redacted, published, taken back."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from campaign.campaigns.desk.blueprint import done
from campaign.campaigns.desk.save_with_draft import draft_kept
from campaign.core import db, i18n
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign
from campaign.models.reply import Reply, ReplyState
from campaign.models.staff import Role
from campaign.paper_signatures import scans
from campaign.replies import inbox, publish_reply, replies, reply_access
from campaign.replies.desk import publish_reply_views, reply_draft_views, reply_scan_views
from campaign.replies.desk.forms import CHANNELS, ReplyForm, reply_form
from campaign.replies.reply_access import load_campaign
from campaign.staff.guards import actor, guard, staff_user
from campaign.web.desk import accepted, redirect_to, render_page
from campaign.web.security import takes_file

blueprint = Blueprint("replies", __name__, url_prefix="/desk/replies")
guard(blueprint, Role.ORGANIZER, Role.STAFF)
blueprint.register_blueprint(publish_reply_views.blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Replies to all campaigns that one sees: drafts first."""
    number = _page_number()
    rows, total = replies.list_replies(db.session(), staff_user(), page=number)
    return render_template(
        "replies/index.html",
        rows=rows,
        page=number,
        pages=_pages(total),
        channels=CHANNELS,
        publishes=reply_access.may_publish(staff_user()),
        carried=reply_access.list_carried(db.session()),
    )


@blueprint.get("/campaigns/<slug>")
def of_campaign(slug: str) -> ResponseReturnValue:
    """Replies to one campaign, and its address for more."""
    campaign, number = load_campaign(slug), _page_number()
    rows, total = replies.list_replies(db.session(), staff_user(), campaign=campaign, page=number)
    return render_template(
        "replies/campaign.html",
        campaign=campaign,
        rows=rows,
        page=number,
        pages=_pages(total),
        channels=CHANNELS,
        address=inbox.address_of(campaign),
        publishes=reply_access.may_publish(staff_user()),
    )


@blueprint.route("/campaigns/<slug>/new", methods=["GET", "POST"])
@takes_file(scans.MAX_BYTES)
def create(slug: str) -> ResponseReturnValue:
    """Log an answer."""
    session, campaign = db.session(), load_campaign(slug)
    deliveries = replies.list_deliveries(session, campaign)
    desk = reply_draft_views.make_desk(campaign)
    form = reply_form(
        campaign,
        deliveries,
        titles=_usual_titles(campaign),
        answers=request.args.get("delivery", ""),
        **desk.typed(),
    )
    if "keep" in request.form and desk.keep(form):
        flash(draft_kept())
        return redirect(request.path, 303)
    made: list[Reply] = []

    def log() -> None:
        facts, by = form.facts(campaign, deliveries), staff_user().id
        made.append(replies.log_reply(session, campaign, facts, actor=actor(), staff_id=by))
        _keep_scan(made[0], form)

    if form.validate_on_submit() and accepted(form, log):
        desk.drop()
        message = _("The reply is kept as a draft. Only the desk sees it.")
        return done(message, ".edit", public_id=made[0].public_id)
    return _page("create", form, campaign=campaign, reply=None, **desk.words())


@blueprint.route("/<public_id>", methods=["GET", "POST"])
@takes_file(scans.MAX_BYTES)
def edit(public_id: str) -> ResponseReturnValue:
    """Work a draft over; one that is published is shown as it is."""
    session, reply = db.session(), _loaded(public_id)
    campaign, reply_scans = reply.campaign, scans.list_scans_of_reply(session, reply.id)
    deliveries = replies.list_deliveries(session, campaign)
    desk, titles = reply_draft_views.make_desk(campaign, reply), _usual_titles(campaign)
    form = reply_form(campaign, deliveries, reply_scans, reply, titles=titles, **desk.typed())
    if "keep" in request.form and desk.keep(form):
        flash(draft_kept())
        return redirect(request.path, 303)

    def change() -> None:
        replies.edit_reply(session, reply, form.facts(campaign, deliveries), actor=actor())
        reply.shown_page = form.shown_page.data or ""
        _keep_scan(reply, form)

    is_open = reply.state is not ReplyState.PUBLISHED and form.validate_on_submit()
    if is_open and form.meets(form.now) and accepted(form, change):
        desk.drop()
        return done(_("The reply is saved."), _next(), public_id=public_id)
    facts = {"reply": reply, "scans": reply_scans, "unclosed": publish_reply.list_unclosed(reply)}
    return _page("edit", form, campaign=campaign, **facts, **desk.words())


@blueprint.post("/<public_id>/delete")
def delete(public_id: str) -> ResponseReturnValue:
    """Delete a draft with all that came with it."""
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    slug = reply.campaign.slug
    reply_draft_views.drop_everybodys(reply.campaign, public_id)
    replies.delete_reply(session, reply, actor=actor())
    return redirect_to(".of_campaign", _("The draft is deleted."), slug=slug)


def _page_number() -> int:
    return max(1, min(request.args.get("page", 1, type=int), 100_000))


def _pages(total: int) -> int:
    return max(1, -(-total // replies.PAGE))


def _loaded(public_id: str) -> Reply:
    """The reply of this page; while its form is saved nobody else changes it meanwhile."""
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    if request.method == "POST":
        replies.lock_reply(session, reply)
    return reply


def _next() -> str:
    """Where the button that was pressed leads; who does not publish stays with the draft."""
    choice = request.form.get("then", "") if reply_access.may_publish(staff_user()) else ""
    return {"publish": ".publish.publish", "bars": ".publish.edit_bars"}.get(choice, ".edit")


def _keep_scan(reply: Reply, form: ReplyForm) -> None:
    if not form.scan.data:
        return
    session = db.session()
    if len(scans.list_scans_of_reply(session, reply.id)) >= scans.MAX_SCANS:
        raise Invalid(fields={"scan": "scans-too-many"})
    scans.keep_scan(
        session, scans.read_upload(form.scan.data.stream), actor=actor(), reply_id=reply.id
    )


def _usual_titles(campaign: Campaign) -> Mapping[str, str]:
    """A title to begin with, in each language of the site."""
    titles = {}
    for code in dict.fromkeys([campaign.default_locale, *i18n.languages()]):
        with force_locale(code):
            titles[code] = _("An answer has come")
    return titles


def _page(name: str, form: ReplyForm, **context: object) -> ResponseReturnValue:
    publishes = reply_access.may_publish(staff_user())
    context = {"scans": (), "channels": CHANNELS, "publishes": publishes} | context
    return render_page(f"replies/{name}.html", form, **context)


reply_draft_views.register(blueprint)
reply_scan_views.register(blueprint)
