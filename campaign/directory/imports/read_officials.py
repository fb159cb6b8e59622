"""Officials from tables, and from Popolo JSON: persons and the posts they hold. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from campaign.core.errors import N_, UnreadableFile
from campaign.core.language_names import find_language
from campaign.directory.contacts import contact_type
from campaign.directory.countries import country_code
from campaign.directory.entry_fields import Contact, OfficialDraft
from campaign.directory.imports.read_rows import Held, LeftOut, OfficialRecord, quoted, refuse_unfit
from campaign.directory.imports.row_parts import (
    ImportChoices,
    MappedRow,
    read_contacts,
    read_contacts_of_row,
    read_country_of_row,
    read_day,
    read_day_of_row,
    read_each_row,
    read_place_of_row,
)
from campaign.directory.imports.row_problems import RowProblem, UnreadableRow
from campaign.directory.imports.tables import Table

CLOSE = "Yours sincerely,"
Object = dict[str, Any]  # of JSON, whose values can be anything
Words = dict[str, str]
_PLAIN = "en"  # language of a text that names none


def _greet(name: str) -> dict[str, str]:
    """Return the salutation of an official for whom a list gives none."""
    return {"en": f"Dear {name}:"}


def read_table(
    table: Table, choices: ImportChoices, *, today: date | None = None, languages: Sequence[str]
) -> Iterator[OfficialRecord | RowProblem]:
    """`languages` are those in which officials can be written to; others are left out."""
    return read_each_row(table, choices, lambda row: _from_row(row, today, languages))


def _from_row(row: MappedRow, today: date | None, languages: Sequence[str]) -> OfficialRecord:
    parts = (row.get("given_name"), row.get("family_name"))
    plain = row.get("full_name") or " ".join(part for part in parts if part)
    name = _add_prefix(row.get("prefix"), plain) if plain else ""
    office = _read_office_of_row(row)
    if not name and not office:
        raise UnreadableRow(
            row.name_column("full_name"),
            N_("This row has no name and no office. Write one of them."),
        )
    home = read_country_of_row(row, "country")
    place = read_place_of_row(row, home)
    started, left_out = read_day_of_row(row, "started_on")
    # The last day is no such thing: it tells who is written to.
    ended = read_day(row.name_column("ended_on"), row.get("ended_on"), last=True)
    if started and ended and ended < started:
        raise UnreadableRow(
            row.name_column("ended_on"),
            N_("“%(value)s” is before the first day. Correct one of them."),
            value=ended.isoformat(),
        )
    ways, unread = read_contacts_of_row(row)
    named = row.get("language")
    spoken = find_language(named, languages)
    other = [quoted(row.name_column("language"), named)] if named and not spoken else []
    draft = OfficialDraft(
        name=name,
        given_name=row.get("given_name"),
        family_name=row.get("family_name"),
        office=office,
        salutation=(_greet(plain) if plain else {}) | row.words("salutation"),
        close={"en": CLOSE} | row.words("close"),
        country=home,
        preferred_locale=spoken,
        **asdict(place),
        contacts=ways,
    )
    refuse_unfit(draft, {"name": row.name_column("full_name"), "office": row.name_column("office")})
    held = (Held(office, started, ended),) if office and (started or ended) else ()
    return OfficialRecord(
        row.number,
        scoped(row.get("source_id").rpartition("/")[2], home),
        draft,
        made_words=frozenset(
            name for name in ("salutation", "close") if "en" not in row.words(name)
        ),
        plain_name=plain or office.get("en") or next(iter(office.values())),
        held=held,
        left_on=ended if ended and (today is None or ended < today) else None,
        left_out=(*left_out, *unread, *other),
        own_id=row.get("own_id"),
        place_columns=row.place_columns(),
    )


def _read_office_of_row(row: MappedRow) -> dict[str, str]:
    """Office and organization side by side, per language: "Minister, Ministry of Justice"."""
    offices, houses = row.words("office"), row.words("organization")
    texts = {}
    for code in dict.fromkeys((*offices, *houses)):
        parts = (offices.get(code) or offices.get("en"), houses.get(code) or houses.get("en"))
        texts[code] = ", ".join(dict.fromkeys(part for part in parts if part))
    return texts


def scoped(identifier: str, home: str) -> str:
    """An id that no other file's can be: a Wikidata QID as it is, others with the country."""
    if not identifier or (identifier[:1] == "Q" and identifier[1:].isdigit()):
        return identifier
    return f"{home}/{identifier}"[:60]


def read_popolo(
    data: object, country: str, *, language: str = _PLAIN, today: date | None = None
) -> Iterator[OfficialRecord | RowProblem]:
    """Read the persons of a Popolo file who hold an office, as officials of `country`.

    A person who has died, or whose memberships have all ended, holds no office: the record says
    when they left, for who is kept already. Names may be given per language ({"lang:es": …}); an
    envelope has the one in `language`. The name is the honorific prefix that the file has, and
    the name; a gender is never guessed, so the salutation is the name too. Raises UnreadableFile
    where there are no persons.
    """
    if not isinstance(data, dict) or not isinstance(data.get("persons"), list):
        raise UnreadableFile(
            N_("This file is not a Popolo file. A Popolo file has an object with a list “persons”.")
        )
    names = {
        kind: {
            str(item.get("id")): words_of(item, "label") or words_of(item, "name")
            for item in _list_objects(data.get(kind))
        }
        for kind in ("posts", "organizations", "areas")
    }
    held = _read_memberships(data)
    for row, person in enumerate(data["persons"], 1):
        try:
            yield _from_person(row, person, country, held, names, language, today)
        except UnreadableRow as problem:
            yield RowProblem.of(row, problem)


def country_of(data: object, file_name: str) -> str | None:
    """Find the country of a Popolo file, by its areas' ids or its name: `ep_kenya.json`."""
    areas = data.get("areas") if isinstance(data, dict) else None
    for area in _list_objects(areas):
        _before, mark, rest = str(area.get("id", "")).partition("country:")
        if mark and (code := country_code(rest[:2])):
            return code
    words = file_name.rpartition(".")[0].replace("-", "_").split("_")
    for length in range(len(words), 0, -1):
        for at in range(len(words) - length + 1):
            name = " ".join(words[at : at + length])
            # Two letters in a file's name are as likely anything else.
            if len(name) > 2 and (code := country_code(name)):
                return code
    return None


def languages_of(data: object) -> list[str]:
    persons = data.get("persons") if isinstance(data, dict) else None
    languages: dict[str, None] = {}
    for person in _list_objects(persons)[:200]:
        languages |= dict.fromkeys(_find_names(person))
    return list(languages)


def _from_person(
    row: int,
    person: object,
    country: str,
    held: dict[str, list[Object]],
    names: dict[str, dict[str, Words]],
    language: str,
    today: date | None,
) -> OfficialRecord:
    plain = _choose(_find_names(person), language) if isinstance(person, dict) else ""
    if not isinstance(person, dict) or not plain:
        raise UnreadableRow("name", N_("This person has no name. Write “name”."))
    offices = [_read_office(item, names) for item in held.get(str(person.get("id")), [])]
    current = [
        office
        for office in offices
        if office.ended_on is None or (today and office.ended_on >= today)
    ]
    office = current[-1].label if current else words_of(person, "role")
    ways, left_out = _read_contacts(person)
    draft = OfficialDraft(
        name=_add_prefix(_choose(words_of(person, "honorific_prefix"), _PLAIN), plain),
        given_name=_choose(words_of(person, "given_name"), language),
        family_name=_choose(words_of(person, "family_name"), language),
        office=office,
        salutation=_greet(plain),
        close={"en": CLOSE},
        country=country,
        contacts=ways,
    )
    refuse_unfit(draft)
    died = read_day("death_date", str(person.get("death_date") or ""))
    ended = max((past.ended_on for past in offices if past.ended_on), default=None)
    return OfficialRecord(
        row,
        _source_id(person, country),
        draft,
        made_words=frozenset({"salutation", "close"}),
        plain_name=plain,
        held=tuple(named for named in offices if named.label),
        left_on=died or (ended if offices and not current else None),
        left_out=left_out,
    )


def words_of(thing: Object, name: str) -> Words:
    """Return a text, or the texts per language: {"lang:es": …, "lang:fr_CA": …}."""
    value = thing.get(name)
    if isinstance(value, str):
        text = " ".join(value.split())
        return {_PLAIN: text} if text else {}
    words: Words = {}
    for key, text in value.items() if isinstance(value, dict) else ():
        code = str(key).removeprefix("lang:").replace("_", "-").partition("-")[0].casefold()
        if isinstance(text, str) and text.strip() and code.isalpha() and len(code) in {2, 3}:
            words.setdefault(code, " ".join(text.split()))
    return words


def _find_names(person: Object) -> Words:
    """Find the name per language, the file's own first; others where they say their language."""
    names = words_of(person, "name")
    for other in _list_objects(person.get("other_names")):
        if other.get("lang") and isinstance(other.get("name"), str):
            code = str(other["lang"]).replace("_", "-").partition("-")[0].casefold()
            if code != _PLAIN and other["name"].strip():
                names.setdefault(code, " ".join(other["name"].split()))
    return names


def _list_objects(items: object) -> list[Object]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _choose(words: Words, language: str) -> str:
    return words.get(language) or words.get(_PLAIN) or next(iter(words.values()), "")


def _add_prefix(prefix: str, name: str) -> str:
    return name if name.startswith(prefix) else f"{prefix} {name}"


def _read_office(membership: Object, names: dict[str, dict[str, Words]]) -> Held:
    """An office with its days; parts side by side: "Member, National Assembly, Kandara"."""
    role = (
        names["posts"].get(str(membership.get("post_id")))
        or words_of(membership, "label")
        or words_of(membership, "role")
    )
    organization = names["organizations"].get(str(membership.get("organization_id")), {})
    area = names["areas"].get(str(membership.get("area_id")), {})
    label = {}
    for code in role or organization or area:
        parts = [_choose(part, code) for part in (role, organization, area) if part]
        parts[0] = parts[0][:1].upper() + parts[0][1:]
        label[code] = ", ".join(dict.fromkeys(part for part in parts if part))
    return Held(
        {code: text for code, text in label.items() if text},
        read_day("start_date", str(membership.get("start_date") or "")),
        read_day("end_date", str(membership.get("end_date") or ""), last=True),
    )


def _read_contacts(person: Object) -> tuple[tuple[Contact, ...], tuple[LeftOut, ...]]:
    given = [
        (str(detail.get("type", "")), str(detail.get("value", "")))
        for detail in _list_objects(person.get("contact_details"))
    ]
    given.append(("email", _choose(words_of(person, "email"), _PLAIN)))
    return read_contacts(
        (kind, word, value)
        for word, value in given
        if value.strip() and (kind := contact_type(word)) is not None
    )


def _source_id(person: Object, country: str) -> str:
    for identifier in _list_objects(person.get("identifiers")):
        if identifier.get("scheme") == "wikidata":
            return scoped(str(identifier.get("identifier") or "").rpartition("/")[2], country)
    return scoped(str(person.get("id") or ""), country)


def _read_memberships(data: Object) -> dict[str, list[Object]]:
    """Return memberships by person, in order; a day that one has not is that of its period."""
    held: dict[str, list[Object]] = {}
    periods = {
        str(event.get("id")): {name: event.get(name) for name in ("start_date", "end_date")}
        for event in _list_objects(data.get("events"))
    }
    for item in _list_objects(data.get("memberships")):
        period = periods.get(str(item.get("legislative_period_id")), {})
        own = {name: value for name, value in item.items() if value}
        held.setdefault(str(item.get("person_id")), []).append(period | own)
    for offices in held.values():
        offices.sort(key=lambda office: str(office.get("start_date") or ""))
    return held
