"""Names that are made to look like another: letters of other scripts, figures for letters. Pure.

What looks alike is Unicode's table of confusables (UTS 39); `make confusables` makes it.
"""

import json
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from campaign.core.text.fold import fold
from campaign.core.text.normal_form import normal_form

_MORE = str.maketrans("!3457$@€пβμωςəſ", "leastsaenbuwces")
"""Figures and signs that people write for letters, and letters that Unicode finds less alike."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SAME = str.maketrans({"i": "l", "j": "l"})
_SHORTEST = 4
"""Shorter names are alike by chance."""


@cache
def _looks() -> dict[int, str]:
    text = Path(__file__).with_name("confusables.json").read_text(encoding="utf-8")
    groups: dict[str, str] = json.loads(text)["letters"]
    table = {ord(letter): plain for plain, letters in groups.items() for letter in letters}
    return table | {letter: chr(plain) for letter, plain in _MORE.items()}


def skeleton(text: str) -> str:
    """Return what a reader takes a name for at a glance: equal skeletons look alike."""
    plain = fold(normal_form("NFD", text).translate(_looks()))
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
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
