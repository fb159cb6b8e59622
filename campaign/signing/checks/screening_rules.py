"""What of a letter is looked at before it counts, as each campaign sets it. Pure.

`WordRules` refuse a letter while its writer is there and can mend it; a rule takes the letter and
holds it. The first is right for what nobody means to send (a telephone number), the second for
what a list cannot judge alone, and for what should not be told to who tries how far it goes.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from campaign.core.text.fold import fold, normal_form
from campaign.core.text.phrases import Phrases, phrases_of
from campaign.signing.checks.wordlist import (
    INSULT,
    LINK,
    PHONE,
    THREAT,
    insults_in,
    is_in_prose,
    links,
    phones,
    threat_places,
    words_by_language,
)

# What looks alike is Unicode's table of confusables (UTS 39); `make confusables` writes its file.
_MORE = str.maketrans("!3457$@€пβμωςəſ", "leastsaenbuwces")
"""Figures and signs that people write for letters, and letters that Unicode finds less alike."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SAME = str.maketrans({"i": "l", "j": "l"})
_SHORTEST = 4  # Shorter names are alike by chance
MOST_FIRST = 1000
LEAST_ALIKE = 5  # Fewer letters alike are nothing: people copy a good sentence


@cache
def _looks() -> dict[int, str]:
    text = Path(__file__).with_name("confusables.json").read_text(encoding="utf-8")
    groups: dict[str, str] = json.loads(text)["letters"]
    table = {ord(letter): plain for plain, letters in groups.items() for letter in letters}
    return table | {letter: chr(plain) for letter, plain in _MORE.items()}


def skeleton(text: str) -> str:
    """Return what a reader takes a name for at a glance: equal skeletons look alike."""
    plain = fold(normal_form("NFD", text).translate(_looks()))
    for pair, letter in _PAIRS:
        plain = plain.replace(pair, letter)
    return "".join(
        letter for letter in plain.translate(_SAME) if unicodedata.category(letter)[0] in "LMN"
    )


def looks_like_any(name: str, others: Iterable[str]) -> str | None:
    """Return the first of `others` that `name` looks like, in whatever order its words stand."""
    shapes = _shapes(name) | _shapes(" ".join(reversed(name.split())))
    for other in others:
        if any(len(shape) >= _SHORTEST and shape in shapes for shape in _shapes(other)):
            return other
    return None


def _shapes(name: str) -> set[str]:
    """Return its skeleton, and that without capitals, which may look like other letters."""
    return {skeleton(name), skeleton(name.lower())}


def private_places(text: str) -> Iterator[tuple[int, int]]:
    for match in _private().finditer(text):
        yield match.span()


@cache
def _private() -> re.Pattern[str]:
    """Somebody's family by name, or where they live; held, as no rule can know what is public."""
    called = "|".join(rf"(?:{words})\s" for words in words_by_language("called").values())
    named = rf"(?:,\s|\s(?:{called})?)[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]\w*"
    kin = [rf"(?i:\b(?:{words})){named}" for words in words_by_language("kin").values()]
    homes = [rf"(?i:{home})" for words in words_by_language("private").values() for home in words]
    return re.compile("|".join([*kin, *homes]))


class Reason(StrEnum):
    """Why a letter is held, in the order in which it is told."""

    CHANGED = "changed"
    RISK = "risk"
    NOT_ALLOWED = "not-allowed"
    """It has a word in common with a risk flag: the form does not refuse it."""
    THREAT = THREAT
    WATCHED = "watched-word"
    PRIVATE = "private"
    INSULT = INSULT
    LINK = LINK
    PHONE = PHONE
    MARKUP = "markup"
    LOOKALIKE = "look-alike"
    SIMILAR = "similar"
    LONG = "long"
    SHORT = "short"
    FIRST = "first"


SILENT = frozenset({Reason.RISK, Reason.NOT_ALLOWED})
"""Reasons of which the writer learns nothing, not even that the letter is held."""

TOLD_BEFORE = frozenset({Reason.PRIVATE, LINK, PHONE, Reason.FIRST})
"""Reasons that a writer is told before signing: they go by rules that give away no case."""


@dataclass(frozen=True, slots=True)
class ScreeningRules:
    """The rules of one campaign. Without any set, only look-alike names are held."""

    first: int = 0  # How many of the campaign's first letters are held; 0: none
    longer_than: int = 0  # Characters of own words beyond which a letter is held; 0: never
    shorter_than: int = 0
    """Characters of own words below which one is held, where there are any; 0: never."""
    alike: int = 0  # From how many confirmed letters that say nearly the same; 0: never
    watched: tuple[str, ...] = ()  # Words that hold a letter; its writer is not told which
    held: tuple[str, ...] = ()
    """Of `insult`, `link` and `phone-number`: those that hold instead of being refused."""
    insult_languages: tuple[str, ...] | None = None  # Whose lists of insults apply; None: all
    lookalikes: bool = True
    """Whether names that look like the staff's, the organisation's or the campaign's are held."""

    @classmethod
    def of(cls, stored: Mapping[str, object] | None) -> "ScreeningRules":
        names = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in (stored or {}).items()
            if name in names
        }
        return cls(**values)

    @property
    def stored(self) -> dict[str, object]:
        """What the campaign's column holds: only what differs from the defaults."""
        defaults = asdict(ScreeningRules())
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != defaults[name]
        }


@dataclass(frozen=True, slots=True)
class CaseWords:
    risks: tuple[str, ...] = ()
    public: str = ""
    not_allowed: tuple[str, ...] = ()
    """Words not allowed in a letter that the form does not refuse."""


NO_CASE = CaseWords()


@dataclass(frozen=True, slots=True)
class HeldPlace:
    reason: str
    start: int
    end: int


def list_held_places(
    text: str,
    rules: ScreeningRules,
    regions: Iterable[str] = (),
    *,
    proposed_text: str = "",
    case: CaseWords = NO_CASE,
) -> list[HeldPlace]:
    """List every place of a text that a rule names, in order, none within another.

    `proposed_text` is the campaign's own letter: that is never the supporter's doing. What
    `case` tells everybody is no private detail, and no risk any more.
    """
    places = [HeldPlace(THREAT, *place) for place in threat_places(text)]
    places += (HeldPlace(Reason.PRIVATE, *place) for place in private_places(text))
    told = f"{case.public}\n{proposed_text}"
    named = _watched(case.risks)
    flagged = [
        (start, end)
        for start, end in (named.places(text) if named else ())
        if text[start:end] not in told
    ]
    places += (HeldPlace(Reason.RISK, *place) for place in flagged)
    if not_allowed := _watched(case.not_allowed):
        places += (
            HeldPlace(Reason.NOT_ALLOWED, start, end)
            for start, end in not_allowed.places(text)
            if not any(start < flag_end and flag_start < end for flag_start, flag_end in flagged)
        )
    if watched := _watched(rules.watched):
        places += (HeldPlace(Reason.WATCHED, *place) for place in watched.places(text))
    if listed := insults_in(rules.insult_languages):
        places += (
            HeldPlace(INSULT, start, end)
            for start, end in listed.places(text)
            if INSULT in rules.held or is_in_prose(text[start:end])
        )
    if LINK in rules.held:
        places += _found_again(LINK, text, links(text))
    if PHONE in rules.held:
        places += _found_again(PHONE, text, phones(text, regions))
    own = [
        place
        for place in places
        if (words := text[place.start : place.end]) not in proposed_text
        and not (place.reason in {Reason.RISK, Reason.PRIVATE} and words in case.public)
    ]
    return _apart(sorted(own, key=lambda place: (place.start, -place.end)))


def reasons_of_text(
    text: str,
    rules: ScreeningRules,
    regions: Iterable[str] = (),
    *,
    proposed_text: str = "",
    case: CaseWords = NO_CASE,
) -> list[str]:
    if not text:
        return []
    places = list_held_places(text, rules, regions, proposed_text=proposed_text, case=case)
    reasons = {place.reason for place in places}
    if rules.longer_than and len(text) > rules.longer_than:
        reasons.add(Reason.LONG)
    if rules.shorter_than and len(text) < rules.shorter_than:
        reasons.add(Reason.SHORT)
    return in_order(reasons)


def reasons_of_name(
    name: str, others: Iterable[str] = (), *, risks: tuple[str, ...] = ()
) -> list[str]:
    named, insults = _watched(risks), insults_in(None)
    reasons: list[str] = [Reason.RISK] if named and any(named.places(name)) else []
    reasons += [INSULT] if insults and any(insults.places(name)) else []
    reasons += [Reason.MARKUP] if "<" in name or ">" in name else []
    return [*reasons, Reason.LOOKALIKE] if looks_like_any(name, others) else reasons


def in_order(reasons: Iterable[str]) -> list[str]:
    given = set(reasons)
    return [reason.value for reason in Reason if reason in given]


def pieces(text: str, places: Iterable[HeldPlace]) -> Iterator[tuple[str, str]]:
    """Split a text, each piece with the reason that holds it; "": none."""
    at = 0
    for place in places:
        if place.start > at:
            yield text[at : place.start], ""
        yield text[place.start : place.end], place.reason
        at = place.end
    if at < len(text):
        yield text[at:], ""


@lru_cache(maxsize=200)
def _watched(words: tuple[str, ...]) -> Phrases | None:
    return phrases_of(words)


def _found_again(reason: str, text: str, parts: Iterable[str]) -> Iterator[HeldPlace]:
    for part in dict.fromkeys(parts):
        at = text.find(part) if part else -1
        while at >= 0:
            yield HeldPlace(reason, at, at + len(part))
            at = text.find(part, at + len(part))


def _apart(places: list[HeldPlace]) -> list[HeldPlace]:
    kept: list[HeldPlace] = []
    for place in places:
        if not kept or place.start >= kept[-1].end:
            kept.append(place)
    return kept
