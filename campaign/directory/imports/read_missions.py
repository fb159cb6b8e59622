"""Missions from files: tables such as the CSV of Wikidata, and a foreign ministry's JSON. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from urllib.parse import urlsplit

from campaign.core import i18n
from campaign.core.errors import N_, UnreadableFile
from campaign.core.language_facts import ENGLISH, facts_of
from campaign.core.text.fold import fold_name
from campaign.directory.countries import country_code, english_name
from campaign.directory.entry_fields import MissionDraft
from campaign.directory.imports.guess_columns import WHICH
from campaign.directory.imports.read_rows import MissionRecord, Repeated, quoted, refuse_unfit
from campaign.directory.imports.row_parts import (
    ImportChoices,
    MappedRow,
    find_kind,
    parse_one_line,
    read_contacts,
    read_contacts_of_row,
    read_country,
    read_country_of_row,
    read_day_of_row,
    read_each_row,
    read_kind,
    read_place_of_row,
)
from campaign.directory.imports.row_problems import RowProblem, UnreadableRow
from campaign.directory.imports.tables import Table
from campaign.models.directory import MissionKind

_NEEDED = {"sending_country": "operator", "host_country": "country", "kind": "type"}
_LONGEST_HOURS = 300
_OWN_NAMES = {
    "consulate general": "Consulate General",
    "honorary consulate": "Honorary Consulate",
    "apostolic nunciature": "Apostolic Nunciature",
    "consulate": "Consulate",
}
_PLAIN_NAMES = {
    MissionKind.EMBASSY: "Embassy",
    MissionKind.HIGH_COMMISSION: "High Commission",
    MissionKind.CONSULATE: "Consulate",
    MissionKind.PERMANENT_MISSION: "Permanent Mission",
}

_ONE_IN_A_TOWN = {MissionKind.EMBASSY, MissionKind.HIGH_COMMISSION}


def refuse_incomplete(table: Table, mapping: Sequence[str], fixed: Collection[str] = ()) -> None:
    """Raise UnreadableFile where what every mission needs has no column, or a column is twice."""
    if WHICH in mapping:
        raise UnreadableFile(
            N_(
                "The column “%(name)s” can be the sending country or the host country. Rename "
                "it “sending country” or “host country”."
            ),
            name=table.columns[mapping.index(WHICH)],
        )
    names = any(meaning.partition(":")[0] == "name" for meaning in mapping)
    missing = [
        column
        for meaning, column in _NEEDED.items()
        if meaning not in mapping and meaning not in fixed and not (meaning == "kind" and names)
    ]
    if missing:
        raise UnreadableFile(
            N_(
                "The first line must name the columns operator, country and type. Missing: "
                "%(missing)s."
            ),
            missing=", ".join(missing),
        )
    table.refuse_twice(mapping)


class _MissionsOnce:
    """Readings of a file that lists each mission once, by what tells it from others."""

    def __init__(self) -> None:
        self.readings: list[MissionRecord | RowProblem | Repeated] = []
        self._places: dict[object, int] = {}

    def add(self, reading: MissionRecord | RowProblem, *keys: object) -> None:
        self._places |= dict.fromkeys(keys, len(self.readings))
        self.readings.append(reading)

    def add_if_repeated(self, row: int, head: object, key: object) -> bool:
        """Add the row as Repeated if its key is known; tell whether it is.

        The mission that it repeats takes its head over if it has none itself.

        Raises UnreadableRow where the head cannot be kept.
        """
        at = self._places.get(key)
        if at is None:
            return False
        first = self.readings[at]
        assert isinstance(first, MissionRecord)
        if not first.draft.head_of_mission and isinstance(head, str):
            full = replace(first.draft, head_of_mission=" ".join(head.split()))
            refuse_unfit(full)
            self.readings[at] = replace(first, draft=full)
        self.readings.append(Repeated(row, first.row, first.title))
        return True


def read_table(
    table: Table,
    choices: ImportChoices,
    *,
    today: date | None = None,
    languages: Sequence[str] = (),
) -> list[MissionRecord | RowProblem | Repeated]:
    """Read the missions of a table. A row without an id that repeats another is Repeated.

    There is one embassy or high commission in a town. All else is repeated where name and address
    are the same. One without a name gets it in English and in those `languages` that we have.
    """
    numbers: Counter[str] = Counter()
    missions = _MissionsOnce()
    for record in read_each_row(table, choices, lambda row: _from_row(row, today, languages)):
        if isinstance(record, RowProblem) or record.source_id or record.own_id:
            missions.add(record)
            continue
        draft = record.draft
        place = (draft.sending_country, draft.host_country, draft.kind, draft.locality)
        is_one_in_town = draft.kind in _ONE_IN_A_TOWN and bool(draft.locality)
        names = (draft.name[code] for code in sorted({*draft.name} - record.made_names | {ENGLISH}))
        further = () if is_one_in_town else (*names, *draft.address)
        key = tuple(map(fold_name, (*place, *further)))
        if not missions.add_if_repeated(record.row, draft.head_of_mission, key):
            source_id = _make_id(draft)
            numbers[source_id] += 1
            number = f"-{numbers[source_id]}" if numbers[source_id] > 1 else ""
            missions.add(replace(record, source_id=f"{source_id}{number}"), key)
    return missions.readings


def read_json(
    items: Sequence[object], sending: str, languages: Sequence[str] = ()
) -> list[MissionRecord | RowProblem | Repeated]:
    """Missions of one country, as its foreign ministry lists them: each item, in the file's order.

    An item has type_of, name (the host country of an embassy, the city of a consulate), address,
    tel, website, head_of_mission, and an embassy its consulates, whose row is the embassy's. What
    is listed twice counts once, with the head of mission of whichever names one; a consulate
    outside its embassy's list is found by the country in its address.
    """
    missions = _MissionsOnce()
    flat = [
        (row, item, host) for row, top in enumerate(items, 1) for item, host in _list_nested(top)
    ]
    for row, item, host in sorted(flat, key=lambda entry: entry[2] is None):
        facts = item if isinstance(item, dict) else {}
        head = facts.get("head_of_mission")
        same = (str(facts.get("name")), str(facts.get("address"))) if facts else row
        try:
            if host is None and missions.add_if_repeated(row, head, same):
                continue
            record = _from_item(row, item, sending, host, languages)
            if not missions.add_if_repeated(row, head, record.source_id):
                missions.add(record, record.source_id, same)
        except UnreadableRow as problem:
            missions.add(RowProblem.of(row, problem))
    return sorted(missions.readings, key=lambda reading: reading.row)


def sending_country_of(items: Sequence[object]) -> str | None:
    """The country whose missions a list has, by the country code that most web addresses end in."""
    ends = Counter(_take_web_end(item.get("website")) for item in items if isinstance(item, dict))
    (end, count), *_ = ends.most_common(1) or [("", 0)]
    code = {"uk": "GB"}.get(end) or (country_code(end) if len(end) == 2 else None)
    return code if count * 2 > len(items) else None


def _from_row(row: MappedRow, today: date | None, languages: Sequence[str]) -> MissionRecord:
    sending, host = (
        read_country_of_row(row, meaning) for meaning in ("sending_country", "host_country")
    )
    kind, type_of = _read_kind_of_row(row)
    checked, left_out = read_day_of_row(row, "last_checked_on")
    if checked and today and checked > today:
        left_out = [(row.name_column("last_checked_on"), checked.isoformat())]
        checked = None
    place = read_place_of_row(row, host)
    further = (
        country_code(name, "fr", "es", "ar")
        for _column, text in row.list_texts("accredited")
        for name in text.replace(";", "|").split("|")
    )
    names = row.words("name")
    # Beside a name of the file we make the English one alone, in which every page can show it.
    composed = _make_names(kind, type_of, sending, place.locality, host, () if names else languages)
    ways, unread = read_contacts_of_row(row)
    hours = row.get("hours")
    if len(hours) > _LONGEST_HOURS:
        left_out, hours = [*left_out, quoted(row.name_column("hours"), hours)], ""
    draft = MissionDraft(
        kind=kind,
        name=composed | names,
        sending_country=sending,
        host_country=host,
        # Jurisdictions that are regions or organisations say nothing that a letter needs.
        accredited_to=sorted({code for code in further if code and code != host}),
        head_of_mission=row.get("head_of_mission"),
        hours=hours,
        last_checked_on=checked,
        **asdict(place),
        contacts=ways,
    )
    refuse_unfit(
        draft, {name: row.name_column(name) for name in ("locality", "region", "postal_code")}
    )
    source_id = row.get("source_id").rpartition("/")[2][:40]
    return MissionRecord(
        row.number,
        source_id,
        draft,
        (*left_out, *unread),
        own_id=row.get("own_id"),
        place_columns=row.place_columns(),
        made_names=frozenset(composed) - names.keys(),
    )


def _read_kind_of_row(row: MappedRow) -> tuple[MissionKind, str]:
    """What the row says it is, else what its name says, else what holds for all; and the words."""
    words = row.get_own("kind")
    if not words:
        for name in row.words("name").values():
            if kind := find_kind(name):
                # Some missions are called by their type: "Consulate General".
                return kind, next((words for words in _OWN_NAMES if words in fold_name(name)), "")
    words = words or row.get("kind")
    if not words:
        raise UnreadableRow(
            row.name_column("kind"),
            N_("This field is empty, and the name does not show the kind. Write the kind."),
        )
    return read_kind(words, row.name_column("kind")), words


def _make_id(draft: MissionDraft) -> str:
    """Return an id for what the file gives none, the same at every reading."""
    town = fold_name(draft.locality)
    source_id = f"{draft.sending_country}-{draft.kind.value}-{draft.host_country}-{town}"
    return source_id[:36].strip("- ")


def _list_nested(top: object) -> Iterator[tuple[object, str | None]]:
    if not isinstance(top, dict) or fold_name(str(top.get("type_of", ""))) == "consulate":
        yield top, None
        return
    host = str(top.get("name", ""))
    yield top, host
    consulates = top.get("consulates") or []
    for item in consulates if isinstance(consulates, list) else []:
        yield item, host


def _from_item(
    row: int, item: object, sending: str, host_name: str | None, languages: Sequence[str]
) -> MissionRecord:
    if not isinstance(item, dict):
        raise UnreadableRow(
            "", N_("This row is not an object. Write {…} with type_of, name and address.")
        )
    words = {
        name: " ".join(value.split()) for name, value in item.items() if isinstance(value, str)
    }
    type_of, address = words.get("type_of", ""), words.get("address", "")
    kind = read_kind(type_of, "type_of")
    host = read_country(host_name or address.rpartition(",")[2].strip(), "name")
    nested = kind is MissionKind.CONSULATE
    hint = words.get("name", "") if nested else _take_last_step(words.get("website", ""))
    place = parse_one_line(address, host, "", hint)
    town = place.locality or (_find_spelling(hint, address) if nested else "")
    kinds = (("voice", "tel"), ("email", "email"), ("url", "website"))
    contacts, left_out = read_contacts((kind, key, words.get(key, "")) for kind, key in kinds)
    draft = MissionDraft(
        kind=kind,
        name=_make_names(kind, type_of, sending, town, host, languages),
        sending_country=sending,
        host_country=host,
        head_of_mission=words.get("head_of_mission", ""),
        **asdict(place),
        contacts=contacts,
    )
    refuse_unfit(draft)
    own = fold_name(words.get("name", "")) if nested else ""
    source_id = f"{sending}-{kind.value}-{host}-{own}".strip("-")[:40]
    return MissionRecord(row, source_id, draft, left_out, made_names=frozenset(draft.name))


def _make_names(
    kind: MissionKind, words: str, sending: str, city: str, host: str, languages: Sequence[str]
) -> dict[str, str]:
    title = _OWN_NAMES.get(fold_name(words), _PLAIN_NAMES[kind])
    sender = "" if title == "Apostolic Nunciature" else f" of {english_name(sending)}"
    names = {ENGLISH: f"{title}{sender} in {city or english_name(host)}"}
    for code in languages:
        if pattern := facts_of(code).missions.get(title):
            country, place = i18n.country_name(sending, code), city or i18n.country_name(host, code)
            names[code] = pattern.format(country=country, place=place)
    return names


def _find_spelling(town: str, address: str) -> str:
    """A town that is written without spaces and accents, as the address spells it if it does."""
    folded = fold_name(town).replace(" ", "")
    for part in address.split(","):
        words = part.split()
        for at in range(len(words)):
            for end in range(at + 1, len(words) + 1):
                if fold_name(" ".join(words[at:end])).replace(" ", "") == folded:
                    return " ".join(words[at:end])
    return town.title()


def _take_last_step(website: str) -> str:
    try:
        return urlsplit(website).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def _take_web_end(website: object) -> str:
    try:
        return (urlsplit(str(website or "")).hostname or "").rpartition(".")[2]
    except ValueError:
        return ""
