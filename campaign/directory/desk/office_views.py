"""Pages of posts on the desk: who held them, and who comes after."""

from collections.abc import Sequence

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import Invalid
from campaign.directory import offices, officials, where_used
from campaign.directory.desk.address_form import say_flagged
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.forms import (
    DaysForm,
    SuccessorDay,
    SuccessorForm,
    days_form,
    successor_form,
)
from campaign.directory.desk.labels import get_entry_name
from campaign.directory.entries import draft_of
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Official
from campaign.staff.desk_access import actor
from campaign.web.page import Page, accepted, redirect_to, show_page

_MOST_HITS = 20


class EditPosts(Page, template="directory/offices.html"):
    official: Official
    form: DaysForm


class NewSuccessor(Page, template="directory/successor.html"):
    official: Official
    form: SuccessorForm
    words: str  # what somebody in the directory was looked for by
    hits: Sequence[Official]
    day: str  # on which the only hit takes over
    is_asked: bool  # whether risk flags ask once more about the only hit


@blueprint.route("/desk/officials/<slug>/posts", methods=["GET", "POST"])
def edit_posts(slug: str) -> ResponseReturnValue:
    session = db.session()
    official = officials.get_official(session, slug=slug)
    form = days_form(official.memberships)
    today = i18n.today_at_home()

    def save() -> None:
        offices.save_days(session, official=official, days=form.days(), today=today, actor=actor())

    if form.validate_on_submit() and accepted(form, save):
        return redirect_to("directory.edit", _("Dates saved."), slug=slug)
    return show_page(EditPosts(official=official, form=form))


@blueprint.post("/desk/officials/<slug>/left")
def leave_office(slug: str) -> ResponseReturnValue:
    official = officials.get_official(db.session(), slug=slug)
    offices.end_office(db.session(), official=official, on=i18n.today_at_home(), actor=actor())
    message = _("Saved: this person left office today. These campaigns still write to them.")
    return redirect_to("directory.edit", message, slug=slug)


@blueprint.route("/desk/officials/<slug>/successor", methods=["GET", "POST"])
def new_successor(slug: str) -> ResponseReturnValue:
    session, today = db.session(), i18n.today_at_home()
    official = officials.get_official(session, slug=slug)
    form = successor_form(official, draft_of(official), today)
    if form.validate_on_submit() and (successor := _pass_to_new(official, form)):
        return _show_next_page(official, successor)
    words = request.args.get("q", "").strip()
    hits = officials.list_officials(session, query=words).rows[:_MOST_HITS] if words else []
    asked_about = officials.find_official(session, slug=request.args.get("asked", ""))
    if asked_about is not None:
        hits = [asked_about]
    return show_page(
        NewSuccessor(
            official=official,
            form=form,
            words=words,
            hits=[hit for hit in hits if hit.id != official.id],
            day=request.args.get("on") or today.isoformat(),
            is_asked=asked_about is not None,
        )
    )


@blueprint.post("/desk/officials/<slug>/successor/known")
def known_successor(slug: str) -> ResponseReturnValue:
    session, form = db.session(), SuccessorDay()
    official = officials.get_official(session, slug=slug)
    successor = officials.get_official(session, slug=request.form.get("successor", ""))
    asked_about: dict[str, str] = {}
    if form.validate_on_submit():
        try:
            offices.pass_to(
                session,
                predecessor=official,
                successor=successor,
                on=form.day(),
                actor=actor(),
                risks_seen="risks_seen" in request.form,
            )
        except FlagNamed as problem:
            message = say_flagged(problem)
            asked_about = {"asked": successor.slug, "on": form.day().isoformat()}
        except Invalid:
            message = _("This date is before the day this person took office. Correct one of them.")
        else:
            return _show_next_page(official, successor)
    else:
        errors = form.on.errors or [_("Enter the day on which the new person takes over.")]
        message = str(errors[0])
    session.rollback()
    words = request.form.get("q", "")
    return redirect_to(
        "directory.new_successor", message, "error", slug=slug, q=words, **asked_about
    )


def _pass_to_new(official: Official, form: SuccessorForm) -> Official | None:
    """Return the successor; None where the day was refused, which is said on the form."""
    try:
        return offices.pass_to_new(
            db.session(), predecessor=official, draft=form.draft(), on=form.day(), actor=actor()
        )
    except Invalid:
        db.session().rollback()
        message = _("This date is before the day this person took office. Correct one of them.")
        form.on.errors = [*form.on.errors, message]
        return None


def _show_next_page(official: Official, successor: Official) -> ResponseReturnValue:
    """Go on to the campaigns that aim at the one who left, where there are some."""
    session, name = db.session(), get_entry_name(successor)
    flash(_("Saved: %(name)s now holds the office.", name=name))
    if where_used.list_uses(session, successor):
        message = _(
            "Some campaigns already write to %(name)s. Their letters now name the new office. "
            "Check these letters.",
            name=name,
        )
        flash(message, "warning")
    if where_used.list_uses(session, official):
        return redirect_to("campaigns.aimed_at", official=official.slug, successor=successor.slug)
    return redirect_to("directory.edit", slug=successor.slug)
