"""Pages of posts on the desk: who held them, and who comes after."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import Invalid
from campaign.directory import offices, officials
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.forms import say_flagged
from campaign.directory.desk.merge_entry_views import place_of, title_of
from campaign.directory.desk.office_form import (
    SuccessorDay,
    SuccessorForm,
    days_form,
    successor_form,
)
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Official
from campaign.staff.guards import actor
from campaign.web.desk import accepted, redirect_to, render_page

__all__ = ["blueprint"]


@blueprint.route("/desk/officials/<slug>/posts", methods=["GET", "POST"])
def edit_posts(slug: str) -> ResponseReturnValue:
    """From when until when the official held each post."""
    session = db.session()
    official = officials.get_official(session, slug=slug)
    form = days_form(official.memberships)
    today = i18n.today_at_home()

    def save() -> None:
        offices.save_days(session, official=official, days=form.days(), today=today, actor=actor())

    if form.validate_on_submit() and accepted(form, save):
        return redirect_to("directory.edit", _("The days are saved."), slug=slug)
    return render_page(
        "directory/offices.html", form, official=official, title=title_of, today=today
    )


@blueprint.post("/desk/officials/<slug>/left")
def leave_office(slug: str) -> ResponseReturnValue:
    """The official has left the office today; who comes after is not known."""
    official = officials.get_official(db.session(), slug=slug)
    offices.end_office(db.session(), official=official, on=i18n.today_at_home(), actor=actor())
    said = _("Noted: the office is left today. Campaigns that aim at them are shown.")
    return redirect_to("directory.edit", said, slug=slug)


@blueprint.route("/desk/officials/<slug>/successor", methods=["GET", "POST"])
def new_successor(slug: str) -> ResponseReturnValue:
    """The office passes to a new person."""
    session = db.session()
    official = officials.get_official(session, slug=slug)
    form = successor_form(official, officials.draft_of(official), i18n.today_at_home())
    if form.validate_on_submit() and (successor := _passed(official, form)):
        return _after(official, successor)
    words = request.args.get("q", "").strip()
    found = officials.list_officials(session, query=words).rows[:20] if words else []
    asked = officials.find_official(session, slug=request.args.get("asked", ""))
    if asked is not None:
        found = [asked]
    return render_page(
        "directory/successor.html",
        form,
        official=official,
        words=words,
        day=SuccessorDay(),
        hits=[one for one in found if one.id != official.id],
        title=title_of,
        place=place_of,
        on=request.args.get("on") or i18n.today_at_home().isoformat(),
        asked=asked is not None,
    )


@blueprint.post("/desk/officials/<slug>/successor/known")
def known_successor(slug: str) -> ResponseReturnValue:
    """The office passes to somebody who is in the directory."""
    session, form = db.session(), SuccessorDay()
    asked: dict[str, Any] = {}
    official = officials.get_official(session, slug=slug)
    successor = officials.get_official(session, slug=request.form.get("successor", ""))
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
            flash(say_flagged(problem), "error")
            asked = {"asked": successor.slug, "on": form.day().isoformat()}
        except Invalid:
            flash(_("This day comes before the one on which they took office."), "error")
        else:
            return _after(official, successor)
    else:
        said = form.on.errors or [_("Give the day on which the office passes.")]
        flash(str(said[0]), "error")
    session.rollback()
    words = request.form.get("q", "")
    return redirect_to("directory.new_successor", slug=slug, q=words, **asked)


def _passed(official: Official, form: SuccessorForm) -> Official | None:
    """The successor; None where the day was refused, which is said on the form."""
    try:
        return offices.pass_to_new(
            db.session(), predecessor=official, draft=form.draft(), on=form.day(), actor=actor()
        )
    except Invalid:
        db.session().rollback()
        said = _("This day comes before the one on which they took office.")
        form.on.errors = [*form.on.errors, said]
        return None


def _after(official: Official, successor: Official) -> ResponseReturnValue:
    """Where campaigns aim at the one who left, these come next."""
    flash(_("The office has passed to %(name)s.", name=title_of(successor)))
    if officials.uses_of_official(db.session(), official=successor):
        said = _(
            "Campaigns aim at %(name)s already. Their letters name the new office now: look at "
            "them.",
            name=title_of(successor),
        )
        flash(said, "warning")
    if officials.uses_of_official(db.session(), official=official):
        return redirect_to("campaigns.aimed_at", official=official.slug, successor=successor.slug)
    return redirect_to("directory.edit", slug=successor.slug)
