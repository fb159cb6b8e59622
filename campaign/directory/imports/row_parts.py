"""One row of a list, by what its columns mean: country, kind, address, contacts, days. Pure."""

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from campaign.core.errors import N_
from campaign.core.text.desk_texts import split_lines
from campaign.core.text.fold import fold_name
from campaign.core.text.word_table import read_word_table
from campaign.directory.contacts import split_values
from campaign.directory.countries import country_code_anywhere
from campaign.directory.entries import Contact
from campaign.directory.entry_fields import PLACES
from campaign.directory.imports.address_line import Place, parse_one_line
from campaign.directory.imports.read_rows import LeftOut, RowProblem, UnreadableRow, quoted
from campaign.directory.imports.tables import Table
from campaign.models.directory import MissionKind

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
  nunziatura|السفارة البابوية|delegation|delegacion|delegacao|interests section|section d interets|
  liaison office|representative office|government office|diplomatic mission|mission diplomatique|
  mision diplomatica|chancery|legation
""")
_FOLDED = [(MissionKind(kind), fold_name(word)) for kind, words in _WORDS.items() for word in words]


def find_kind(words: str) -> MissionKind | None:
    """Find the kind that a name or a type tells: by the first of its words, the longest."""
    folded = fold_name(words)
    matches = [(folded.find(word), -len(word), kind) for kind, word in _FOLDED if word in folded]
    return min(matches)[2] if matches else None


def read_kind(words: str, column: str = "type") -> MissionKind:
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
class Choices:
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
    remembered: bool = False
    """Whether the meanings are those of an earlier file with the same heads, not our guess."""


@dataclass(frozen=True, slots=True)
class MappedRow:
    number: int
    columns: Sequence[str]
    cells: Sequence[str]
    choices: Choices

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
    table: Table, choices: Choices, read_row: Callable[[MappedRow], R]
) -> Iterator[R | RowProblem]:
    yield from table.problems
    for number, cells in table.rows:
        try:
            yield read_row(MappedRow(number, table.columns, cells, choices))
        except UnreadableRow as problem:
            yield RowProblem.of(number, problem, table.columns, cells)


_CONTACTS = ("voice", "fax", "email", "url", "twitter")


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


def read_contacts(kind: str, column: str, field: str) -> tuple[list[Contact], list[LeftOut]]:
    """Read a field, and what of it cannot be read: no telephone number refuses a row."""
    contacts, unread = split_values(kind, field)
    return contacts, [quoted(column, text) for text in unread]


def read_day_of_row(row: MappedRow, meaning: str) -> tuple[date | None, list[LeftOut]]:
    try:
        return read_day(row.name_column(meaning), row.get(meaning)), []
    except UnreadableRow:
        return None, [quoted(row.name_column(meaning), row.get(meaning))]


def read_place_of_row(row: MappedRow, country_of_it: str) -> Place:
    city = row.get("locality")
    whole = ", ".join(text for _column, text in row.list_texts("address"))
    place = parse_one_line(whole, country_of_it, city)
    lines = [line for _column, text in row.list_texts("street") for line in split_lines(text)]
    return Place(
        [*lines, *(line for line in place.address if line not in lines)],
        locality=place.locality or city,
        region=row.get("region") or place.region,
        postal_code=row.get("postal_code") or place.postal_code,
    )


def read_contacts_of_row(row: MappedRow) -> tuple[tuple[Contact, ...], list[LeftOut]]:
    all_contacts: dict[Contact, None] = {}
    all_unread: list[LeftOut] = []
    for kind in _CONTACTS:
        for column, text in row.list_texts(kind):
            contacts, unread = read_contacts(kind, column, text)
            all_contacts |= dict.fromkeys(contacts)
            all_unread += unread
    return tuple(all_contacts), all_unread


_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?")
_WITH_DOTS = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")


def read_day(column: str, text: str, *, last: bool = False) -> date | None:
    """Return the day; of a year or month the first, or the `last`. Raises UnreadableRow."""
    text = text.strip()
    if not text:
        return None
    # Dots are only ever set between day, month and year; strokes are set in either order.
    match = _DAY.fullmatch(_WITH_DOTS.sub(r"\3-\2-\1", text))
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    try:
        month = month or (12 if last else 1)
        return date(year, month, day or (calendar.monthrange(year, month)[1] if last else 1))
    except ValueError as problem:
        raise UnreadableRow(
            column,
            N_("“%(value)s” is not a date. Write year, month and day: 2026-11-24."),
            value=text,
        ) from problem
