"""The page on which the record of a visit is corrected, or added to."""

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.deliveries import attachments, correct_record, visits
from campaign.deliveries.desk.forms import CorrectForm, FilesForm
from campaign.deliveries.record_delivery import hold_visit
from campaign.models.delivery import GateVisit
from campaign.staff.guards import actor
from campaign.web.security import takes_file


def register(blueprint: Blueprint) -> None:
    """Put these pages under a visit's address."""
    add = blueprint.add_url_rule
    add("/deliveries/<public_id>/correct", "correct", correct, methods=["GET", "POST"])
    add("/deliveries/<public_id>/files", "add_files", add_files, methods=["GET", "POST"])


def correct(public_id: str) -> ResponseReturnValue:
    """Correct what was written down."""
    visit = visits.get_visit(db.session(), public_id)
    form = CorrectForm.of(visit)
    if form.validate_on_submit() and _is_corrected(visit, form):
        flash(_("The record is corrected. No one is emailed again."))
        return _to_record(visit)
    page = render_template("deliveries/correct.html", visit=visit, form=form)
    return page, 422 if form.problems() else 200


@takes_file(attachments.MAX_REQUEST_BYTES)
def add_files(public_id: str) -> ResponseReturnValue:
    """Add pictures, or the receipt that came later."""
    visit = visits.get_visit(db.session(), public_id)
    form = FilesForm()
    if form.validate_on_submit() and _are_added(visit, form):
        flash(_("The files are added to the record."))
        return _to_record(visit)
    page = render_template("deliveries/add_files.html", visit=visit, form=form)
    return page, 422 if form.problems() else 200


def _is_corrected(visit: GateVisit, form: CorrectForm) -> bool:
    session = db.session()
    hold_visit(session, visit)
    if not form.meets(correct_record.facts_of(visit).as_data()):
        return False
    try:
        correct_record.correct_visit(
            session, visit, form.facts(), actor=actor(), sure=form.sure.data
        )
    except Invalid as problem:
        session.rollback()
        form.refuse(problem.fields)
        return False
    return True


def _are_added(visit: GateVisit, form: FilesForm) -> bool:
    try:
        correct_record.add_files(db.session(), visit, tuple(form.drawn()), actor=actor())
    except Invalid as problem:
        form.refuse(problem.fields)
    except Refused:
        form.form_errors.append(_("Choose a picture or a receipt."))
    else:
        return True
    return False


def _to_record(visit: GateVisit) -> Response:
    return redirect(url_for("deliveries.show", public_id=visit.public_id), 303)  # type: ignore[return-value]
