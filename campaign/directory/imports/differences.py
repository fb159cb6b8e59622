"""Where a row of a file and the entry that it means say two things. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.core.text.fold import fold_name
from campaign.directory.entry_fields import (
    PLACES,
    Contact,
    Entry,
    Rule,
    country_of,
    directory_of,
    names_with,
)
from campaign.directory.imports.read_rows import MissionRecord, OfficialRecord, Record
from campaign.directory.imports.row_parts import ends_in_town, take_town
from campaign.directory.town_names import same_town
from campaign.models.directory import ContactDetail, Official

ColumnValues = dict[str, Any]  # new values of columns of either model, by name


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    old: str
    new: str


def say_in_words(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{code}: {text}" for code, text in value.items() if text)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def list_differing(
    entry: Entry, record: MissionRecord | OfficialRecord, values: ColumnValues
) -> Iterator[FieldChange]:
    """List fields where both have something, not the same, and the entry's stays."""
    directory, draft = directory_of(entry), record.draft
    for name in names_with(directory, Rule.FILLED):
        ours, theirs = getattr(entry, name), getattr(draft, name)
        if ours and theirs and name not in values and not _is_same(ours, theirs):
            yield FieldChange(name, say_in_words(ours), say_in_words(theirs))
    for name in names_with(directory, Rule.WORDS):
        kept, drafted = values.get(name, getattr(entry, name)), getattr(draft, name)
        own_languages = find_made_languages(entry, record, name)
        others = {
            code: text
            for code, text in drafted.items()
            if text and code not in own_languages and not _is_same(kept.get(code, ""), text)
        }
        if others:
            ours = {code: kept.get(code, "") for code in others}
            yield FieldChange(name, say_in_words(ours), say_in_words(others))
    left_on = record.left_on
    if isinstance(entry, Official) and left_on and entry.left_on not in {None, left_on}:
        yield FieldChange("left_on", say_in_words(entry.left_on), say_in_words(left_on))
    if not is_same_place(entry, record, values):
        ours = {name: values.get(name, getattr(entry, name)) for name in PLACES}
        theirs, _is_sure = read_place(entry, record)
        yield FieldChange("address", _say_place(ours), _say_place(theirs))


def is_same_place(entry: Entry, record: Record, values: ColumnValues) -> bool:
    """Whether the entry, with its new values, has the address that the file says."""
    ours = {name: values.get(name, getattr(entry, name)) for name in PLACES}
    theirs, is_sure = read_place(entry, record)
    if not is_sure:
        return _is_same(_say_place(ours), _say_place(theirs))
    country = country_of(entry)
    return all(agree(name, theirs[name], ours[name], country) for name in PLACES)


def list_differing_contacts(
    entry: Entry, record: Record, added: Sequence[Contact]
) -> Iterator[FieldChange]:
    for kind in dict.fromkeys(contact.type for contact in record.draft.contacts):
        ours, theirs = (
            values_of_kind(contacts, kind) for contacts in (entry.contacts, record.draft.contacts)
        )
        if set(theirs) - set(ours) - set(values_of_kind(added, kind)):
            yield FieldChange(kind, say_in_words(ours), say_in_words(theirs))


def _is_same(ours: object, theirs: object) -> bool:
    if isinstance(ours, list) and isinstance(theirs, list):
        return set(ours) == set(theirs)
    return fold_name(say_in_words(ours)) == fold_name(say_in_words(theirs))


def _say_place(place: ColumnValues) -> str:
    return ", ".join(filter(None, map(say_in_words, place.values())))


def values_of_kind(contacts: Iterable[Contact | ContactDetail], kind: str) -> list[str]:
    return [contact.value for contact in contacts if contact.type == kind]


def find_made_languages(
    entry: Entry, record: MissionRecord | OfficialRecord, name: str
) -> frozenset[str]:
    """Return in which languages the words of a field are ours: the file has none to replace any.

    Of an official whose name changes they do: the salutation may have the name before.
    """
    if isinstance(record, MissionRecord):
        return record.made_names
    is_made = name in record.made_words and _is_same(entry.name, record.draft.name)
    return frozenset({"en"} if is_made else ())


def read_place(kept: Entry, record: Record) -> tuple[ColumnValues, bool]:
    """Return the file's address part by part; whether we know where its town is.

    The file may have our town in its lines, or say none.
    """
    country, town = country_of(record.draft), kept.locality
    drafted = {name: getattr(record.draft, name) for name in PLACES}
    if town and drafted["address"] and not drafted["locality"]:
        if place := take_town(drafted["address"], country, town):
            drafted |= {"address": place.address, "locality": town}
            for name in ("region", "postal_code"):
                drafted[name] = drafted[name] or getattr(place, name)
        elif not (
            fold_name(town) in fold_name(say_in_words(drafted["address"]))
            or ends_in_town(drafted["address"], country)
        ):
            drafted["locality"] = town
        else:
            return drafted, False
    return drafted, True


def agree(name: str, ours: object, theirs: object, country: str) -> bool:
    """Whether a part of an address is empty here, or the same in the file."""
    if name == "locality" and ours:
        return bool(same_town(str(ours), str(theirs), country))
    return not ours or fold_name(say_in_words(ours)) == fold_name(say_in_words(theirs))
