"""Which of some languages a text names, by a code or a name, as people write it in tables."""

import re
from collections.abc import Sequence
from functools import lru_cache

from babel.core import get_global

from campaign.core.i18n import names_of_languages
from campaign.core.language_facts import translated_languages
from campaign.core.text.fold import fold_name

_LONGEST = 100
_NEXT = re.compile(r"[(/,;|&،؛]|\s(?:and|or|et|ou|y|e|o|und|oder)\s|\sو\s?", re.IGNORECASE)


def find_language(typed: str, codes: Sequence[str]) -> str:
    """Return the one of `codes` that is named: by "fr_CA", "fra", "Français"; else nothing.

    Where several are named, the first.
    """
    tag = typed[:_LONGEST].replace("_", "-")
    first = _NEXT.split(tag)[0]
    names = _list_names(tuple(codes))
    ways = map(fold_name, (tag, first, first.partition("-")[0]))
    return next((names[way] for way in ways if way in names), "")


@lru_cache(maxsize=8)
def _list_names(codes: tuple[str, ...]) -> dict[str, str]:
    """Return which code is meant by codes, and by names in each of these languages and of ours.

    Who reads Portuguese as in Portugal rather reads it as in Brazil than another language.
    """
    entries = [(fold_name(code), code) for code in codes]
    entries += [(code.partition("-")[0], code.partition("-")[0]) for code in codes]
    # ISO 639-2 and 639-3: "fre" and "fra".
    entries += [(alias, tag) for alias, tag in get_global("language_aliases").items()]
    # Also called so where they are written.
    entries += [("castellano", "es"), ("castilian", "es"), ("عربي", "ar")]
    for code in dict.fromkeys((*codes, *translated_languages())):
        entries += [(fold_name(name), tag) for tag, name in names_of_languages(code).items()]
    names: dict[str, str] = {}
    for name, tag in entries:
        if code := _choose_nearest(tag.replace("_", "-"), codes):
            names.setdefault(name, code)
    return names


def _choose_nearest(tag: str, codes: Sequence[str]) -> str:
    if tag in codes:
        return tag
    language = tag.partition("-")[0]
    return next((code for code in codes if code.partition("-")[0] == language), "")
