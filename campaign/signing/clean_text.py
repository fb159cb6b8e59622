"""Lines and texts that people type, tidied or found wrong. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from campaign.core.text.fold import normal_form
from campaign.printing.fonts import missing_glyphs

PARAGRAPH_LIMIT = 20  # Paragraphs of own words: more would not look like a letter
_MARKS_IN_A_ROW = 4
"""Combining marks on one letter. Vietnamese needs two, pointed Hebrew three, Tibetan four."""
_NAMED = 3
_LONGER_THAN_A_LETTER = 50_000
"""Characters; a text of more is too long in any case, and is not looked at closely."""

# Direction marks, zero-width spaces, soft hyphens, invisible operators, Hangul fillers: they come
# along when text is pasted, and a name reads the same without them. A blank of Braille is a space.
_INVISIBLE: Mapping[int, str | None] = {
    **dict.fromkeys(map(ord, "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\ufeff")),
    **dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0")),
    **dict.fromkeys([*range(0x2060, 0x2065), *range(0x206A, 0x2070), *range(0xE0000, 0xE0080)]),
    0x2800: " ",
}
# NUL and other control characters but tab and line ends, halves of surrogate pairs, U+FFFD, and
# embeddings, overrides and isolates of direction.
_NO_KEYBOARD_TYPES = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffd\u202a-\u202e\u2066-\u2069]"
)
_JOINERS = "\u200c\u200d"
_AFTER_A_WORD = ".,;:!?…)]،؛؟。、"
_EMOJI_JOINERS = "\u200d\ufe0e\ufe0f\u20e3"
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is not taken: a slug, and what its wording needs."""

    slug: str
    data: Mapping[str, object] = field(default_factory=dict)
    also: tuple["Problem", ...] = ()
    """What else is wrong with the same text, so that it can be mended in one go."""


def check_line(text: str, *, limit: int, needed: str = "") -> str | Problem:
    """Tidy a line; `needed` is the slug of the problem of an empty one."""
    if problem := _unreadable(text):
        return problem
    if any(character in text for character in "\r\n\u2028\u2029\x85"):
        return Problem("one-line")
    tidy = " ".join(_without_marks(text.replace("\t", " ")).split())
    if not tidy.strip(_JOINERS + " "):
        return Problem(needed) if needed else ""
    if len(tidy) > limit:
        return Problem("too-long", {"limit": limit, "length": len(tidy)})
    return _unprintable(tidy) or tidy


def check_text(text: str, *, limit: int, paragraphs: int = PARAGRAPH_LIMIT) -> str | Problem:
    """Tidy own words: paragraphs with one empty line between them."""
    if problem := _unreadable(text):
        return problem
    lines = _LINE_ENDS.sub("\n", _without_marks(text)).replace("\t", " ").split("\n")
    tidy = re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()
    if not tidy.strip(_JOINERS + " \n"):
        return ""
    length = length_of(tidy)
    if length > limit:
        return Problem("too-long-words", {"limit": limit, "length": length})
    if all(unicodedata.category(sign)[0] in "MZ" for sign in tidy if sign not in "\n" + _JOINERS):
        return Problem("no-letter")  # marks with nothing under them
    if tidy.count("\n\n") >= paragraphs:
        return Problem("too-many-paragraphs", {"limit": paragraphs})
    return _unprintable(tidy) or tidy


def length_of(text: str) -> int:
    """Count characters; where signs stand for whole sentences (U+FDFA), those of the sentences.

    All that looks for words in a text looks at these.
    """
    length = len(text)
    if text.isascii() or length > _LONGER_THAN_A_LETTER:
        return length
    spelled_out = len(normal_form("NFKC", text))
    return spelled_out if spelled_out > 2 * length else length


def without_emoji(text: str) -> str:
    unprintable = {glyph for glyph in missing_glyphs(text) if _is_emoji(glyph)}
    kept: list[str] = []
    after_emoji = False
    for character in text:
        was_emoji = after_emoji
        after_emoji = character in unprintable or (was_emoji and character in _EMOJI_JOINERS)
        if after_emoji:
            continue
        while was_emoji and character in _AFTER_A_WORD and kept[-1:] == [" "]:
            kept.pop()
        kept.append(character)
    return re.sub(r"(?<=\S) {2,}", " ", "".join(kept))


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Sk"} or character in _EMOJI_JOINERS


def _without_marks(text: str) -> str:
    return normal_form("NFC", text.translate(_INVISIBLE))


def _unreadable(text: str) -> Problem | None:
    """Find what no keyboard types: NUL, control characters, overrides of direction."""
    unreadable = _NO_KEYBOARD_TYPES.search(text)
    if unreadable is None:
        return None
    character = unreadable[0]
    if character == "\0":
        return Problem("nul")
    if character == "\ufffd" or unicodedata.category(character) == "Cs":
        return Problem("not-text")
    if unicodedata.category(character) == "Cc":
        return Problem("control-character")
    return Problem("bidi-control")


def _unprintable(text: str) -> Problem | None:
    """Find marks stacked into a tower, and characters that our fonts do not have."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return None
    row = 0
    for character in text:
        kind = unicodedata.category(character)
        if kind in {"Mn", "Me"}:
            row += 1
        elif kind != "Mc" and character not in _JOINERS:
            row = 0  # what joins letters, or stands beside one, begins no new one
        if row > _MARKS_IN_A_ROW:
            return Problem("stacked-marks")
    missing = [*_odd(text), *missing_glyphs(text)]
    if missing:
        named = [glyph for glyph in dict.fromkeys(missing) if not _is_emoji(glyph)]
        if not named:
            return Problem("emoji")
        return Problem("cannot-print", {"characters": tuple(named[:_NAMED]), "more": len(named)})
    return None


def _odd(text: str) -> Iterable[str]:
    """Yield characters that draw nothing, or something else on every machine."""
    for character in text:
        kind = unicodedata.category(character)
        if kind in {"Co", "Cn", "Zl", "Zp"} or (kind == "Cf" and character not in _JOINERS):
            yield character
