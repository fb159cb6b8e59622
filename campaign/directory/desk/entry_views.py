"""Pages of officials and missions: lists, one entry, deleting it, the posts of an official."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import SelectChoice

from campaign.core import audit, db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.directory import edit_entries, officials, where_used
from campaign.directory import missions as mission_lists
from campaign.directory.desk import bulk_views, import_views
from campaign.directory.desk.address_form import list_spoiled, say_risks
from campaign.directory.desk.blueprint import add_page_to_both, blueprint, get_entry_name
from campaign.directory.desk.forms import (
    DaysForm,
    MissionFilter,
    MissionForm,
    OfficialFilter,
    OfficialForm,
    SuccessorDay,
    SuccessorForm,
    days_form,
    mission_form,
    official_form,
    successor_form,
)
from campaign.directory.edit_entries import Unaddressed
from campaign.directory.entry_fields import Entry, address_parts_of, draft_of
from campaign.directory.officials import OfficePassed, Passing
from campaign.directory.postal_addresses import AddressProblem, address_lines, address_problems
from campaign.directory.risk_flags import RisksUnseen, SpoilsOpenings
from campaign.models.directory import Directory, Mission, Official
from campaign.staff.desk_access import actor, name_who_and_when, say_done_before, staff_user
from campaign.web.edit_conflict import lock_row
from campaign.web.meant_field import NAME, ask, read_answers, say_asked
from campaign.web.page import Page, ProblemsOn, redirect_to, show_page
from campaign.web.pagination import MOST_FOUND, Listing, read_page

__all__ = ["blueprint", "bulk_views", "import_views"]


@dataclass(frozen=True, slots=True)
class PrintedAddress:
    """Lines of an address as they will be printed, and what looks wrong about it."""

    lines: list[str]
    problems: list[AddressProblem]


class OfficialRows(Page, template="directory/_official_list.html"):
    form: OfficialFilter
    listing: Listing[Official]
    sort: str


class OfficialList(OfficialRows, template="directory/index.html"):
    left: int  # how many have left their office and are aimed at


class MissionRows(Page, template="directory/_mission_list.html"):
    listing: Listing[Mission]
    stale: set[int]  # ids of those that are to be checked
    sort: str


class MissionList(MissionRows, template="directory/missions.html"):
    form: MissionFilter
    unchecked: int  # how many that campaigns use are to be checked


class CreateOfficial(Page, template="directory/create.html"):
    form: OfficialForm


class CreateMission(Page, template="directory/create_mission.html"):
    form: MissionForm


class EditOfficial(Page, template="directory/edit.html"):
    form: OfficialForm
    official: Official
    uses: list[str]
    successors: Sequence[Official]
    address: PrintedAddress


class EditMission(Page, template="directory/edit_mission.html"):
    form: MissionForm
    mission: Mission
    is_stale: bool
    uses: list[str]
    address: PrintedAddress


class DeleteEntry(Page, template="directory/delete.html"):
    directory: Directory
    entry: Entry
    uses: list[str]


@blueprint.get("/desk/officials")
def index() -> ResponseReturnValue:
    session = db.session()
    form = OfficialFilter(request.args)
    sort = request.args.get("sort", "name")
    listing = officials.list_officials(
        session,
        query=form.q.data or "",
        country=form.country.data or "",
        left=bool(form.left.data),
        sort=sort,
        page=read_page(request.args),
    )
    if "HX-Request" in request.headers:
        return show_page(OfficialRows(form=form, listing=listing, sort=sort))
    form.country.choices = _list_choices(officials.countries_of_officials(session))
    left = officials.count_left(session)
    return show_page(OfficialList(form=form, listing=listing, sort=sort, left=left))


@blueprint.get("/desk/missions")
def missions() -> ResponseReturnValue:
    session = db.session()
    form = MissionFilter(request.args)
    sort = request.args.get("sort", "sending")
    today = i18n.today_at_home()
    listing = mission_lists.list_missions(
        session,
        query=form.q.data or "",
        sending=form.sending.data or "",
        host=form.host.data or "",
        stale_on=today if form.stale.data else None,
        sort=sort,
        page=read_page(request.args),
    )
    stale = {mission.id for mission in listing.rows if mission_lists.is_stale(mission, today)}
    if "HX-Request" in request.headers:
        return show_page(MissionRows(listing=listing, stale=stale, sort=sort))
    sending, host = mission_lists.countries_of_missions(session)
    form.sending.choices = _list_choices(sending)
    form.host.choices = _list_choices(host)
    unchecked = mission_lists.count_stale_in_use(session, today)
    return show_page(
        MissionList(form=form, listing=listing, stale=stale, sort=sort, unchecked=unchecked)
    )


@blueprint.get("/desk/<any(missions, officials):name>/")
def without_slash(name: str) -> ResponseReturnValue:
    """A list's address as people type it."""
    return redirect(f"/desk/{name}")


@blueprint.route("/desk/officials/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    form = official_form()
    if not form.validate_on_submit():
        return show_page(CreateOfficial(form=form))
    draft = form.draft()
    official = edit_entries.create_entry(db.session(), Official(), draft=draft, actor=actor())
    message = _("Official saved. Check the address as we will print it.")
    return redirect_to("directory.edit", message, slug=official.slug)


@blueprint.route("/desk/missions/new", methods=["GET", "POST"])
def create_mission() -> ResponseReturnValue:
    form = mission_form()
    if not form.validate_on_submit():
        return show_page(CreateMission(form=form))
    draft, row = form.draft(), Mission(source_id="")
    mission = edit_entries.create_entry(db.session(), row, draft=draft, actor=actor())
    message = _("Mission saved. Check the address as we will print it.")
    return redirect_to("directory.edit_mission", message, slug=mission.slug)


@blueprint.route("/desk/officials/<slug>", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    session = db.session()
    official = officials.get_official(session, slug=slug)
    if request.method == "POST":
        lock_row(session, official)
    form = official_form(draft_of(official))
    if _save(official, form):
        return redirect_to("directory.edit", _("Changes saved."), slug=slug)
    locale = official.preferred_locale
    head = [official.name, i18n.words_in(official.office, locale)]
    page = EditOfficial(
        form=form,
        official=official,
        uses=where_used.list_uses_for(session, official, staff_user()),
        successors=officials.successors(session, official) if official.left_on else [],
        # Letters to an official come from abroad: they name the country.
        address=_print_address(official, head, i18n.country_name(official.country, locale)),
    )
    return show_page(page)


@blueprint.route("/desk/missions/<slug>", methods=["GET", "POST"])
def edit_mission(slug: str) -> ResponseReturnValue:
    session, today = db.session(), i18n.today_at_home()
    mission = mission_lists.get_mission(session, slug=slug)
    if request.method == "POST":
        lock_row(session, mission)
    form = mission_form(draft_of(mission))
    if _save(mission, form):
        message = _("Changes saved.")
        if "checked" in request.form:
            mission_lists.check_mission(session, mission=mission, on=today, actor=actor())
            message = _("Changes saved. The mission is marked as checked today.")
        return redirect_to("directory.edit_mission", message, slug=mission.slug)
    head = [i18n.words_in(mission.name, i18n.locale())]
    page = EditMission(
        form=form,
        mission=mission,
        is_stale=mission_lists.is_stale(mission, today),
        uses=where_used.list_uses_for(session, mission, staff_user()),
        address=_print_address(mission, head),
    )
    return show_page(page)


@add_page_to_both("/<slug>/delete", "GET", "POST")
def delete(directory: Directory, slug: str) -> ResponseReturnValue:
    session, status = db.session(), 200
    entry = where_used.get_entry(session, directory, slug)
    if request.method == "POST":
        try:
            edit_entries.delete_entry(session, entry, actor=actor())
        except Refused:
            status = 409
        else:
            if directory is Directory.MISSIONS:
                return redirect_to("directory.missions", _("Mission deleted."))
            return redirect_to("directory.index", _("Official deleted."))
    uses = where_used.list_uses_for(session, entry, staff_user())
    return show_page(DeleteEntry(directory=directory, entry=entry, uses=uses), status)


def _save(entry: Entry, form: OfficialForm | MissionForm) -> bool:
    session = db.session()
    if not (form.validate_on_submit() and form.is_current()):
        return False
    draft, risks_seen = form.draft(), read_answers()
    try:
        edit_entries.update_entry(session, entry, draft=draft, actor=actor(), risks_seen=risks_seen)
    except RisksUnseen as problem:
        session.rollback()  # the page is headed by what is kept
        form.ask_about_risks(problem)
    except SpoilsOpenings as problem:
        session.rollback()
        form.refuse_spoiled(problem)
    except Unaddressed as problem:
        form.refuse_unaddressed(problem)
    else:
        return True
    return False


def _list_choices(codes: Collection[str]) -> list[SelectChoice]:
    """List the choices of a filter: everything, then the countries of `codes` by name."""
    countries = [SelectChoice(code, name) for code, name in i18n.senders() if code in codes]
    return [SelectChoice("", _("All")), *countries]


def _print_address(entry: Entry, head: list[str], country_name: str = "") -> PrintedAddress:
    parts = address_parts_of(entry)
    is_empty = not (entry.address or entry.locality or entry.postal_code)
    return PrintedAddress(
        [*filter(None, head), *address_lines(**parts, country_name=country_name)],
        [] if is_empty else address_problems(**parts),
    )


class EditPosts(Page, template="directory/offices.html"):
    official: Official
    form: DaysForm


class NewSuccessor(Page, template="directory/successor.html"):
    official: Official
    form: SuccessorForm
    words: str  # what somebody in the directory was looked for by
    hits: Sequence[Official]
    chosen: str  # which hit, by slug, where the day was refused
    day: str  # on which the hit takes over
    is_asked: bool  # whether risk flags ask once more about the only hit
    passing: Passing | None  # to whom the office was passed already
    entered: str  # who entered that successor, and when


@blueprint.route("/desk/officials/<slug>/posts", methods=["GET", "POST"])
def edit_posts(slug: str) -> ResponseReturnValue:
    session = db.session()
    official = officials.get_official(session, slug=slug)
    if request.method == "POST":
        lock_row(session, official)
    form = days_form(official.memberships)
    if form.validate_on_submit() and form.is_current():
        with ProblemsOn(form):
            days, today = form.days(), i18n.today_at_home()
            officials.save_days(session, official=official, days=days, today=today, actor=actor())
            return redirect_to("directory.edit", _("Dates saved."), slug=slug)
    return show_page(EditPosts(official=official, form=form))


@blueprint.post("/desk/officials/<slug>/left")
def leave_office(slug: str) -> ResponseReturnValue:
    session = db.session()
    official = officials.get_official(session, slug=slug)
    lock_row(session, official)
    if official.left_on is not None:
        entry = audit.find_last(session, f"official:{official.public_id}", "officials.leave")
        return redirect_to("directory.edit", say_done_before(entry), "error", slug=slug)
    today, before = i18n.today_at_home(), officials.find_last_day(official)
    last_day = officials.end_office(session, official=official, on=today, actor=actor())
    message = _("Saved: this person left office today.")
    if last_day < today:
        day = i18n.say_date(last_day)
        message = _("Saved: this person left office on %(day)s, as recorded before.", day=day)
    flash(message)
    _say_moved_day(official, before)
    if officials.is_written_to(session, official):
        flash(_("Campaigns still write to this person."), "warning")
    return redirect_to("directory.edit", slug=slug)


def _say_moved_day(official: Official, before: date | None) -> None:
    """Say that another last day in office was on record."""
    after = official.left_on
    if before and after and before != after:
        message = _(
            "We changed the last day of %(name)s in this office from %(before)s to %(after)s.",
            name=get_entry_name(official),
            before=i18n.say_date(before),
            after=i18n.say_date(after),
        )
        flash(message, "warning")


@blueprint.route("/desk/officials/<slug>/successor", methods=["GET", "POST"])
def new_successor(slug: str) -> ResponseReturnValue:
    session, today = db.session(), i18n.today_at_home()
    official = officials.get_official(session, slug=slug)
    form = successor_form(official, draft_of(official), today)
    last_day = officials.find_last_day(official)
    if form.validate_on_submit() and (successor := _pass_to_new(official, form)):
        return _show_next_page(official, successor, last_day)
    words = request.args.get("q", "").strip()
    hits = officials.list_officials(session, query=words).rows[:MOST_FOUND] if words else []
    asked_about = officials.find_official(session, slug=request.args.get("asked", ""))
    if asked_about is not None:
        hits = [asked_about]
    passing = officials.find_passing(session, official)
    holders = {official.id, passing.successor.id} if passing else {official.id}
    page = NewSuccessor(
        official=official,
        form=form,
        words=words,
        hits=[hit for hit in hits if hit.id not in holders],
        chosen=request.args.get("successor", ""),
        day=request.args.get("on") or today.isoformat(),
        is_asked=asked_about is not None and passing is None,
        passing=passing,
        entered=_name_who_entered(passing) if passing else "",
    )
    return show_page(page)


def _name_who_entered(passing: Passing) -> str:
    return name_who_and_when(audit.staff_id(passing.entry.actor), passing.entry.at)


@blueprint.post("/desk/officials/<slug>/successor/known")
def known_successor(slug: str) -> ResponseReturnValue:
    session, form = db.session(), SuccessorDay()
    official = officials.get_official(session, slug=slug)
    successor = officials.get_official(session, slug=request.form.get("successor", ""))
    last_day = officials.find_last_day(official)
    typed = {"successor": successor.slug, "on": request.form.get("on", "")}
    if form.validate_on_submit():
        try:
            officials.pass_to(
                session,
                predecessor=official,
                successor=successor,
                on=form.day(),
                actor=actor(),
                risks_seen=read_answers(),
            )
        except OfficePassed as problem:
            message = say_done_before(problem.passing.entry)
            if problem.passing.successor.id == successor.id:
                flash(message, "error")
                return _lead_to_campaigns(official, successor)
            typed = {"asked": successor.slug, "on": form.day().isoformat()}
        except RisksUnseen as problem:
            message = say_risks(problem)
            ask(problem.keys)
            typed = {"asked": successor.slug, "on": form.day().isoformat(), NAME: say_asked()}
        except SpoilsOpenings as problem:
            session.rollback()
            message = Markup(" ").join(list_spoiled(problem))
        except Invalid:
            message = _("This date is before the day this person took office. Correct one of them.")
        else:
            return _show_next_page(official, successor, last_day)
    else:
        errors = form.on.errors or [_("Enter the day on which the new person takes over.")]
        message = str(errors[0])
    session.rollback()
    words = request.form.get("q", "")
    return redirect_to("directory.new_successor", message, "error", slug=slug, q=words, **typed)


def _pass_to_new(official: Official, form: SuccessorForm) -> Official | None:
    """Return the successor; None where it was refused, which is said on the form."""
    try:
        return officials.pass_to_new(
            db.session(), predecessor=official, draft=form.draft(), on=form.day(), actor=actor()
        )
    except OfficePassed as problem:
        form.form_errors.append(say_done_before(problem.passing.entry))
    except Invalid:
        db.session().rollback()
        message = _("This date is before the day this person took office. Correct one of them.")
        form.on.errors = [*form.on.errors, message]
    return None


def _show_next_page(
    official: Official, successor: Official, last_day: date | None
) -> ResponseReturnValue:
    """Say it, and go on to the campaigns that aim at the one who left, where there are some."""
    session, name = db.session(), get_entry_name(successor)
    flash(_("Saved: %(name)s now holds the office.", name=name))
    _say_moved_day(official, last_day)
    if where_used.list_uses(session, successor):
        message = _(
            "Some campaigns already write to %(name)s. Their letters now name the new office. "
            "Check these letters.",
            name=name,
        )
        flash(message, "warning")
    return _lead_to_campaigns(official, successor)


def _lead_to_campaigns(official: Official, successor: Official) -> ResponseReturnValue:
    session = db.session()
    if where_used.list_uses(session, official):
        return redirect_to("campaigns.aimed_at", official=official.slug, successor=successor.slug)
    return redirect_to("directory.edit", slug=successor.slug)
