"""What an import would do, row by row: added, changed (old and new), left, refused. Pure."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from campaign.core.errors import N_, Fault
from campaign.core.language_facts import ENGLISH
from campaign.core.text.fold import fold_name
from campaign.directory.entry_fields import (
    FIELDS,
    PLACES,
    Contact,
    Entry,
    MissionDraft,
    OfficialDraft,
    Rule,
    contacts_of,
    country_of,
    directory_of,
    names_with,
)
from campaign.directory.imports.differences import (
    ColumnValues,
    FieldChange,
    agree,
    find_made_languages,
    is_same_place,
    list_differing,
    list_differing_contacts,
    read_place,
    say_in_words,
    values_of_kind,
)
from campaign.directory.imports.match_entries import MissionIndex, OfficialIndex
from campaign.directory.imports.read_rows import (
    Held,
    LeftOut,
    MissionRecord,
    OfficialRecord,
    Reading,
    Record,
    Repeated,
    Title,
)
from campaign.directory.imports.row_problems import RowProblem
from campaign.directory.officials import post_key
from campaign.directory.town_names import same_town
from campaign.models.directory import Directory, Mission, Official, Verdict

_SHOWN = tuple(field.name for fields in FIELDS.values() for field in fields if field.shown)
_CROWD = 3
"""So many who hold one office make a crowd; two may be a change that a list has not caught up."""
_CROWDED_SHOWN = 5
_FOR_ONE = re.compile(
    r"(head of (state|government)|president|presidente|presidenta|presidente|prime minister"
    r"|premier ministre|premiere ministre|primer ministro|primera ministra|premier|chancellor"
    r"|chancelier|canciller|bundeskanzler|king|queen|roi|reine|rey|reina|emperor|sultan|emir|amir"
    r"|(lieutenant )?governor|gouverneur|gobernador|gobernadora|mayor|maire|alcalde|alcaldesa"
    r"|chief justice|attorney general|procureur general|fiscal general|speaker of"
    r"|رييس|رئيس|الرييس|الملك|ملك|محافظ|عمدة)\b"
)


@dataclass(slots=True)
class PlannedRow:
    row: int
    verdict: Verdict
    title: Title = ""
    slug: str = ""
    changes: tuple[FieldChange, ...] = ()
    differs: tuple[FieldChange, ...] = ()  # where the file has something else, and ours stays
    fault: RowProblem | None = None
    why: Fault | None = None  # why it is left, where it is not that all of it is kept already
    entry: Entry | None = None  # the entry that it means
    values: ColumnValues = field(default_factory=dict)
    contacts: tuple[Contact, ...] = ()  # contacts to be added
    dropped: tuple[Contact, ...] = ()  # contacts that others replace
    held: tuple[Held, ...] = ()  # offices to be noted
    left_out: tuple[LeftOut, ...] = ()  # what of the row is not kept, by column

    def detail(self) -> dict[str, object]:
        """Return what the dry run keeps to show (`RowDetail`)."""
        detail: dict[str, object] = {"title": self.title, "slug": self.slug}
        if self.changes:
            detail["changes"] = [[change.field, change.old, change.new] for change in self.changes]
        if self.differs:
            detail["differs"] = [[other.field, other.old, other.new] for other in self.differs]
        if self.fault:
            detail |= {"field": self.fault.field, "fault": asdict(self.fault.fault)}
        if self.fault and self.fault.cells:
            detail |= {"columns": self.fault.columns, "cells": self.fault.cells}
        if self.left_out:
            detail["left_out"] = [list(part) for part in self.left_out]
        if self.why:
            detail["why"] = asdict(self.why)
        if self.verdict is Verdict.ADDED:
            detail["shown"] = self._get_shown()
        return detail

    def _get_shown(self) -> dict[str, object]:
        """Return enough of a new row to see whether its columns were taken for what they are."""
        places = (self.values.get(name) for name in ("locality", "region", "postal_code"))
        lines = [*(self.values.get("address") or []), *places]
        return {name: self.values[name] for name in _SHOWN if self.values.get(name)} | {
            "address": ", ".join(line for line in lines if line),
            "email": ", ".join(
                contact.value for contact in self.contacts if contact.type == "email"
            ),
        }


@dataclass(slots=True)
class Plan:
    items: list[PlannedRow] = field(default_factory=list)
    crowded: list[tuple[str, int]] = field(default_factory=list)
    rewritten: dict[int, int] = field(default_factory=dict)
    """How many signed letters address their official otherwise then, by its id."""

    def counts(self) -> dict[str, int]:
        counts = Counter(item.verdict.value for item in self.items)
        return {verdict.value: counts[verdict.value] for verdict in Verdict}

    def count_not_added(self) -> int:
        """Count those rows that are left for a reason of their own."""
        return sum(item.why is not None for item in self.items)

    def count_differing(self) -> int:
        return sum(bool(item.differs) for item in self.items)

    def problems(self) -> list[RowProblem]:
        return [item.fault for item in self.items if item.fault]

    def digest(self) -> str:
        body = hashlib.sha256()
        for item in self.items:
            row = [item.row, item.verdict.value, item.detail()]
            body.update(json.dumps(row, sort_keys=True).encode())
        return body.hexdigest()


def refuse(problem: RowProblem) -> PlannedRow:
    return PlannedRow(problem.row, Verdict.REFUSED, fault=problem)


def plan_entries(
    directory: Directory,
    kept: Sequence[Entry],
    readings: Iterable[Reading],
    *,
    replace: bool = False,
) -> Plan:
    """Plan what a file does. An entry is found again by its source id, else by what it says.

    A mission by countries, kind and a sure town; an official by slug and country.
    """
    readings = list(readings)
    find = _index_entries(directory, kept, readings)
    plan = Plan(crowded=find_crowded_offices(readings))
    for reading in readings:
        if isinstance(reading, RowProblem):
            plan.items.append(refuse(reading))
        elif isinstance(reading, Repeated):
            plan.items.append(_leave_repeated(reading))
        else:
            entry, slug = find(reading)
            plan.items.append(_plan_record(reading, entry, slug, replace))
    return plan


def _index_entries(
    directory: Directory, kept: Sequence[Any], readings: Iterable[Reading]
) -> Callable[[Any], tuple[Entry | None, str]]:
    if directory is Directory.OFFICIALS:
        return OfficialIndex(list(kept)).find
    records = (reading for reading in readings if isinstance(reading, MissionRecord))
    return MissionIndex(kept, records).find


def _plan_record(
    record: MissionRecord | OfficialRecord, entry: Entry | None, slug: str, replace: bool
) -> PlannedRow:
    if entry is not None:
        return _make_change(entry, record, _find_changes(entry, record, replace), replace)
    if record.left_on is None:
        return _make_addition(record, slug)
    return _pass_over(record, record.left_on)


def find_crowded_offices(readings: Iterable[Reading]) -> list[tuple[str, int]]:
    """Find offices for one person that many hold by the file: former ones, it seems."""
    held: Counter[tuple[str, str]] = Counter()
    shown: dict[tuple[str, str], str] = {}
    for record in readings:
        if isinstance(record, OfficialRecord) and record.left_on is None and record.draft.office:
            office = record.draft.office.get("en") or next(iter(record.draft.office.values()))
            key = (record.draft.country, fold_name(office))
            held[key] += 1
            shown.setdefault(key, office)
    crowded = [
        (shown[key], count)
        for key, count in held.most_common()
        if count >= _CROWD and _FOR_ONE.match(key[1])
    ]
    return crowded[:_CROWDED_SHOWN]


def _leave_repeated(reading: Repeated) -> PlannedRow:
    why = Fault(
        N_(
            "This is the same mission as in row %(row)s. If that row has no head of mission, we "
            "use this one."
        ),
        {"row": reading.of_row},
    )
    return PlannedRow(reading.row, Verdict.LEFT, reading.title, why=why)


def _pass_over(record: MissionRecord | OfficialRecord, left_on: date) -> PlannedRow:
    former = [office for office in record.held if office.ended_on]
    sentence, values = N_("Left office on %(day)s, so not added to the directory."), {}
    if former:
        sentence = N_(
            "Former office: %(office)s. Left office on %(day)s, so not added to the directory."
        )
        last = max(former, key=lambda office: office.ended_on or date.min)
        values = {"office": next(iter(last.label.values()), "")[:80]}
    why = Fault(sentence, {**values, "day": left_on.isoformat()})
    return PlannedRow(record.row, Verdict.LEFT, record.title, why=why)


def _make_addition(record: MissionRecord | OfficialRecord, slug: str) -> PlannedRow:
    directory = Directory.MISSIONS if isinstance(record, MissionRecord) else Directory.OFFICIALS
    rules = (Rule.FILLED, Rule.WORDS, Rule.IDENTITY, Rule.CHECKED, Rule.PLACE)
    values = {name: getattr(record.draft, name) for name in names_with(directory, *rules)}
    if isinstance(record, OfficialRecord):
        values["preferred_locale"] = record.draft.preferred_locale or ENGLISH
    return PlannedRow(
        record.row,
        Verdict.ADDED,
        record.title or slug,
        slug,
        values=values | {"slug": slug, "source_id": record.source_id},
        contacts=record.draft.contacts,
        held=record.held,
        left_out=record.left_out,
    )


def _make_change(
    entry: Entry, record: MissionRecord | OfficialRecord, values: ColumnValues, replace: bool
) -> PlannedRow:
    added, dropped = _new_contacts(entry, record.draft.contacts, replace=replace)
    held: tuple[Held, ...] = ()
    if isinstance(entry, Official):
        held = tuple(office for office in record.held if _is_news(entry, office))
        title: Title = entry.name or getattr(record, "plain_name", "")
    else:
        title = entry.name or entry.slug
    changes = (
        *(
            FieldChange(name, say_in_words(getattr(entry, name)), say_in_words(value))
            for name, value in values.items()
        ),
        *_list_contact_changes(entry, added, dropped),
        *_list_held_changes(held),
    )
    return PlannedRow(
        record.row,
        Verdict.CHANGED if changes else Verdict.LEFT,
        title,
        entry.slug,
        changes,
        (*list_differing(entry, record, values), *list_differing_contacts(entry, record, added)),
        entry=entry,
        values=values,
        contacts=added,
        dropped=dropped,
        held=held,
        left_out=record.left_out,
    )


def _find_changes(
    entry: Entry, record: MissionRecord | OfficialRecord, replace: bool
) -> ColumnValues:
    """Return new values of the columns that an import changes.

    A mission that came from this source and that nobody has checked since follows the source, as
    all does with `replace`; else an entry is only filled in where it is empty.
    """
    draft = record.draft
    comes_from = isinstance(entry, Mission) and entry.source_id == record.source_id
    follows = replace or (comes_from and not _is_checked(entry))
    is_ours = replace and record.own_id == entry.public_id
    words = _new_words(entry, record, replace=replace)
    place = _new_place(entry, record, follows=follows, replace=replace)
    filled = _filled_values(entry, draft, follows=follows, identity=is_ours)
    values: ColumnValues = {}
    if record.source_id and not entry.source_id:
        values["source_id"] = record.source_id
    if isinstance(entry, Official):
        values |= filled | place | words
        if record.left_on and entry.left_on is None:
            values["left_on"] = record.left_on
        return values
    values |= words | place | filled
    # The day on which a mission was checked goes with the address that it was checked for.
    new_day, old_day = getattr(draft, "last_checked_on", None), entry.last_checked_on
    moves = _is_other_place(entry, place)
    if new_day and (old_day is None or new_day > old_day or moves):
        if is_same_place(entry, record, place):
            values["last_checked_on"] = new_day
    elif moves and old_day:
        values["last_checked_on"] = None
    return values


def _is_other_place(entry: Entry, place: ColumnValues) -> bool:
    """Whether another address takes the place of ours, or a street is there for the first time."""
    country = country_of(entry)
    return ("address" in place and not entry.address) or not all(
        agree(name, getattr(entry, name), new, country) for name, new in place.items()
    )


def _is_checked(entry: Entry) -> bool:
    return isinstance(entry, Mission) and entry.last_checked_on is not None


def _list_contact_changes(
    entry: Entry, added: Sequence[Contact], dropped: Sequence[Contact]
) -> Iterator[FieldChange]:
    """List each kind with all that there is of it, before and after: some may stay."""
    for kind in dict.fromkeys(contact.type for contact in (*dropped, *added)):
        before = values_of_kind(entry.contacts, kind)
        gone = values_of_kind(dropped, kind)
        after = [value for value in before if value not in gone] + values_of_kind(added, kind)
        yield FieldChange(kind, say_in_words(before), say_in_words(after))


def _list_held_changes(held: Iterable[Held]) -> list[FieldChange]:
    changes = []
    for office in held:
        days = (office.started_on, office.ended_on)
        words = next(iter(office.label.values()), "")
        if any(days):
            span = "–".join(day.isoformat() if day else "…" for day in days)
            words = f"{words} ({span})"
        changes.append(FieldChange("post", "", words))
    return changes


def _new_words(
    entry: Entry, record: MissionRecord | OfficialRecord, *, replace: bool
) -> ColumnValues:
    """Return the words that would be kept: filled in, or with `replace` put in their place."""
    values: ColumnValues = {}
    for name in names_with(directory_of(entry), Rule.WORDS):
        kept, drafted = getattr(entry, name), dict(getattr(record.draft, name))
        # A name in another language may change letters that were approved; the file asks for none.
        for code in find_made_languages(entry, record, name):
            if kept.get(code) or (kept and code != "en"):
                drafted.pop(code, None)
        words = {**kept, **{code: text for code, text in drafted.items() if text}}
        if not replace:
            words |= {code: text for code, text in kept.items() if text}
        if words != kept:
            values[name] = words
    return values


def _filled_values(
    entry: Entry, draft: MissionDraft | OfficialDraft, *, follows: bool, identity: bool
) -> ColumnValues:
    """`identity`: what tells entries apart may change too, since an export of ours was changed."""
    rules = (Rule.FILLED, Rule.IDENTITY) if identity else (Rule.FILLED,)
    values = {}
    for name in names_with(directory_of(entry), *rules):
        new, old = getattr(draft, name), getattr(entry, name)
        if new and new != old and (follows or not old):
            values[name] = new
    return values


def _new_place(kept: Entry, record: Record, *, follows: bool, replace: bool) -> ColumnValues:
    """Return the parts of an address that change: it is one value, the file's whole or ours whole.

    Half of one and half of another reaches nobody. Where ours `follows` the file, an address takes
    its place; otherwise it is only filled in by one that says all that ours says, and more. A
    place without a street never empties what it does not say, unless the town is another one and
    the file has a column for what it leaves empty.
    """
    country = country_of(record.draft)
    ours = {name: getattr(kept, name) for name in PLACES}
    town = ours["locality"]
    drafted, is_sure = read_place(kept, record)
    if not is_sure and not replace:
        return {}
    if follows and drafted["address"]:
        changed = drafted
    elif follows and not ours["address"]:
        moves = bool(town and drafted["locality"]) and not same_town(
            town, drafted["locality"], country
        )
        emptied = record.place_columns if moves else ()
        changed = {name: new for name, new in drafted.items() if new or name in emptied}
    elif all(agree(name, ours[name], drafted[name], country) for name in PLACES):
        changed = {name: drafted[name] for name in PLACES if not ours[name]}
    else:
        return {}
    return {name: new for name, new in changed.items() if new != ours[name]}


def _new_contacts(
    entry: Entry, contacts: tuple[Contact, ...], *, replace: bool
) -> tuple[tuple[Contact, ...], tuple[Contact, ...]]:
    """Return contacts to add and to drop; a mission that was checked gets new kinds alone."""
    kept = contacts_of(entry.contacts)
    ours = {(contact.type, contact.value) for contact in kept}
    theirs = {(contact.type, contact.value) for contact in contacts}
    kinds = {kind for kind, _value in ours} if _is_checked(entry) and not replace else set()
    added = tuple(
        contact
        for contact in contacts
        if (contact.type, contact.value) not in ours and contact.type not in kinds
    )
    replaced = {contact.type for contact in added} if replace else set()
    dropped = tuple(
        contact
        for contact in kept
        if contact.type in replaced and (contact.type, contact.value) not in theirs
    )
    return added, dropped


def _is_news(official: Official, held: Held) -> bool:
    """Whether the office is not noted, or noted as one that has not ended."""
    key = post_key(held.label)
    return not any(
        membership.ended_on or held.ended_on is None
        for membership in official.memberships
        if membership.post.key == key and membership.started_on in {held.started_on, None}
    )
