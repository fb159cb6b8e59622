"""Names that are made to look like another: letters of other scripts, figures for letters. Pure.

After Unicode's confusables (UTS 39), cut down to the letters that our fonts print.
"""

import re
from collections.abc import Iterable

from campaign.folding import fold

_LOOKS = str.maketrans(
    {
        # Cyrillic
        "а": "a", "в": "b", "е": "e", "ё": "e", "к": "k", "м": "m", "н": "h", "о": "o", "р": "p",
        "с": "c", "т": "t", "у": "y", "х": "x", "ѕ": "s", "і": "i", "ї": "i", "ј": "j", "һ": "h",
        "ԁ": "d", "ԛ": "q", "ԝ": "w", "ь": "b", "г": "r", "п": "n", "ӏ": "l", "з": "3", "б": "6",
        # Greek
        "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v", "ο": "o",
        "ρ": "p", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "γ": "y", "ζ": "z", "σ": "o", "ς": "c",
        # Figures and signs that stand for letters
        "0": "o", "1": "l", "|": "l", "!": "l", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s",
        "@": "a", "€": "e",
        # Latin
        "ɑ": "a", "ə": "e", "ſ": "s", "æ": "ae", "œ": "oe", "þ": "p", "ħ": "h", "ŋ": "n",
    }
)  # fmt: skip
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_NOT_A_WORD = re.compile(r"[\W_]+")
_SAME = str.maketrans({"i": "l", "j": "l"})
_SHORTEST = 4
"""Shorter names are alike by chance."""


def skeleton(text: str) -> str:
    """What a reader takes a name for at a glance: equal skeletons look alike."""
    plain = fold(text).translate(_LOOKS)
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
    return _NOT_A_WORD.sub("", plain.translate(_SAME))


def looks_like_any(name: str, others: Iterable[str]) -> str | None:
    """The first of `others` that `name` looks like, in whatever order its words stand."""
    shapes = {skeleton(name), skeleton(" ".join(reversed(name.split())))}
    for other in others:
        shape = skeleton(other)
        if len(shape) >= _SHORTEST and shape in shapes:
            return other
    return None
