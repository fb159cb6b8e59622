"""What must be right before and after a letter is laid out."""

import unicodedata
from collections.abc import Iterator, Mapping

from campaign.printing import fonts
from campaign.printing.envelope_window import most_lines
from campaign.printing.geometry import Layout
from campaign.printing.letter_content import LetterContext, Translation
from campaign.printing.problems import (
    ADDRESS_TOO_LONG,
    ADDRESS_TOO_WIDE,
    CONTROL_CHARACTER,
    EMPTY_FIELD,
    MISSING_GLYPH,
    LetterRefused,
    Problem,
)

__all__ = [
    "LetterRefused",
    "Problem",
    "check_address",
    "check_before",
    "check_characters",
    "check_empty",
    "texts_of",
]

_EMBEDDINGS = frozenset(["LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"])
_WIDEST_CHARACTER = 0.35
"""A line of capitals is about 0.7 em wide a character, of narrow letters half that; in em."""


def texts_of(context: LetterContext) -> dict[str, tuple[str, ...]]:
    """All texts of a letter that are printed, by field name."""
    texts: dict[str, tuple[str, ...]] = {}
    for name in LetterContext.__slots__:
        value = getattr(context, name)
        if name not in {"key", "locale", "translation"} and value:
            texts[name] = (value,) if isinstance(value, str) else tuple(value)
    if context.translation:
        texts["translation"] = tuple(_texts_of_translation(context.translation))
    return texts


def _texts_of_translation(translation: Translation) -> Iterator[str]:
    for name in Translation.__slots__:
        value = getattr(translation, name)
        if name != "locale":
            yield from (value,) if isinstance(value, str) else value


def check_before(context: LetterContext, layout: Layout) -> list[Problem]:
    """What can be seen to be wrong without laying the letter out; cheap."""
    return [
        *check_empty(context),
        *check_characters(texts_of(context)),
        *check_address(context.addressee_lines, layout),
    ]


def check_empty(context: LetterContext) -> list[Problem]:
    """Fields a letter can't do without, that are empty."""
    needed = ("addressee_lines", "salutation", "complimentary_close", "signature_name")
    problems = [
        Problem(EMPTY_FIELD, {"field": name})
        for name in needed
        if not "".join(getattr(context, name)).strip()
    ]
    if not any(
        text.strip()
        for name in ("opening", "points", "own_words", "closing")
        for text in getattr(context, name)
    ):
        problems.append(Problem(EMPTY_FIELD, {"field": "opening"}))
    return problems


def check_characters(texts: Mapping[str, tuple[str, ...]]) -> list[Problem]:
    """Characters that no font has, and control characters that change how text reads."""
    problems = []
    for name, parts in texts.items():
        text = "".join(parts)
        if text.isascii() and text.isprintable():
            continue
        problems += [
            _problem(CONTROL_CHARACTER, name, char)
            for char in dict.fromkeys(text)
            if _is_control(char)
        ]
        problems += [_problem(MISSING_GLYPH, name, char) for char in fonts.missing_glyphs(text)]
    return problems


def check_address(lines: tuple[str, ...], layout: Layout) -> list[Problem]:
    """What makes an address sure not to fit its window; the rest is measured."""
    if len(lines) > (most := most_lines(layout)):
        detail = {"lines": str(len(lines)), "most": str(most)}
        return [Problem(ADDRESS_TOO_LONG, detail)]
    # Even the narrowest letters would be wider than the window.
    most = int(layout.address.width / (_WIDEST_CHARACTER * 8.5 * 25.4 / 72) * 1.5)
    return [
        Problem(ADDRESS_TOO_WIDE, {"line": line, "most": str(most)})
        for line in lines
        if len(line) > most
    ]


def _is_control(character: str) -> bool:
    """Control, bidi-control, surrogate, private and unassigned characters; not a line break."""
    if character == "\n":
        return False
    category = unicodedata.category(character)
    if category == "Cf":
        # Joiners and the soft hyphen belong to ordinary writing; embeddings and overrides don't.
        return unicodedata.bidirectional(character) in _EMBEDDINGS
    return category in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}


def _problem(slug: str, field_name: str, character: str) -> Problem:
    detail = {
        "field": field_name,
        "character": f"U+{ord(character):04X}",
        "name": unicodedata.name(character, ""),
    }
    return Problem(slug, detail)
