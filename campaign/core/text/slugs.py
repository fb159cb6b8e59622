"""Texts as people and files give them: cleaned, and made into slugs. Pure."""

import re
import unicodedata

from campaign.core.text.fold import fold_name

_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SLUG_LENGTH = 72
"""Characters; a number and a hyphen still fit in the column's 80."""
RESERVED = {"bulk", "new", "imports", "duplicates", "search", "merge"}
"""Words of addresses that no official or mission can be."""


def has_forbidden_characters(text: str, *, lines: bool = False) -> bool:
    """Return whether `text` holds what no name or address does: controls, surrogates, bidi marks.

    `lines` lets line ends through.
    """
    for character in text:
        if lines and character in "\r\n":
            continue
        if character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}:
            return True
    return False


def slugify(*parts: str) -> str:
    """Return a slug of ASCII letters, figures and hyphens, at most 72; "x" of nothing."""
    ascii_only = fold_name(" ".join(parts)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only)[:_SLUG_LENGTH].strip("-")
    return slug or "x"


def free_slug(slug: str, used: set[str]) -> str:
    """Return `slug`, or with the first number from 2 that is not `used`."""
    number, free = 1, slug
    while free in used or free in RESERVED:
        number += 1
        free = f"{slug}-{number}"
    return free


def split_lines(text: str) -> list[str]:
    """Return the lines of `text` that say something, trimmed."""
    return [line.strip() for line in text.splitlines() if line.strip()]
