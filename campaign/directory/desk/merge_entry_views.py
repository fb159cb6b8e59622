"""Pages of duplicates on the desk: suggestions, two side by side, one of them."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.directory import missions, officials
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.forms import CONTACT_LABELS, say_flagged
from campaign.directory.desk.import_labels import field_label
from campaign.directory.desk.import_views import both
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.duplicates import find_duplicates, merge_entries
from campaign.directory.imports.plan import in_words
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Mission, MissionKind, Official
from campaign.models.directory_import import Directory
from campaign.staff.guards import actor
from campaign.web.desk import redirect_to

__all__ = ["blueprint"]
_MODELS: dict[Directory, Any] = {Directory.OFFICIALS: Official, Directory.MISSIONS: Mission}


@both("/duplicates")
def show_duplicates(directory: str) -> str:
    """Pairs that may be one."""
    part = Directory(directory)
    page = request.args.get("page", 1, type=int)
    listing = find_duplicates.find_duplicates(db.session(), _MODELS[part], page=page)
    return render_template(
        "directory/duplicates.html",
        directory=part,
        listing=listing,
        pairs=listing.rows,
        title=title_of,
        place=place_of,
    )


@both("/duplicates/two", "POST")
def tell_apart(directory: str) -> ResponseReturnValue:
    """Note that two that look like one are two; also of many pairs at once."""
    firsts, seconds = (request.form.getlist(name) for name in ("first", "second"))
    pairs = list(zip(firsts, seconds, strict=False))[: find_duplicates.MOST]
    for names in pairs or [("", "")]:
        first, second = (_load(directory, name) for name in names)
        find_duplicates.tell_apart(db.session(), first=first, second=second, actor=actor())
    if len(pairs) > 1:
        many = ngettext(
            "%(num)s pair is noted as two.", "%(num)s pairs are noted as two.", len(pairs)
        )
        flash(many)
    else:
        flash(_("Noted: they are two. They are not suggested again."))
    return redirect_to("directory.show_duplicates", directory=directory)


@both("/merge", "GET", "POST")
def merge(directory: str) -> ResponseReturnValue:
    """Two side by side, a choice per field, and what depends on each; then one of them."""
    session, part = db.session(), Directory(directory)
    first = _load(directory, request.values.get("first", ""))
    if not request.values.get("second"):
        return _choose(part, first)
    second = _load(directory, request.values["second"])
    refused: Refused | None = None
    asked = ""
    if request.method == "POST":
        take = [n for n in merge_entries.fields_of(first) if request.form.get(n) == "second"]
        try:
            merge_entries.merge(
                session,
                kept=first,
                gone=second,
                take=take,
                actor=actor(),
                risks_seen="risks_seen" in request.form,
            )
        except (Refused, FlagNamed) as problem:
            session.rollback()
            first, second = (_load(directory, one.slug) for one in (first, second))
            if isinstance(problem, Refused):
                refused = problem
            else:
                asked = say_flagged(problem)
        else:
            flash(_("The two are one now."))
            return redirect(_page_of(first), 303)
    status = 409 if refused else 422 if asked else 200
    return _side_by_side(part, first, second, refused, asked), status


def title_of(row: Official | Mission) -> str:
    """What a row is called on this page."""
    if isinstance(row, Official):
        return row.name or i18n.words_in(row.office, i18n.locale()) or row.slug
    return i18n.words_in(row.name, i18n.locale()) or row.slug


def place_of(row: Official | Mission) -> str:
    """What tells it from its namesakes, in one line."""
    if isinstance(row, Official):
        office = i18n.words_in(row.office, i18n.locale()) if row.name else ""
        parts = (office, i18n.country_name(row.country), row.locality)
    else:
        parts = (i18n.country_name(row.host_country), row.locality, row.head_of_mission)
    return " · ".join(part for part in parts if part)


def _choose(part: Directory, first: Any) -> ResponseReturnValue:
    """Which other one it is: found by words."""
    words = request.args.get("q", "").strip()
    listing = officials.list_officials if part is Directory.OFFICIALS else missions.list_missions
    found = listing(db.session(), query=words).rows[:20] if words else []
    hits = [one for one in found if one.id != first.id]
    return render_template(
        "directory/merge_choose.html",
        directory=part,
        first=first,
        words=words,
        hits=hits,
        title=title_of,
        place=place_of,
        page=_page_of(first),
    )


def _side_by_side(
    part: Directory, first: Any, second: Any, refused: Refused | None, asked: str
) -> str:
    session, sent = db.session(), request.form
    fields = [
        {
            "name": name,
            "label": field_label(name),
            "first": _shown(first, name),
            "second": _shown(second, name),
            "same": merge_entries.same(first, second, name),
            "take": sent[name] == "second"
            if name in sent
            else merge_entries.better(first, second, name),
        }
        for name in merge_entries.fields_of(first)
        if getattr(first, name) or getattr(second, name)
    ]
    rows = [(one, merge_entries.dependants(session, one)) for one in (first, second)]
    return render_template(
        "directory/merge.html",
        directory=part,
        first=first,
        second=second,
        fields=fields,
        rows=rows,
        title=title_of,
        refused=refused,
        asked=asked,
        contact_labels=CONTACT_LABELS,
        page=_page_of(first),
    )


def _shown(row: Any, name: str) -> str:
    value = getattr(row, name)
    if name == "address":
        parts = (*row.address, row.locality, row.region, row.postal_code)
        return ", ".join(part for part in parts if part)
    if name == "accredited_to":
        return ", ".join(i18n.country_name(code) for code in value)
    if isinstance(value, MissionKind):
        return str(KIND_LABELS[value])
    if name.endswith("country"):
        return i18n.country_name(value)
    return in_words(value)


def _page_of(row: Official | Mission) -> str:
    name = "edit" if isinstance(row, Official) else "edit_mission"
    return url_for(f"directory.{name}", slug=row.slug)


def _load(directory: str, slug: str) -> Any:
    if not slug:
        raise NotFound("official" if directory == Directory.OFFICIALS else "mission", slug=slug)
    if directory == Directory.OFFICIALS:
        return officials.get_official(db.session(), slug=slug)
    return missions.get_mission(db.session(), slug=slug)
