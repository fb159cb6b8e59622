"""Scans of a reply: looked at, blacked out in part, removed. The original stays sealed."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db
from campaign.models.paper_signature import Scan
from campaign.paper_signatures import scans
from campaign.paper_signatures.desk.scan_views import pdf_file
from campaign.replies import replies
from campaign.replies.redaction import EMPTY_LINES, MOST_BARS, read_bars
from campaign.staff.guards import actor, fresh, staff_user
from campaign.web.desk import redirect_to


def register(blueprint: Blueprint) -> None:
    """Put them under a reply's address."""
    add = blueprint.add_url_rule
    add("/<public_id>/scans/<scan>/page-<int:number>.jpg", "scan_page", scan_page)
    add("/<public_id>/scans/<scan>/download", "scan_download", scan_download, methods=["POST"])
    add("/<public_id>/scans/<scan>/remove", "detach", detach, methods=["POST"])


def edit_bars(public_id: str) -> ResponseReturnValue:
    """Rectangles over the pages: drawn with the pointer, or given as numbers."""
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    reply_scans = scans.list_scans_of_reply(session, reply.id)
    lines, wrong = _lines(reply.bars), 0
    if request.method == "POST":
        try:
            bars = read_bars(request.form, _pages(reply_scans))
        except ValueError as problem:
            wrong, lines = int(problem.args[0]), _typed()
        else:
            replies.set_bars(session, reply, bars, actor=actor())
            message = _("The bars are saved. This is how everybody will see the page.")
            return redirect_to("replies.publish.publish", message, public_id=public_id)
    body = render_template(
        "replies/bars.html",
        reply=reply,
        scans=reply_scans,
        lines=lines,
        wrong=wrong,
        pages=_pages(reply_scans),
    )
    return body, 422 if wrong else 200


def scan_page(public_id: str, scan: str, number: int) -> ResponseReturnValue:
    """A page of a scan as a picture, whole."""
    return Response(scans.read_page(_scan(public_id, scan), number), mimetype="image/jpeg")


@fresh(back="replies.edit")
def scan_download(public_id: str, scan: str) -> ResponseReturnValue:
    """A PDF as it came, to be kept as a file."""
    return pdf_file(scans.read_original(db.session(), _scan(public_id, scan), actor=actor()))


def detach(public_id: str, scan: str) -> ResponseReturnValue:
    """Remove a scan from a draft."""
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    replies.lock_draft(session, reply)
    reply_scan = scans.get_scan(session, scan, reply_id=reply.id)
    reply.bars = [bar for bar in reply.bars if bar["scan"] != scan]
    if reply.shown_page.startswith(f"{scan}/"):
        reply.shown_page = ""
    scans.remove_scan(session, reply_scan, actor=actor())
    return redirect_to("replies.edit", _("The scan is removed."), public_id=public_id)


def _scan(public_id: str, scan: str) -> Scan:
    session = db.session()
    reply = replies.get_reply(session, public_id, staff_user())
    return scans.get_scan(session, scan, reply_id=reply.id)


def _pages(reply_scans: Sequence[Scan]) -> list[str]:
    return [
        f"{scan.public_id}/{number}" for scan in reply_scans for number in range(1, scan.pages + 1)
    ]


def _lines(bars: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    lines = [
        {"page": f"{bar['scan']}/{bar['page']}", **{n: f"{bar[n]:g}" for n in ("x", "y", "w", "h")}}
        for bar in bars
    ]
    empty = {"page": "", "x": "", "y": "", "w": "", "h": ""}
    return (lines + [dict(empty) for _ in range(EMPTY_LINES)])[:MOST_BARS]


def _typed() -> list[dict[str, str]]:
    return [
        {name: request.form.get(f"{name}-{at}", "") for name in ("page", "x", "y", "w", "h")}
        for at in range(MOST_BARS)
        if f"x-{at}" in request.form
    ]
