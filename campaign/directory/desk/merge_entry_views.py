"""Pages of duplicates on the desk: suggestions, two side by side, one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.directory import missions, officials
from campaign.directory.desk.forms import say_flagged
from campaign.directory.desk.import_labels import say_field
from campaign.directory.desk.import_views import add_page_to_both
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.duplicates import find_duplicates, merge_entries
from campaign.directory.duplicates.find_duplicates import Pair
from campaign.directory.imports.plan import say_in_words
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Mission, MissionKind, Official
from campaign.models.directory_import import Directory
from campaign.staff.guards import actor
from campaign.web.desk import redirect_to
from campaign.web.page import Page, show_page
from campaign.web.pagination import Listing

_MOST_HITS = 20
Entry = Mission | Official


@dataclass(frozen=True, slots=True)
class Field:
    """A field of two entries side by side."""

    name: str
    label: str
    first: str
    second: str
    same: bool
    take: bool
    """Whether the second one's value is chosen."""


class Duplicates(Page, template="directory/duplicates.html"):
    directory: Directory
    listing: Listing[Pair]


class MergeChoose(Page, template="directory/merge_choose.html"):
    directory: Directory
    first: Entry
    words: str
    hits: Sequence[Entry]
    first_url: str


class Merge(Page, template="directory/merge.html"):
    directory: Directory
    first: Entry
    second: Entry
    fields: Sequence[Field]
    uses: Sequence[tuple[Entry, Mapping[str, int]]]
    """Both, with how many rows of each table refer to each."""
    refused: Refused | None
    question: str
    """What risk flags ask once more."""
    first_url: str


@add_page_to_both("/duplicates")
def show_duplicates(directory: str) -> ResponseReturnValue:
    part = Directory(directory)
    model = Official if part is Directory.OFFICIALS else Mission
    page = request.args.get("page", 1, type=int)
    listing = find_duplicates.find_duplicates(db.session(), model, page=page)
    return show_page(Duplicates(directory=part, listing=listing))


@add_page_to_both("/duplicates/two", "POST")
def tell_apart(directory: str) -> ResponseReturnValue:
    """Note that two that look like one are two; also of many pairs at once."""
    firsts, seconds = (request.form.getlist(name) for name in ("first", "second"))
    pairs = list(zip(firsts, seconds, strict=False))[: find_duplicates.MOST] or [("", "")]
    for slugs in pairs:
        first, second = (_get_entry(directory, slug) for slug in slugs)
        find_duplicates.tell_apart(db.session(), first=first, second=second, actor=actor())
    message = _("Saved: these are two separate entries. We will not suggest this pair again.")
    if len(pairs) > 1:
        message = ngettext(
            "Saved: %(num)s pair is two separate entries.",
            "Saved: %(num)s pairs are separate entries.",
            len(pairs),
        )
    return redirect_to("directory.show_duplicates", message, directory=directory)


@add_page_to_both("/merge", "GET", "POST")
def merge(directory: str) -> ResponseReturnValue:
    """Two side by side, a choice per field, and what depends on each; then one of them."""
    session, part = db.session(), Directory(directory)
    first = _get_entry(directory, request.values.get("first", ""))
    if not request.values.get("second"):
        return _choose_second(part, first)
    second = _get_entry(directory, request.values["second"])
    refused: Refused | None = None
    question = ""
    if request.method == "POST":
        names = merge_entries.list_fields(first)
        try:
            merge_entries.merge(
                session,
                kept=first,
                gone=second,
                take=[name for name in names if request.form.get(name) == "second"],
                actor=actor(),
                risks_seen="risks_seen" in request.form,
            )
        except (Refused, FlagNamed) as problem:
            session.rollback()
            first, second = (_get_entry(directory, entry.slug) for entry in (first, second))
            if isinstance(problem, Refused):
                refused = problem
            else:
                question = say_flagged(problem)
        else:
            name = "edit" if isinstance(first, Official) else "edit_mission"
            return redirect_to(
                f"directory.{name}", _("The two entries are merged."), slug=first.slug
            )
    page = Merge(
        directory=part,
        first=first,
        second=second,
        fields=_list_fields(first, second),
        uses=[(entry, merge_entries.count_uses(session, entry)) for entry in (first, second)],
        refused=refused,
        question=question,
        first_url=_get_url(first),
    )
    return show_page(page, 409 if refused else 422 if question else 200)


def _choose_second(part: Directory, first: Entry) -> ResponseReturnValue:
    words = request.args.get("q", "").strip()
    hits: Sequence[Entry] = []
    if words:
        search = officials.list_officials if part is Directory.OFFICIALS else missions.list_missions
        hits = search(db.session(), query=words).rows[:_MOST_HITS]
    return show_page(
        MergeChoose(
            directory=part,
            first=first,
            words=words,
            hits=[hit for hit in hits if hit.id != first.id],
            first_url=_get_url(first),
        )
    )


def _list_fields(first: Entry, second: Entry) -> list[Field]:
    chosen = request.form
    return [
        Field(
            name,
            say_field(name),
            _say_value(first, name),
            _say_value(second, name),
            merge_entries.are_same(first, second, name),
            chosen[name] == "second"
            if name in chosen
            else merge_entries.is_better(first, second, name),
        )
        for name in merge_entries.list_fields(first)
        if getattr(first, name) or getattr(second, name)
    ]


def _say_value(entry: Entry, name: str) -> str:
    value = getattr(entry, name)
    if name == "address":
        parts = (*entry.address, entry.locality, entry.region, entry.postal_code)
        return ", ".join(part for part in parts if part)
    if name == "accredited_to":
        return ", ".join(i18n.country_name(code) for code in value)
    if isinstance(value, MissionKind):
        return str(KIND_LABELS[value])
    if name.endswith("country"):
        return i18n.country_name(value)
    return say_in_words(value)


def _get_url(entry: Entry) -> str:
    name = "edit" if isinstance(entry, Official) else "edit_mission"
    return url_for(f"directory.{name}", slug=entry.slug)


def _get_entry(directory: str, slug: str) -> Entry:
    if not slug:
        raise NotFound("official" if directory == Directory.OFFICIALS else "mission", slug=slug)
    if directory == Directory.OFFICIALS:
        return officials.get_official(db.session(), slug=slug)
    return missions.get_mission(db.session(), slug=slug)
