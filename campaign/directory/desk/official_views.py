"""Pages of officials on the desk."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.directory import offices, officials, where_used
from campaign.directory.desk import (
    bulk_views,
    import_views,
    merge_entry_views,
    mission_views,
    office_views,
)
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.entry_display import address_shown, country_choices, listing_url
from campaign.directory.desk.official_form import OfficialFilter, OfficialForm, official_form
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Official
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import render_page
from campaign.web.edit_conflict import hold

__all__ = [
    "blueprint",
    "bulk_views",
    "import_views",
    "merge_entry_views",
    "mission_views",
    "office_views",
]


@blueprint.get("/desk/officials")
def index() -> str:
    """The list of officials; what it shows lives in the address."""
    session = db.session()
    form = OfficialFilter(request.args)
    sort = request.args.get("sort", "name")
    listing = officials.list_officials(
        session,
        query=form.q.data or "",
        country=form.country.data or "",
        left=bool(form.left.data),
        sort=sort,
        page=request.args.get("page", 1, type=int),
    )
    shown = {"form": form, "listing": listing, "sort": sort, "url": listing_url}
    if "HX-Request" in request.headers:
        return render_template("directory/_official_list.html", **shown)
    form.country.choices = country_choices(officials.countries_of_officials(session))
    return render_template("directory/index.html", left=officials.count_left(session), **shown)


@blueprint.route("/desk/officials/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """A new official."""
    form = official_form()
    if form.validate_on_submit():
        official = officials.create_official(db.session(), draft=form.draft(), actor=actor())
        flash(_("The official is saved. Check the address as it will be printed."))
        return redirect(url_for("directory.edit", slug=official.slug))
    return render_page("directory/create.html", form)


@blueprint.route("/desk/officials/<slug>", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    """An official, with the address as it will be printed."""
    official = officials.get_official(db.session(), slug=slug)
    if request.method == "POST":
        hold(db.session(), official)
    form = official_form(officials.draft_of(official))
    if form.validate_on_submit() and form.meets(form.now):
        try:
            officials.update_official(
                db.session(),
                official=official,
                draft=form.draft(),
                actor=actor(),
                risks_seen=form.risks_seen.data,
            )
        except FlagNamed as problem:
            db.session().rollback()  # the page is headed by what is kept
            form.ask_flagged(problem)
        except Invalid as problem:
            form.refuse(problem.fields)
        else:
            flash(_("The changes are saved."))
            return redirect(url_for("directory.edit", slug=slug))
    return _edit_page(official, form)


@blueprint.route("/desk/officials/<slug>/delete", methods=["GET", "POST"])
def delete(slug: str) -> ResponseReturnValue:
    """Ask, and delete an official whom nothing uses."""
    session = db.session()
    official = officials.get_official(session, slug=slug)
    status = 200
    if request.method == "POST":
        try:
            officials.delete_official(session, official=official, actor=actor())
        except Refused:
            status = 409
        else:
            flash(_("The official is deleted."))
            return redirect(url_for("directory.index"))
    uses = where_used.said_to(
        session, officials.uses_of_official(session, official=official), staff_user()
    )
    return render_template("directory/delete.html", official=official, uses=uses), status


def _edit_page(official: Official, form: OfficialForm) -> ResponseReturnValue:
    session = db.session()
    locale = official.preferred_locale
    head = [official.name, i18n.words_in(official.office, locale)]
    return render_page(
        "directory/edit.html",
        form,
        official=official,
        uses=where_used.said_to(
            session, officials.uses_of_official(session, official=official), staff_user()
        ),
        after=offices.successors(session, official) if official.left_on else [],
        **address_shown(official, country=official.country, head=head, locale=locale),
    )
