"""What the columns of a table mean: our guess from their names, and rows read by it. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from campaign.core.i18n import language_name
from campaign.core.language_facts import ENGLISH, facts_of, translated_languages
from campaign.core.text.fold import fold_name
from campaign.directory.entry_fields import COLUMN_NAMES, FIELDS, Rule
from campaign.directory.imports.row_parts import find_kind
from campaign.directory.imports.tables import LIST_COLUMN, OURS, Table
from campaign.models.directory import Directory

T = TypeVar("T")
LANGUAGES = translated_languages()
"""Languages for which words can be mapped; columns name others by their code ("office_de")."""
SEVERAL = frozenset({"email", "voice", "fax", "url", "twitter", "street", "accredited", "address"})
WORDS = frozenset(
    kept.name for fields in FIELDS.values() for kept in fields if kept.rule is Rule.WORDS
) | {"organization"}
MEANINGS = {
    directory: tuple(kept.meaning for kept in fields if kept.meaning in COLUMN_NAMES)
    for directory, fields in FIELDS.items()
}
NEEDED: dict[Directory, tuple[str, ...]] = {
    Directory.MISSIONS: ("sending_country", "host_country", "kind"),
    Directory.OFFICIALS: ("country",),
}
_COLUMNS = {code: facts_of(code).columns for code in LANGUAGES}
_HEADS = {
    code: {fold_name(head) for heads in columns.values() for head in heads}
    for code, columns in _COLUMNS.items()
}
"""Heads that are of one language; of words, what stands below them is in it as well."""
_ALIKE_HEADS = {"organisation", "institution", "salutation", "mission", "position"}
"""Heads of words that English has too: the file's other heads tell whose they are."""
WHICH = "which_country"
"""In the place of a meaning: the sending country or the host country, which somebody has to say."""
_MANY = 3  # of so many different countries one is the sender's, or the host's, of every row
_BEFORE_PLACE = re.compile(r",| in | en | à | au | aux | to | في ", re.IGNORECASE)
"""What stands in a mission's name between whose it is and where it is."""
_LOOKED_AT = 50  # cells from which the meaning of a column is guessed that its name does not tell
_MOSTLY = 0.8
_CONTENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"\S+@\S+\.\S+")),
    ("url", re.compile(r"(https?://|www\.)", re.IGNORECASE)),
    ("voice", re.compile(r"(?!\d+[.,]\d+$|\d{4}-\d\d-\d\d)(?=.*[ ()/+-])[+(]?\d[\d ()./+-]{6,}")),
)
SAMPLES: dict[Directory, dict[str, tuple[str, str]]] = {
    Directory.MISSIONS: {
        "sending country": ("Kenya", "Kenya"),
        "host country": ("Canada", "Canada"),
        "kind": ("embassy", ""),
        "name": ("Embassy of Kenya", "Consulate of Kenya in Toronto"),
        "street": ("1 Sample Street", "2 Sample Street"),
        "city": ("Ottawa", "Toronto"),
        "region": ("ON", "ON"),
        "postal code": ("K1A 0A1", "M5V 2T6"),
        "phone": ("613 555 0100; 613 555 0101", ""),
        "email": ("post@example.org", ""),
        "website": ("https://example.org", ""),
        "head of mission": ("", ""),
        "hours": ("", "Monday to Friday, 9 to 12"),
        "further countries": ("Cuba | Jamaica", ""),
        "last checked": ("2026-11-24", ""),
    },
    Directory.OFFICIALS: {
        "name": ("Ines Quintero Vidal", ""),
        "title before the name": ("", ""),
        "office": ("Governor of Altamar", "Ombudsman"),
        "office fr": ("Gouverneure d’Altamar", ""),
        "institution": ("State of Altamar", ""),
        "country": ("Mexico", "Kenya"),
        "street": ("1 Sample Street", "2 Sample Road"),
        "city": ("Altamar", "Nairobi"),
        "postal code": ("01000", "00100"),
        "email": ("post@example.org", ""),
        "phone": ("55 5555 0100", ""),
        "start": ("2024-10-01", ""),
        "end": ("", ""),
    },
}


def guess(table: Table, directory: Directory) -> list[str]:
    language = _find_language(table.columns)
    meanings = [_find_meaning(name, directory, language) for name in table.columns]
    _tell_halves_of_names(table, meanings)
    meanings = [
        "" if meaning in meanings[:at] and meaning not in SEVERAL else meaning
        for at, meaning in enumerate(meanings)
    ]
    _guess_by_content(table, directory, meanings)
    return meanings


def _tell_halves_of_names(table: Table, meanings: list[str]) -> None:
    """Beside the one half of a name, a head that can mean the whole or the other is the other."""
    for half, other in (("given_name", "family_name"), ("family_name", "given_name")):
        for at, meaning in enumerate(meanings):
            is_either_of_both = _fold_head(table.columns[at]) in _FOLDED[half]
            if meaning == "full_name" and is_either_of_both and other in meanings:
                meanings[at] = half


def is_either(column: str) -> bool:
    return fold_name(column) in _EITHER


def _guess_by_content(table: Table, directory: Directory, meanings: list[str]) -> None:
    for at, meaning in enumerate(meanings):
        cells = table.samples(at, _LOOKED_AT)
        if not meaning and not table.columns[at].startswith(OURS) and len(cells) > 1:
            fits = (
                kind
                for kind, pattern in _CONTENTS
                if kind not in meanings and _share(cells, pattern.match) >= _MOSTLY
            )
            meanings[at] = next(fits, "")
        if directory is Directory.MISSIONS and table.columns[at] == LIST_COLUMN:
            kinds = _share(cells, find_kind) > 0.5 and "kind" not in meanings
            meanings[at] = "kind" if kinds else ""
    if WHICH in meanings:
        at = meanings.index(WHICH)
        other = {"sending_country": "host_country", "host_country": "sending_country"}
        left = [other[meaning] for meaning in meanings if meaning in other]
        if not left:
            meanings[at] = _guess_which_country(table, meanings, at)
        else:
            meanings[at] = left[0] if len(left) == 1 else ""


def _guess_which_country(table: Table, meanings: list[str], at: int) -> str:
    """Guess which country a column names, by what stands beside it; else `WHICH`.

    "Embassy of Kenya in Ottawa" tells that Kenya sends; "1 Sample Street, Ottawa, Canada" that
    Canada hosts. Of many countries with a town or two it is the senders, with as many towns hosts.
    """
    # Signs alone ("-") fold to nothing, which is in every name.
    rows = [cells for _row, cells in table.rows[:500] if fold_name(cells[at])]

    def texts(meaning: str) -> list[tuple[str, str]]:
        places = [
            place for place, mapped in enumerate(meanings) if mapped.partition(":")[0] == meaning
        ]
        pairs = ((fold_name(cells[at]), cells[place].strip()) for cells in rows for place in places)
        return [(country, text) for country, text in pairs if text]

    names = [
        (country, *_BEFORE_PLACE.sub("\n", text, count=1).partition("\n")[::2])
        for country, text in texts("name")
    ]
    if _share(names, lambda name: name[0] in fold_name(name[1])) > 0.5:
        return "sending_country"
    if _share(names, lambda name: name[0] in fold_name(name[2])) > 0.5:
        return "host_country"
    if _share(texts("address"), lambda pair: fold_name(pair[1]).endswith(pair[0])) > 0.5:
        return "host_country"
    towns = texts("locality")
    countries = len({country for country, _town in towns})
    if countries < _MANY:
        return WHICH
    spread = len({fold_name(town) for _country, town in towns}) / countries
    return "host_country" if spread > 0.7 else "sending_country" if spread < 0.4 else WHICH


def _share(cells: Sequence[T], test: Callable[[T], object]) -> float:
    return sum(bool(test(cell)) for cell in cells) / len(cells) if cells else 0.0


def find_repeated(mapping: Sequence[str]) -> list[str]:
    counts = Counter(meaning for meaning in mapping if meaning and meaning not in SEVERAL)
    return sorted(meaning for meaning, count in counts.items() if count > 1)


def choices(directory: Directory) -> list[str]:
    meanings: list[str] = []
    for meaning in MEANINGS[directory]:
        meanings += [f"{meaning}:{code}" for code in LANGUAGES] if meaning in WORDS else [meaning]
    return meanings


def _find_meaning(name: str, directory: Directory, language: str) -> str:
    words = _fold_head(name)
    if directory is Directory.MISSIONS and words in _EITHER:
        return WHICH
    base, _gap, last = words.rpartition(" ")
    code = last if last in LANGUAGES else _LANGUAGE_WORDS.get(last, "")
    base = re.sub(r" (in|en)$", "", base)
    for meaning in MEANINGS[directory]:
        if words in _FOLDED[meaning]:
            if meaning not in WORDS:
                return meaning
            own = language if words in _ALIKE_HEADS else _find_own_language(words) or ENGLISH
            return f"{meaning}:{own}"
        if code and meaning in WORDS and base in _FOLDED[meaning]:
            return f"{meaning}:{code}"
    return ""


def _fold_head(name: str) -> str:
    return fold_name(re.sub(r"([a-z])([A-Z][a-z])", r"\1 \2", name).replace("_", " "))


def _find_own_language(head: str) -> str:
    """The language that a head is of, where it is of one of ours alone and not of English."""
    return next((code for code, heads in _HEADS.items() if head in heads), "")


def _find_language(columns: Sequence[str]) -> str:
    """The language of a file's heads: the one of which most are; English unless two are."""
    codes = Counter(code for name in columns if (code := _find_own_language(_fold_head(name))))
    code, count = (codes.most_common(1) or [("", 0)])[0]
    return code if count > 1 else ENGLISH


_LANGUAGE_WORDS = {
    fold_name(before + language_name(code, other)): code
    for code in LANGUAGES
    for other in LANGUAGES
    for before in ("", "ب")  # Arabic writes "in" as one with the word
}
_FOLDED = {
    meaning: frozenset(heads).union(
        *(map(fold_name, columns.get(meaning, ())) for columns in _COLUMNS.values())
    )
    for meaning, heads in COLUMN_NAMES.items()
}
_EITHER = _FOLDED["country"]
