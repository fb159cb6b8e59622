"""Unicode normal forms of texts that anybody may send. Pure.

Before 3.13, Python sorts a run of combining marks by insertion: one of 240 KB takes 21 seconds.
In the Stream-Safe Text Format (Unicode Standard Annex 15, section 13) no run is longer than 30.
"""

import re
import unicodedata
from typing import Literal

_MOST_MARKS = 30
_JOINER = "\u034f"  # combining grapheme joiner: ends a run, draws nothing
# Marks are no part of words for `re`. What else fits is looked at mark by mark.
_LONG_RUN = re.compile(rf"[^\w\s]{{{_MOST_MARKS + 1},}}")


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
