"""Texts as they are compared: case, accents, points and apostrophes aside; normal forms. Pure.

Before 3.13, Python sorts a run of combining marks by insertion: one of 240 KB takes 21 seconds.
In the Stream-Safe Text Format (Unicode Standard Annex 15, section 13) no run is longer than 30.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

_MOST_MARKS = 30
_JOINER = "\u034f"  # combining grapheme joiner: ends a run, draws nothing
# Marks are no part of words for `re`. What else fits is looked at mark by mark.
_LONG_RUN = re.compile(rf"[^\w\s]{{{_MOST_MARKS + 1},}}")
_APOSTROPHES = dict.fromkeys("’‘ʼ＇`´", "'")
_DRAWN_OUT = "\u0640"  # Arabic tatweel
_LETTERS = {
    "ة": "ه", "ى": "ي", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "þ": "th",
    "æ": "ae", "œ": "oe",
}  # fmt: skip
"""Letters that Unicode does not take apart, as those write them who lack the key."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_NO_WORD = re.compile(r"\W+")
# Nuktas, voicing marks and viramas (combining classes 7 to 9) make another letter; what stands
# above, below or beside one in Latin, Greek, Cyrillic, Hebrew and Arabic is a manner of writing it.
_FIRST_ACCENT = 10


def normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return `text` in that form, in time that grows with its length alone."""
    if text.isascii():
        return text
    return unicodedata.normalize(form, _LONG_RUN.sub(_broken_up, text))  # noqa: TID251


def _broken_up(run: re.Match[str]) -> str:
    parts: list[str] = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            parts.append(_JOINER)
            marks = 1
        parts.append(character)
    return "".join(parts)


def western_digits(text: str) -> str:
    """Write the figures of other scripts as 0 to 9, as forms and the post compare them."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(character)) if unicodedata.category(character) == "Nd" else character
        for character in text
    )


def fold(text: str) -> str:
    """Return `text` as it is compared: "Łódź" is "lodz"; spaces and signs stay."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold, text))


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """Return the same, and for each character of it where in `text` it comes from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    parts = [_fold(character) for character in text]
    return "".join(parts), [at for at, part in enumerate(parts) for _ in part]


def split_words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def fold_name(text: str) -> str:
    """Return a name as it is looked up: words and figures alone, each apart by one space.

    "O’Brien & Søn" is "obrien and son". Marks that make another letter are left out too: who
    types a name often lacks them.
    """
    plain = fold(text).replace("'", "").replace("&", " and ")
    if not plain.isascii():
        plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(_NO_WORD.sub(" ", plain).split())


@lru_cache(maxsize=20_000)
def _fold(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    out = []
    for part in normal_form("NFKD", character).casefold():
        if (
            part == _DRAWN_OUT
            or unicodedata.category(part) == "Cf"
            or unicodedata.combining(part) >= _FIRST_ACCENT
        ):
            continue
        out.append(_LETTERS.get(part, part))
    return "".join(out)


def read_word_table(text: str) -> dict[str, list[str]]:
    """Read lines such as "CI: Côte d'Ivoire|ivory coast", each word as a name is looked up.

    An indented line goes on with the one above it.
    """
    rows = (line.partition(":") for line in text.strip().replace("\n  ", "").splitlines())
    return {key: [fold_name(word) for word in words.split("|")] for key, _colon, words in rows}
