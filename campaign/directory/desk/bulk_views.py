"""Pages for several entries at once: export, change, delete; duplicates, and their merging."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.directory import duplicate_entries, edit_entries, missions, officials
from campaign.directory.desk.address_form import list_spoiled, say_risks
from campaign.directory.desk.blueprint import (
    add_page_to_both,
    get_entry_name,
    list_kinds,
    say_field,
    say_value,
)
from campaign.directory.directory_export import export_directory
from campaign.directory.duplicate_entries import Pair
from campaign.directory.entry_fields import Entry, model_of
from campaign.directory.imports.differences import say_in_words
from campaign.directory.risk_flags import RisksUnseen, SpoilsOpenings
from campaign.directory.where_used import get_entry
from campaign.models.directory import Directory, Mission, Official
from campaign.staff.desk_access import actor
from campaign.web.meant_field import ask, read_answers
from campaign.web.page import Page, csv_file, redirect_to, show_page
from campaign.web.pagination import MOST_FOUND, Listing, read_page


class BulkChange(Page, template="directory/bulk_change.html"):
    directory: Directory
    entries: Sequence[Entry]
    field: str
    choices: Mapping[str, str]  # words for each value that can be chosen


@add_page_to_both("/export.csv")
def export(directory: Directory) -> ResponseReturnValue:
    return csv_file(directory.value, list(export_directory(db.session(), directory)))


@add_page_to_both("/bulk", "GET", "POST")
def change_many(directory: Directory) -> ResponseReturnValue:
    field, value = request.values.get("field", ""), request.values.get("value", "")
    entries = edit_entries.list_chosen(db.session(), directory, request.values.getlist("slug"))
    if field not in edit_entries.ACTIONS[directory]:
        raise NotFound("action")
    values = dict(_list_values(field))
    if not entries or (request.method == "POST" and values and value not in values):
        flash(_("Choose entries from the list, then choose what to do with them."), "error")
    elif request.method != "POST":
        page = BulkChange(directory=directory, entries=entries, field=field, choices=values)
        return show_page(page)
    else:
        _change(entries, field, value)
    is_missions = directory is Directory.MISSIONS
    return redirect_to("directory.missions" if is_missions else "directory.index")


def _change(entries: Sequence[Entry], field: str, value: str) -> None:
    session = db.session()
    if field == "delete":
        count, stays = edit_entries.delete_entries(session, entries, actor=actor())
        flash(ngettext("%(num)s entry deleted.", "%(num)s entries deleted.", count))
        why = _l("Not deleted, because in use: %(names)s.")
    else:
        count, stays = edit_entries.change_entries(
            session, entries, field=field, value=value, actor=actor()
        )
        flash(ngettext("%(num)s entry changed.", "%(num)s entries changed.", count))
        why = _l(
            "Not changed: %(names)s. The risk flags of a campaign do not allow the new words, "
            "approved letters would change, or a scheduled campaign could not open. Change each "
            "entry on its own page."
        )
    if stays:
        flash(
            str(why) % {"names": i18n.comma(i18n.locale()).join(map(get_entry_name, stays))},
            "error",
        )


def _list_values(field: str) -> list[tuple[str, str]]:
    """List what can be chosen for a field; nothing where none is needed."""
    if field == "kind":
        return list_kinds()
    if field == "delete":
        return []
    return i18n.senders() if field == "sending_country" else i18n.countries()


class MergedField(NamedTuple):
    """A field of two entries side by side."""

    name: str
    label: str
    first: str
    second: str
    only: str  # what both choices come to; "" where they differ
    take: bool  # whether the second one's value is chosen


class Duplicates(Page, template="directory/duplicates.html"):
    directory: Directory
    listing: Listing[Pair]


class MergeChoose(Page, template="directory/merge_choose.html"):
    directory: Directory
    first: Entry
    words: str
    hits: Sequence[Entry]
    first_url: str


class MergeEntries(Page, template="directory/merge.html"):
    directory: Directory
    first: Entry
    second: Entry
    fields: Sequence[MergedField]
    uses: Sequence[tuple[Entry, Mapping[str, int]]]
    refused: Refused | None
    spoiled: Sequence[str]  # why scheduled campaigns could not open
    question: str  # what risk flags ask once more
    first_url: str


@add_page_to_both("/duplicates")
def show_duplicates(directory: Directory) -> ResponseReturnValue:
    session, page = db.session(), read_page(request.args)
    listing = duplicate_entries.find_duplicates(session, model_of(directory), page=page)
    return show_page(Duplicates(directory=directory, listing=listing))


@add_page_to_both("/duplicates/two", "POST")
def tell_apart(directory: Directory) -> ResponseReturnValue:
    session = db.session()
    firsts, seconds = (request.form.getlist(name) for name in ("first", "second"))
    pairs = list(zip(firsts, seconds, strict=False))[: duplicate_entries.MOST] or [("", "")]
    for slugs in pairs:
        first, second = (get_entry(session, directory, slug) for slug in slugs)
        duplicate_entries.tell_apart(session, first=first, second=second, actor=actor())
    message = _("Saved: these are two separate entries. We will not suggest this pair again.")
    if len(pairs) > 1:
        message = ngettext(
            "Saved: %(num)s pair is two separate entries.",
            "Saved: %(num)s pairs are separate entries.",
            len(pairs),
        )
    return redirect_to("directory.show_duplicates", message, directory=directory.value)


@add_page_to_both("/merge", "GET", "POST")
def merge(directory: Directory) -> ResponseReturnValue:
    session = db.session()
    first = get_entry(session, directory, request.values.get("first", ""))
    if not request.values.get("second"):
        return _choose_second(directory, first)
    second = get_entry(session, directory, request.values["second"])
    refused: Refused | None = None
    question, spoiled = "", list[str]()
    if request.method == "POST":
        names = duplicate_entries.list_fields(first)
        try:
            duplicate_entries.merge(
                session,
                kept=first,
                gone=second,
                take=[name for name in names if request.form.get(name) == "second"],
                actor=actor(),
                risks_seen=read_answers(),
            )
        except (Refused, RisksUnseen, SpoilsOpenings) as problem:
            session.rollback()
            first, second = (get_entry(session, directory, entry.slug) for entry in (first, second))
            if isinstance(problem, Refused):
                refused = problem
            elif isinstance(problem, SpoilsOpenings):
                spoiled = list_spoiled(problem)
            else:
                ask(problem.keys)
                question = say_risks(problem)
        else:
            flash(_("The two entries are merged."))
            return redirect(_get_url(first), 303)
    page = MergeEntries(
        directory=directory,
        first=first,
        second=second,
        fields=_list_fields(first, second),
        uses=[(entry, duplicate_entries.count_uses(session, entry)) for entry in (first, second)],
        refused=refused,
        spoiled=spoiled,
        question=question,
        first_url=_get_url(first),
    )
    return show_page(page, 409 if refused or spoiled else 422 if question else 200)


def _choose_second(directory: Directory, first: Entry) -> ResponseReturnValue:
    words = request.args.get("q", "").strip()
    hits: Sequence[Entry] = []
    if words:
        is_missions = directory is Directory.MISSIONS
        search = missions.list_missions if is_missions else officials.list_officials
        hits = search(db.session(), query=words).rows[:MOST_FOUND]
    page = MergeChoose(
        directory=directory,
        first=first,
        words=words,
        hits=[hit for hit in hits if hit.id != first.id],
        first_url=_get_url(first),
    )
    return show_page(page)


def _list_fields(first: Entry, second: Entry) -> list[MergedField]:
    chosen = request.form
    return [
        MergedField(
            name,
            say_field(name),
            _say_value(first, name),
            _say_value(second, name),
            _say_only_value(first, second, name),
            chosen[name] == "second"
            if name in chosen
            else duplicate_entries.is_better(first, second, name),
        )
        for name in duplicate_entries.list_fields(first)
        if getattr(first, name) or getattr(second, name)
    ]


def _say_only_value(first: Entry, second: Entry, name: str) -> str:
    """Say what both choices come to; "" where they differ."""
    if not duplicate_entries.is_no_choice(first, second, name):
        return ""
    if isinstance(getattr(first, name), dict):
        return _say_words(duplicate_entries.join_words(first, second, name))
    return _say_value(first, name)


def _say_value(entry: Entry, name: str) -> str:
    value = getattr(entry, name)
    if name == "address":
        parts = (*entry.address, entry.locality, entry.region, entry.postal_code)
        place = i18n.comma(i18n.locale()).join(part for part in parts if part)
        day = entry.last_checked_on if isinstance(entry, Mission) else None
        # A merge keeps the day with the address that was checked.
        checked = _("Last checked on %(day)s", day=i18n.say_date(day)) if day else ""
        return " · ".join(filter(None, (place and i18n.isolate(place), checked)))
    if name == "left_on" and isinstance(entry, Official):
        return _say_leaving(entry)
    if name == "accredited_to":
        return i18n.comma(i18n.locale()).join(i18n.country_name(code) for code in value)
    return _say_words(value) if isinstance(value, dict) else say_value(name, say_in_words(value))


def _say_words(words: dict[str, str]) -> str:
    here = i18n.locale()
    texts = ((i18n.language_name(code, here), text) for code, text in words.items() if text)
    # Each in its own direction, so that what ends it stays at its end.
    colon = i18n.colon(here)
    return "\u00a0· ".join(f"{spoken}{colon}\u2068{text}\u2069" for spoken, text in texts)


def _say_leaving(official: Official) -> str:
    """Say whether and when, and which office: the other entry may name another."""
    if official.left_on is None:
        return _("Still in office")
    office = i18n.words_in(official.office, i18n.locale())
    return " · ".join(filter(None, (i18n.say_date(official.left_on), office)))


def _get_url(entry: Entry) -> str:
    name = "edit" if isinstance(entry, Official) else "edit_mission"
    return url_for(f"directory.{name}", slug=entry.slug)
