"""Scans of a reply: looked at, blacked out in part, removed. The original stays sealed."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db
from campaign.core.errors import Invalid
from campaign.models.paper_signature import Scan
from campaign.models.reply import Reply
from campaign.paper_signatures import scans
from campaign.paper_signatures.desk.scan_views import pdf_file
from campaign.replies import replies
from campaign.replies.redaction import BAR_FIELDS, EMPTY_LINES, MOST_BARS, read_bars
from campaign.staff.guards import actor, fresh, staff_user
from campaign.web.page import Page, redirect_to, show_page


class EditBars(Page, template="replies/bars.html"):
    reply: Reply
    scans: Sequence[Scan]
    lines: Sequence[Mapping[str, str]]
    """`page`, `x`, `y`, `w`, `h` of each rectangle, as typed."""
    wrong: int
    """The number of a line that is wrong; 0: none is."""


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/<public_id>/scans/<scan>/page-<int:number>.jpg", "scan_page", scan_page)
    add("/<public_id>/scans/<scan>/download", "scan_download", scan_download, methods=["POST"])
    add("/<public_id>/scans/<scan>/draw", "scan_draw", scan_draw, methods=["POST"])
    add("/<public_id>/scans/<scan>/remove", "detach", detach, methods=["POST"])


def edit_bars(public_id: str) -> ResponseReturnValue:
    """Take rectangles over the pages: drawn with the pointer, or given as numbers."""
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    reply_scans = scans.list_scans_of_reply(session, reply.id)
    lines, wrong = _list_lines(reply), 0
    if request.method == "POST":
        pages = [
            f"{scan.public_id}/{page}" for scan in reply_scans for page in range(1, scan.pages + 1)
        ]
        try:
            bars = read_bars(request.form, pages)
        except ValueError as problem:
            wrong, lines = int(problem.args[0]), _list_typed_lines()
        else:
            replies.set_bars(session, reply, bars, actor=actor())
            message = _("Bars saved. This is how everyone will see the page.")
            return redirect_to("replies.publish.publish", message, public_id=public_id)
    page = EditBars(reply=reply, scans=reply_scans, lines=lines, wrong=wrong)
    return show_page(page, 422 if wrong else 200)


def scan_page(public_id: str, scan: str, number: int) -> ResponseReturnValue:
    return Response(scans.read_page(_get_scan(public_id, scan), number), mimetype="image/jpeg")


@fresh(back="replies.edit")
def scan_download(public_id: str, scan: str) -> ResponseReturnValue:
    return pdf_file(scans.read_original(db.session(), _get_scan(public_id, scan), actor=actor()))


def scan_draw(public_id: str, scan: str) -> ResponseReturnValue:
    try:
        scans.draw_scan(db.session(), _get_scan(public_id, scan), actor=actor())
    except Invalid:
        message = _("We cannot show this PDF. It may be locked or damaged. Scan the paper again.")
        return redirect_to("replies.edit", message, "error", public_id=public_id)
    return redirect_to("replies.edit", _("The pages are ready."), public_id=public_id)


def detach(public_id: str, scan: str) -> ResponseReturnValue:
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    replies.lock_draft(session, reply)
    reply_scan = scans.get_scan(session, scan, reply_id=reply.id)
    reply.bars = [bar for bar in reply.bars if bar["scan"] != scan]
    if reply.shown_page.startswith(f"{scan}/"):
        reply.shown_page = ""
    scans.remove_scan(session, reply_scan, actor=actor())
    return redirect_to("replies.edit", _("Scan deleted."), public_id=public_id)


def _get_scan(public_id: str, scan: str) -> Scan:
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    return scans.get_scan(session, scan, reply_id=reply.id)


def _list_lines(reply: Reply) -> list[dict[str, str]]:
    lines = [
        {"page": f"{bar['scan']}/{bar['page']}", **{name: f"{bar[name]:g}" for name in BAR_FIELDS}}
        for bar in reply.bars
    ]
    empty = dict.fromkeys(("page", *BAR_FIELDS), "")
    return [*lines, *([empty] * EMPTY_LINES)][:MOST_BARS]


def _list_typed_lines() -> list[dict[str, str]]:
    return [
        {name: request.form.get(f"{name}-{at}", "") for name in ("page", *BAR_FIELDS)}
        for at in range(MOST_BARS)
        if f"x-{at}" in request.form
    ]
