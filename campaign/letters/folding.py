"""Words as they are compared: case, accents, points and apostrophes aside. Pure."""

import re
import unicodedata
from functools import lru_cache

_APOSTROPHES = dict.fromkeys("’‘ʼ＇`´", "'")
_DRAWN_OUT = "\u0640"  # Arabic tatweel
_LETTERS = {"ة": "ه", "ى": "ي", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss"}
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# Nuktas, voicing marks and viramas (combining classes 7 to 9) make another letter; what stands
# above, below or beside one in Latin, Greek, Cyrillic, Hebrew and Arabic is a manner of writing it.
_FIRST_ACCENT = 10


def folded(text: str) -> str:
    """`text` as it is compared."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold, text))


def folded_with_places(text: str) -> tuple[str, list[int]]:
    """The same, and for each character of it where in `text` it comes from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    parts = [_fold(character) for character in text]
    return "".join(parts), [at for at, part in enumerate(parts) for _ in part]


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(folded(text))


@lru_cache(maxsize=20_000)
def _fold(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    out = []
    for part in unicodedata.normalize("NFKD", character).casefold():
        if (
            part == _DRAWN_OUT
            or unicodedata.category(part) == "Cf"
            or unicodedata.combining(part) >= _FIRST_ACCENT
        ):
            continue
        out.append(_LETTERS.get(part, part))
    return "".join(out)
