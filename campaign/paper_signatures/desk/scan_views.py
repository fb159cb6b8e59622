"""Scans of sheets: attached, looked at, removed. Only the desk ever sees them."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.errors import Invalid
from campaign.models.paper_signature import PaperSheet, Scan
from campaign.paper_signatures import scans, sheets
from campaign.paper_signatures.desk.forms import ScanForm
from campaign.staff.desk_access import actor, ask_before_view, fresh, staff_user
from campaign.web.edit_conflict import lock_row
from campaign.web.page import Page, accepted, pdf_file, redirect_to, show_page
from campaign.web.security import takes_file


class AttachScan(Page, template="paper_signatures/attach_scan.html"):
    sheet: PaperSheet
    form: ScanForm


def load_sheet(public_id: str) -> PaperSheet:
    return sheets.get_sheet(db.session(), public_id, by=staff_user())


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/<public_id>/scans", "attach", attach, methods=["GET", "POST"])
    add("/<public_id>/scans/<scan>/page-<int:number>.jpg", "scan_page", scan_page)
    add("/<public_id>/scans/<scan>/download", "scan_download", scan_download, methods=["POST"])
    add("/<public_id>/scans/<scan>/remove", "detach", detach, methods=["POST"])


@takes_file(scans.MAX_BYTES)
def attach(public_id: str) -> ResponseReturnValue:
    form = ScanForm()
    sheet = load_sheet(public_id)
    if form.validate_on_submit() and accepted(form, lambda: _attach(public_id, form)):
        return redirect_to("paper_signatures.show", _("Scan attached."), public_id=public_id)
    return show_page(AttachScan(sheet=sheet, form=form))


def scan_page(public_id: str, scan: str, number: int) -> ResponseReturnValue:
    session = db.session()
    sheet_scan = _scan(session, public_id, scan)
    if asked := ask_before_view("paper.look", f"paper-sheet:{sheet_scan.sheet_id}"):
        return asked
    return Response(scans.read_page(sheet_scan, number), mimetype="image/jpeg")


@fresh(back="paper_signatures.edit")
def scan_download(public_id: str, scan: str) -> ResponseReturnValue:
    session = db.session()
    body = scans.read_original(session, _scan(session, public_id, scan), actor=actor())
    return pdf_file(body, "scan.pdf")


def detach(public_id: str, scan: str) -> ResponseReturnValue:
    session = db.session()
    scans.remove_scan(session, _scan(session, public_id, scan), actor=actor())
    return redirect_to("paper_signatures.edit", _("Scan deleted."), public_id=public_id)


def _scan(session: Session, public_id: str, scan: str) -> Scan:
    return scans.get_scan(session, scan, sheet_id=load_sheet(public_id).id)


def _attach(public_id: str, form: ScanForm) -> None:
    """Keep a scan of the sheet as it is once the file is read: another may have changed it."""
    if not form.scan.data:
        raise Invalid(fields={"scan": "scan-missing"})
    read = scans.read_scan(scans.read_upload(form.scan.data.stream), of_sheet=True)
    session, sheet = db.session(), load_sheet(public_id)
    lock_row(session, sheet)
    if len(scans.list_scans_of_sheet(session, sheet)) >= scans.MAX_SCANS:
        raise Invalid(fields={"scan": "scans-too-many"})
    scans.keep_scan(session, read, actor=actor(), sheet_id=sheet.id)
