"""The page on which the record of a visit is corrected, or added to."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db
from campaign.deliveries import attachments, correct_record, visits
from campaign.deliveries.desk.forms import CorrectForm, FilesForm
from campaign.deliveries.record_delivery import lock_visit
from campaign.models.delivery import GateVisit
from campaign.staff.desk_access import actor
from campaign.web.page import Page, accepted, redirect_to, show_page
from campaign.web.security import takes_file


class CorrectRecord(Page, template="deliveries/correct.html"):
    visit: GateVisit
    form: CorrectForm


class AddFiles(Page, template="deliveries/add_files.html"):
    visit: GateVisit
    form: FilesForm


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/deliveries/<public_id>/correct", "correct", correct, methods=["GET", "POST"])
    add("/deliveries/<public_id>/files", "add_files", add_files, methods=["GET", "POST"])


def correct(public_id: str) -> ResponseReturnValue:
    visit = visits.get_visit(db.session(), public_id)
    form = CorrectForm.of(visit)
    if form.validate_on_submit() and _is_corrected(visit, form):
        message = _("Record corrected. We will not email anyone again.")
        return redirect_to("deliveries.show", message, public_id=visit.public_id)
    return show_page(CorrectRecord(visit=visit, form=form))


@takes_file(attachments.MAX_REQUEST_BYTES)
def add_files(public_id: str) -> ResponseReturnValue:
    visit = visits.get_visit(db.session(), public_id)
    form = FilesForm()
    if form.validate_on_submit() and _are_added(visit, form):
        message = _("Files added to the record.")
        return redirect_to("deliveries.show", message, public_id=visit.public_id)
    return show_page(AddFiles(visit=visit, form=form))


def _is_corrected(visit: GateVisit, form: CorrectForm) -> bool:
    session = db.session()
    lock_visit(session, visit)
    if not form.is_current(correct_record.facts_of(visit).as_data()):
        return False
    by, sure = actor(), form.sure.data
    if accepted(
        form,
        lambda: correct_record.correct_visit(session, visit, form.facts(), actor=by, sure=sure),
    ):
        return True
    session.rollback()
    return False


def _are_added(visit: GateVisit, form: FilesForm) -> bool:
    return accepted(
        form,
        lambda: correct_record.add_files(db.session(), visit, tuple(form.redrawn()), actor=actor()),
        refused=_("Choose a picture or a receipt."),
    )
