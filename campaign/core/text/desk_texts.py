"""What people type, made fit to keep: trimmed, one spelling, nothing hidden; slugs of it. Pure."""

import re
import unicodedata

from campaign.core.text.fold import fold_name, normal_form

_REFUSED_CATEGORIES = {"Cc", "Cs", "Co", "Cn"}
# Overrides and isolates of direction turn what is read away from what is stored.
_REFUSED = set("\u2028\u2029\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MANY_MARKS = 5
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SLUG_LENGTH = 72  # characters; a number and a hyphen still fit in the column's 80
RESERVED = {"bulk", "new", "imports", "duplicates", "search", "merge"}


def one_line(text: str | None) -> str:
    """Return `text` on one line: ends trimmed, runs of white space as one space, NFC."""
    spaced = re.sub(r"[ \t\r\n\xa0]+", " ", normal_form("NFC", text or ""))
    return _join_french_signs(spaced.strip())


def paragraphs(text: str | None) -> str:
    """Return `text` with line ends as LF, no space at the ends of lines, NFC."""
    unified = normal_form("NFC", text or "").replace("\r\n", "\n").replace("\r", "\n")
    lines = (line.replace("\t", "    ").rstrip() for line in unified.split("\n"))
    return _join_french_signs("\n".join(lines).strip("\n").strip())


def _join_french_signs(text: str) -> str:
    """Make the space that French has before a colon (and its like) one that does not break."""
    return re.sub(r"(?<=\S) (?=[:;!?»](?:\s|$))|(?<=«) (?=\S)", "\xa0", text)


def lines(text: str | None) -> list[str]:
    """Return the lines of `text` that say something, without the bullets that people type."""
    typed = (text or "").splitlines()
    plain = (one_line(re.sub(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+", "", line)) for line in typed)
    return [line for line in plain if line]


def has_hidden_characters(text: str) -> bool:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if character in _REFUSED or (category in _REFUSED_CATEGORIES and character != "\n"):
            return True
        marks = marks + 1 if category == "Mn" else 0
        if marks >= _MANY_MARKS:
            return True
    return False


def slug_of(text: str, limit: int = 80) -> str:
    """Return `text` as part of an address: "UA 58/20" is `ua-58-20`; empty of nothing."""
    plain = normal_form("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:limit].strip("-")


def has_forbidden_characters(text: str, *, lines: bool = False) -> bool:
    """Return whether no name or address holds that: controls, surrogates, bidi marks."""
    checked = re.sub(r"[\r\n]", "", text) if lines else text
    return any(
        sign in _BIDI or unicodedata.category(sign) in _REFUSED_CATEGORIES for sign in checked
    )


def slugify(*parts: str) -> str:
    """Return a slug of ASCII letters, figures and hyphens, at most 72; "x" of nothing."""
    return slug_of(fold_name(" ".join(parts)), _SLUG_LENGTH) or "x"


def free_slug(slug: str, used: set[str]) -> str:
    """Return `slug`, or with the first number from 2 that is not `used`."""
    number, free = 1, slug
    while free in used or free in RESERVED:
        number += 1
        free = f"{slug}-{number}"
    return free


def split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def group_code(code: str) -> str:
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def read_number(text: str, digits: int = 9) -> int | None:
    """Return a number of so many digits at most, as an address has it; None where it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if is_number else None
