"""One row of a list, by what its columns mean: country, kind, address, contacts, days. Pure."""

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from campaign.core.errors import N_
from campaign.core.text.desk_texts import split_lines
from campaign.core.text.fold import fold_name, read_word_table
from campaign.core.text.written_days import list_days
from campaign.directory.contacts import split_values
from campaign.directory.countries import country_code, country_code_anywhere
from campaign.directory.entry_fields import PLACES, Contact
from campaign.directory.imports.read_rows import LeftOut, quoted
from campaign.directory.imports.row_problems import RowProblem, UnreadableRow
from campaign.directory.imports.tables import Table
from campaign.directory.postal_addresses import code_pattern, regions_of
from campaign.models.directory import MissionKind

_LINE_LENGTH = 45  # characters of a printed line: what an envelope's window shows
R = TypeVar("R")
_WORDS = read_word_table("""
permanent-mission: permanent|permanente|standige vertretung|standige mission|البعثة الدائمة|
  بعثة دائمة|الوفد الدائم|постоянное представительство|常驻|대표부
consulate: consul|konsul|consolato|assistant high commission|deputy high commission|قنصلي|консуль|
  генконсуль|영사|领事|領事|konsolosluk|الشعبة القنصلية
high-commission: high commission|haut commissariat|alto comisionado|alta comision|hochkommissariat|
  المفوضية العليا|المفوضية السامية|alto comissariado
embassy: embassy|embassies|ambassade|embajada|embaixada|ambasciata|botschaft|ambasada|buyukelcilik|
  buyukelciligi|سفارة|السفارة|посольств|대사관|大使馆|大使館|nunciature|nonciature|nunciatura|nuntiatur|
  nunziatura|السفارة البابوية|delegation|delegacion|delegacao|interests section|section d'interets|
  liaison office|representative office|government office|diplomatic mission|mission diplomatique|
  mision diplomatica|chancery|legation
""")
_FOLDED = [(MissionKind(kind), word) for kind, words in _WORDS.items() for word in words]
_CONTACTS = ("voice", "fax", "email", "url", "twitter")
_YEAR_OR_MONTH = re.compile(r"(\d{4})(?:-(\d{1,2}))?")


@dataclass(slots=True)
class ReadAddress:
    address: list[str] = field(default_factory=list)
    locality: str = ""
    region: str = ""
    postal_code: str = ""


def parse_one_line(address: str, country: str, city: str, city_hint: str = "") -> ReadAddress:
    """The parts of `address`, "345 Park Avenue, New York NY 10154, USA".

    `city` is known from elsewhere; `city_hint` is its name without spaces and accents, as web
    addresses have it. Postal code, region and city are taken from the last two parts, and only
    where the city is then what `city` or the hint says; otherwise the whole text stays in the
    street lines, since a line printed twice is worse than one not taken apart.
    """
    parts = _split(address, country)
    place = _tail(parts, country, {_run(city), _run(city_hint)} - {""})
    return place or ReadAddress(_join(parts), locality=city)


def take_town(lines: list[str], country: str, town: str) -> ReadAddress | None:
    return _tail(_split("\n".join(lines), country), country, {_run(town)})


def ends_in_town(lines: list[str], country: str) -> bool:
    """Whether the last of the lines has a postal code and a town beside it."""
    parts = _split("\n".join(lines), country)
    code, left = _take_code(parts[-1].split() if parts else [], country)
    return bool(code and left)


def _split(address: str, country: str) -> list[str]:
    pieces = (piece.strip() for piece in re.split(r"[,\n|]", address))
    parts = [piece for piece in pieces if piece.strip(" .")]
    if parts:
        parts[-1] = parts[-1].strip(" .")  # the end of a sentence; "Bldg." keeps its own
    if parts and country_code(parts[-1]) == country:
        parts.pop()
    return parts


def _tail(parts: list[str], country: str, names: set[str]) -> ReadAddress | None:
    """Street and the rest, where the last two parts end in a city of one of `names`."""
    regions = {region.casefold() for region in regions_of(country)}
    for length in (1, 2, 3):
        words = " ".join(parts[-length:]).split() if len(parts) >= length else []
        code, words = _take_code(words, country)
        region = ""
        if (
            len(words) > 1
            and words[-1].casefold() in regions
            and _run(" ".join(words)) not in names
        ):
            region, words = words[-1], words[:-1]
        city = " ".join(words).strip(" -–")
        if _run(city) in names:
            return ReadAddress(_join(parts[:-length]), city, region, code)
        for at in range(1, len(words)):
            # "2234 Massachusetts Ave, NW Washington DC 20008": the street runs into the city.
            if length == 1 and _run(" ".join(words[at:])) in names:
                street = [*parts[:-1], " ".join(words[:at])]
                return ReadAddress(_join(street), " ".join(words[at:]), region, code)
    return None


def _take_code(words: list[str], country: str) -> tuple[str, list[str]]:
    pattern = code_pattern(country)
    if pattern is None:
        return "", words
    for span in (words[-2:], words[:2], words[-1:], words[:1]):
        bare = re.sub(r"^[A-Z]{1,3}-(?=\d)", "", " ".join(span))
        if span and len(words) > len(span) and pattern.fullmatch(bare.upper()):
            left = words[: -len(span)] if words[-len(span) :] == span else words[len(span) :]
            return bare, left
    return "", words


def _join(parts: list[str]) -> list[str]:
    """The parts as lines, short ones together, none longer than a window shows where it can be."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= _LINE_LENGTH:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines


def _run(text: str) -> str:
    return fold_name(text).replace(" ", "")


def find_kind(words: str) -> MissionKind | None:
    """Find the kind that a name or a type tells: by the first of its words, the longest."""
    folded = fold_name(words)
    matches = [(folded.find(word), -len(word), kind) for kind, word in _FOLDED if word in folded]
    return min(matches)[2] if matches else None


def read_kind(words: str, column: str) -> MissionKind:
    """Return the kind that a type such as "consulate general" is; raises UnreadableRow."""
    if kind := find_kind(words):
        return kind
    raise UnreadableRow(
        column,
        N_(
            "We do not know the kind “%(value)s”. Write embassy, high commission, consulate or "
            "permanent mission."
        ),
        value=words,
    )


@dataclass(slots=True)
class ImportChoices:
    """What the mapping page decides; kept as JSON."""

    encoding: str = ""
    mapping: list[str] = field(default_factory=list)
    fixed: dict[str, str] = field(default_factory=dict)
    """What holds for all rows where the row says nothing: countries by code, a kind."""
    language: str = "en"  # of the names that an envelope has, where a file has several
    replace: bool = False  # whether the file's word counts where ours differs
    sheet: str = ""  # of a workbook
    head: int = 0  # the row that has the heads of the columns; 0: where they seem to be
    lists: list[str] = field(default_factory=list)
    """Keys of the lists of a JSON file that are read; empty: all."""
    countries: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    """Heads of the file that was read so: a later one with the same is read alike."""
    delimiter: str = ""  # of its cells, if it is text
    remembered: bool = False
    """Whether the meanings are those of an earlier file with the same heads, not our guess."""


@dataclass(frozen=True, slots=True)
class MappedRow:
    number: int
    columns: Sequence[str]
    cells: Sequence[str]
    choices: ImportChoices

    def list_texts(self, meaning: str) -> list[tuple[str, str]]:
        """List column and text of each column of that meaning that says something."""
        return [
            (self.columns[at] or f"column {at + 1}", self.cells[at].strip())
            for at, mapped in enumerate(self.choices.mapping)
            if mapped == meaning and self.cells[at].strip()
        ]

    def name_column(self, meaning: str) -> str:
        """Return the file's name of the column, in whatever language; else the meaning's own."""
        for at, mapped in enumerate(self.choices.mapping):
            if mapped.partition(":")[0] == meaning:
                return self.columns[at] or f"column {at + 1}"
        return meaning

    def get(self, meaning: str) -> str:
        """Return what the row says, else what holds for all."""
        return self.get_own(meaning) or self.choices.fixed.get(meaning, "")

    def get_own(self, meaning: str) -> str:
        return next((" ".join(text.split()) for _column, text in self.list_texts(meaning)), "")

    def get_needed(self, meaning: str) -> str:
        text = self.get(meaning)
        if not text:
            raise UnreadableRow(self.name_column(meaning), N_("This field is empty. Fill it in."))
        return text

    def words(self, meaning: str) -> dict[str, str]:
        """Return the texts per language; a column without a language is English."""
        texts: dict[str, str] = {}
        for at, mapped in enumerate(self.choices.mapping):
            base, _, code = mapped.partition(":")
            text = " ".join(self.cells[at].split())
            if base == meaning and text:
                texts[code or "en"] = text
        return texts

    def place_columns(self) -> frozenset[str]:
        return frozenset(name for name in PLACES if name in self.choices.mapping)


def read_each_row(
    table: Table, choices: ImportChoices, read_row: Callable[[MappedRow], R]
) -> Iterator[R | RowProblem]:
    yield from table.problems
    for number, cells in table.rows:
        try:
            yield read_row(MappedRow(number, table.columns, cells, choices))
        except UnreadableRow as problem:
            yield RowProblem.of(number, problem, table.columns, cells)


def read_country(name: str, column: str, *, sender: bool = False) -> str:
    """Return the code; with `sender`, also of what has embassies and is no country."""
    code = country_code_anywhere(name, sender=sender)
    if code is None:
        raise UnreadableRow(
            column,
            N_(
                "We do not know the country “%(value)s”. Write its usual name or its two-letter "
                "code."
            ),
            value=name,
        )
    return code


def read_country_of_row(row: MappedRow, meaning: str) -> str:
    name = row.get_needed(meaning)
    chosen = row.choices.countries.get(name, "")
    return chosen or read_country(
        name, row.name_column(meaning), sender=meaning == "sending_country"
    )


def read_contacts(
    fields: Iterable[tuple[str, str, str]],
) -> tuple[tuple[Contact, ...], tuple[LeftOut, ...]]:
    """Read fields (kind, column, text), and what of them is unread: no number refuses a row."""
    contacts: dict[Contact, None] = {}
    left_out: list[LeftOut] = []
    for kind, column, text in fields:
        some, unread = split_values(kind, text)
        contacts |= dict.fromkeys(some)
        left_out += [quoted(column, part) for part in unread]
    return tuple(contacts), tuple(left_out)


def read_day_of_row(row: MappedRow, meaning: str) -> tuple[date | None, list[LeftOut]]:
    try:
        return read_day(row.name_column(meaning), row.get(meaning)), []
    except UnreadableRow:
        return None, [quoted(row.name_column(meaning), row.get(meaning))]


def read_place_of_row(row: MappedRow, country_of_it: str) -> ReadAddress:
    city = row.get("locality")
    whole = ", ".join(text for _column, text in row.list_texts("address"))
    place = parse_one_line(whole, country_of_it, city)
    lines = [line for _column, text in row.list_texts("street") for line in split_lines(text)]
    return ReadAddress(
        [*lines, *(line for line in place.address if line not in lines)],
        locality=place.locality or city,
        region=row.get("region") or place.region,
        postal_code=row.get("postal_code") or place.postal_code,
    )


def read_contacts_of_row(row: MappedRow) -> tuple[tuple[Contact, ...], tuple[LeftOut, ...]]:
    return read_contacts((kind, *text) for kind in _CONTACTS for text in row.list_texts(kind))


def read_day(column: str, text: str, *, last: bool = False) -> date | None:
    """Return the day; of a year or month the first, or the `last`. Raises UnreadableRow."""
    text = text.strip()
    if not text:
        return None
    days = list_days(text)
    if len(days) == 1:
        return days.pop()
    match = _YEAR_OR_MONTH.fullmatch(text)
    year, month = (int(part or 0) for part in match.groups()) if match else (0, 0)
    try:
        month = month or (12 if last else 1)
        return date(year, month, calendar.monthrange(year, month)[1] if last else 1)
    except ValueError as problem:
        sentence = N_("“%(value)s” is not a date. Write year, month and day: 2026-11-24.")
        if days:
            sentence = N_(
                "“%(value)s” can be two dates, with the day first or the month first. Write year, "
                "month and day: 2026-11-24."
            )
        raise UnreadableRow(column, sentence, value=text) from problem
