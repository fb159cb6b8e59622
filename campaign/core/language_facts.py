"""What of a language neither CLDR nor its catalogue says: `translations/<code>/language.toml`.

What a language does not say there is as in English, days and times as in CLDR. Pure.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "translations"
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class LanguageFacts:
    comma: str = ", "
    semicolon: str = "; "
    colon: str = ": "
    between_quotes: str = "” “"
    """What stands between two of several quotes, of which a text opens the first."""
    day: str = ""  # CLDR's pattern of day and month; empty: its own long and full dates
    year: str = ""  # what `day` goes on with
    short_day: str = "medium"
    time: str = "short"
    moment: str = "{day} at {time}"
    moment_after_one: str = ""  # the same from one to two in the night, where it differs
    moment_in_zone: str = "{moment} ({town} time)"
    first_of_month: str = ""  # "1er"; CLDR's patterns have no ordinal
    numbers_as_in: str = ""
    countries_as_in: str = ""
    numbers: tuple[str, ...] = ()
    """One to twelve, as they stand before "days": CLDR in Babel has no figures in words."""
    open_graph: str = ""  # a locale of its own; empty: with the country that CLDR finds likely
    place_and_date: str = "{place}, {date}"
    for_person: str = ""
    """What sentences say with the name of the person; empty: the same of the dead."""
    about_person: str = ""  # what they say instead of somebody who has died
    about_person_at_end: str = ""  # the same at their end: subjects and headings, which are short
    order_of_malta: str = "Sovereign Order of Malta"
    copy: str = "Copy: "
    translation: str = "Translation"
    own_words: str = "The writer’s own words, as they were written ({language}):"
    letters_file: str = "my-letters.zip"  # in ASCII, which every system unpacks
    everything_file: str = "everything.json"
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """How lists of missions and officials call what they have, by what it means; folded."""
    missions: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What we call a mission whose list gives no name, by its English title; empty: in English."""


@cache
def facts_of(code: str) -> LanguageFacts:
    values = read_language_file(code, "language.toml")
    columns = {meaning: tuple(heads) for meaning, heads in values.pop("columns", {}).items()}
    numbers = tuple(values.pop("numbers", ()))
    return LanguageFacts(**values, numbers=numbers, columns=columns)


def read_language_file(code: str, name: str) -> dict[str, Any]:
    """Read a language's file, of "es-MX" that of "es" where it has none; nothing of neither."""
    for folder in (code.replace("-", "_"), code.partition("-")[0]):
        if folder.isidentifier() and (path := FOLDER / folder / name).is_file():
            return tomllib.loads(path.read_text(encoding="utf-8"))
    return {}


@cache
def languages_read() -> tuple[str, ...]:
    """List the languages of which people have read all that the pages say, as menus have them."""
    text = (FOLDER / "languages.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["read"])


@cache
def translated_languages() -> tuple[str, ...]:
    """List English and each language that has a catalogue, those that people have read first."""
    catalogs = FOLDER.glob("*/LC_MESSAGES/messages.po")
    codes = sorted(path.parts[-3].replace("_", "-") for path in catalogs)
    return tuple(dict.fromkeys((*languages_read(), *codes)))
