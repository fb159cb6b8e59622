"""A table of signatures: what its columns mean, and its rows found right or wrong.

The file itself (CSV or workbook, encoding, delimiter, heads) is read as those of the directory are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from campaign.core.errors import N_, UnreadableFile
from campaign.core.language_facts import facts_of, translated_languages
from campaign.core.text.fold import fold, fold_name, read_word_table
from campaign.directory.countries import country_code_anywhere
from campaign.directory.imports import people_list
from campaign.directory.imports.read_list import Opened
from campaign.directory.imports.tables import Table
from campaign.paper_signatures.check_row import Details, check_row
from campaign.signing.clean_text import Problem

_COLUMN_NAMES = read_word_table("""
given_name: given name|first name|forename|prenom|nombre|nombre de pila|vorname|الاسم الأول|
  الاسم الشخصي
family_name: family name|last name|surname|nom|nom de famille|apellido|apellidos|nachname|
  familienname|اسم العائلة|اللقب
name: name|full name|name in clear letters|nom complet|nombre completo|nombre y apellidos|
  vor und nachname|الاسم|الاسم الكامل
locality: town|city|locality|place|ville|localite|commune|ciudad|localidad|municipio|ort|stadt|
  wohnort|المدينة|البلدة
region: region|province|state|departement|provincia|estado|kanton|bundesland|المنطقة
postal_code: postal code|postcode|zip|zip code|code postal|codigo postal|cp|plz|postleitzahl|
  الرمز البريدي
country: country|pays|pais|land|البلد|الدولة
email: email|e mail|e mail address|email address|mail|courriel|adresse e mail|adresse electronique|
  correo|correo electronico|e mail adresse|البريد الإلكتروني|البريد
news: news|news of this case|updates|nouvelles|noticias|neuigkeiten
network: network|new urgent actions|reseau|red|nouvelles actions urgentes|netzwerk
""")
MEANINGS = tuple(_COLUMN_NAMES)
_GUESS = {
    fold_name(word): name
    for code in translated_languages()
    for name, words in (*facts_of(code).columns.items(), *_COLUMN_NAMES.items())
    for word in words
    if name in _COLUMN_NAMES
}
"""Our own last: where two mean different things, a list of people is meant, not of missions."""
_EMOJI = re.compile("(?:[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55][\ufe0f\u20e3]?\u200d?)+")
_FORMULA = ("=", "@", "+", "\t", "＝", "＠", "＋")
_TICKS = ("news", "network")
_YES = {
    *("1", "x", "×", "✓", "✔", "☑", "✅", "y", "yes", "true", "oui", "vrai", "si", "verdadero"),
    *("cierto", "ja", "wahr", "نعم", "صحيح"),
}
_NO = {"", "0", "-", "–", "—", "☐", "n", "no", "false", "non", "faux", "falso", "nein", "لا"}
"""As `fold` has them. Nobody is written to by a word that is neither: what it means is asked."""


class RowFault(NamedTuple):
    """What is wrong with a row: its number, the column, and the problem's slug or sentence."""

    row: int
    column: str
    slug: str = ""
    data: Mapping[str, Any] = MappingProxyType({})
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FileRows:
    rows: list[tuple[int, Details]]
    faults: list[RowFault]
    unticked: list[int] = field(default_factory=list)
    """Rows that want news and give no address to which it could go: they get none, and count."""


def open_list(data: bytes, **view: str) -> tuple[Opened, Table]:
    """Return the file and its table, as `people_list.open_list`. Raises UnreadableFile."""
    opened, table = people_list.open_list(data, **view)
    if len(table.columns) < 2 or not (table.rows or table.problems):
        raise UnreadableFile(
            N_("The file needs column names in its first line and one row for each person.")
        )
    return opened, table


def guess_meanings(columns: Sequence[str]) -> dict[int, str]:
    meanings = people_list.guess_meanings(columns, _GUESS)
    if "given_name" not in meanings.values() and "family_name" in meanings.values():
        return {
            at: "name" if meaning == "family_name" else meaning for at, meaning in meanings.items()
        }
    return meanings


def find_mapping_problem(meanings: Mapping[int, str]) -> str:
    """Return the slug of what is wrong with a mapping; empty if nothing is."""
    chosen = [meaning for meaning in meanings.values() if meaning]
    if len(set(chosen)) < len(chosen):
        return "meaning-twice"
    if "name" in chosen and {"given_name", "family_name"} & set(chosen):
        return "name-twice"
    if not {"name", "given_name", "family_name"} & set(chosen):
        return "name-missing"
    if not {"locality", "postal_code"} & set(chosen):
        return "place-missing"
    return ""


def read_table(table: Table, meanings: Mapping[int, str], country: str) -> FileRows:
    """Read each row, right or with what is wrong; `country` where a row names none."""
    reading, numbers = FileRows([], []), _number_rows(table)
    for unread in table.problems:
        fault, number = unread.fault, numbers[unread.row]
        reading.faults.append(RowFault(number, unread.field, "", fault.values, fault.sentence))
    names = {meaning: table.columns[at] for at, meaning in meanings.items() if meaning}
    for line, cells in table.rows:
        number = numbers[line]
        values = {meaning: cells[at].strip() for at, meaning in meanings.items() if meaning}
        if _untick(values):
            reading.unticked.append(number)
        details, problems = _check_cells(values, country)
        if details is not None:
            reading.rows.append((number, details))
        for name, problem in problems.items():
            column = names.get(name, names.get("name", name))
            reading.faults.append(RowFault(number, column, problem.slug, dict(problem.data)))
    reading.faults.sort(key=lambda fault: fault.row)
    return reading


def list_wrong_rows(table: Table, reading: FileRows) -> list[tuple[int, list[RowFault], list[str]]]:
    by_line = dict(table.rows) | {problem.row: list(problem.cells) for problem in table.problems}
    numbers = _number_rows(table)
    cells = {numbers[line]: row_cells for line, row_cells in by_line.items()}
    faults: dict[int, list[RowFault]] = {}
    for fault in reading.faults:
        faults.setdefault(fault.row, []).append(fault)
    return [(row, row_faults, cells.get(row, [])) for row, row_faults in faults.items()]


def _number_rows(table: Table) -> dict[int, int]:
    """Return the number of each row by the line on which it begins: of people, as on the paper.

    Rows that are left out keep theirs: a number says where on the paper somebody stands. So do
    those of a file of wrong rows, once corrected; rows that were added to it follow.
    """
    lines = sorted({line for line, _cells in table.rows} | {row.row for row in table.problems})
    following = count(max(table.numbers.values(), default=0) + 1)
    numbers: dict[int, int] = {}
    taken: set[int] = set()
    for line in lines:
        number = table.numbers.get(line, 0)
        if not number or number in taken:
            number = next(following)
        taken.add(number)
        numbers[line] = number
    return numbers


def _untick(values: dict[str, str]) -> bool:
    """Clear what cannot be sent for want of an address; whether something was ticked."""
    ticked = [name for name in _TICKS if _fold_tick(values.get(name, "")) in _YES]
    if not ticked or values.get("email"):
        return False
    values.update(dict.fromkeys(ticked, ""))
    return True


def _fold_tick(word: str) -> str:
    return fold(word).replace("\ufe0f", "")  # draws the sign before it as an emoji


def _check_cells(values: dict[str, str], country: str) -> tuple[Details | None, dict[str, Problem]]:
    active = {
        name: Problem("formula") for name, text in values.items() if text.startswith(_FORMULA)
    }
    if active:
        return None, active
    for field_name in ("name", "given_name", "family_name", "locality"):
        if field_name in values:
            values[field_name] = _EMOJI.sub("", values[field_name]).strip()
    name = values.pop("name", "")
    if name:
        values["given_name"] = name
    unclear = {}
    for tick in _TICKS:
        word = _fold_tick(values.get(tick, ""))
        values[tick] = "1" if word in _YES else ""
        if word not in _YES | _NO:
            unclear[tick] = Problem("tick-unclear")
    country_name = values.get("country", "")
    code = country_code_anywhere(country_name) if country_name else country
    if not code:
        return None, {"country": Problem("country-unknown")}
    details, problems = check_row({**values, "country": code})
    return None if unclear else details, unclear | problems
