"""A person's whole name, in the order in which its script is written. Pure."""

import unicodedata

_FAMILY_FIRST = (
    "CJK UNIFIED",
    "CJK COMPATIBILITY",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "IDEOGRAPHIC",
)


def full_name(given: str, family: str) -> str:
    """Return given and family name; in Han, kana and hangul the family name first, unspaced."""
    given, family = given.strip(), family.strip()
    if given and family and all(map(_is_family_first, given + family)):
        return family + given
    return f"{given} {family}".strip()


def _is_family_first(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_FAMILY_FIRST)
