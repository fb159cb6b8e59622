"""Which characters can be printed: by our own fonts, or by the system's.

Letters are set in Source Serif 4 and lists in Source Sans 3, Arabic in Noto Naskh Arabic, from
files of our own. Scripts these don't have come from fonts that fontconfig finds on the system
(Noto, by the documentation).
"""

import functools
import subprocess
from bisect import bisect_right
from collections.abc import Iterable

from fontTools.ttLib import TTFont

from campaign.core import asset_paths
from campaign.printing.problems import (
    FONT_FILE_MISSING,
    FONTCONFIG_MISSING,
    SCRIPT_MISSING,
    Problem,
)

FILES = (
    "SourceSerif4-Regular.ttf",
    "SourceSerif4-It.ttf",
    "SourceSerif4-Semibold.ttf",
    "SourceSerif4-SemiboldIt.ttf",
    "SourceSans3-Regular.ttf",
    "SourceSans3-It.ttf",
    "SourceSans3-Semibold.ttf",
    "NotoNaskhArabic-Regular.ttf",
    "NotoNaskhArabic-Bold.ttf",
)

SCRIPTS = {
    "Hebrew": "א",
    "Devanagari": "क",
    "Bengali": "ক",
    "Tamil": "க",
    "Thai": "ก",
    "Georgian": "ქ",
    "Armenian": "Ա",
    "Ethiopic": "አ",
    "Han": "中",
    "Hangul": "가",
    "Kana": "あ",
}
"""Scripts `check` asks the system's fonts for, each with one character of it."""

# Emoji and pictographs: only colour fonts have them, and those don't print on paper as they look.
_PICTOGRAPHS = (0x1F000, 0x1FAFF)
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): nothing to draw.
_IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Fonts that claim characters which they only draw as boxes, blanks or colour pictures.
_NOT_TRUSTED = ("emoji", "lastresort", "last resort", "blank")


class _Ranges:
    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        merged: list[list[int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], last)
            else:
                merged.append([first, last])
        self._firsts = [first for first, _ in merged]
        self._lasts = [last for _, last in merged]

    def __contains__(self, code: int) -> bool:
        index = bisect_right(self._firsts, code) - 1
        return index >= 0 and code <= self._lasts[index]

    def __bool__(self) -> bool:
        return bool(self._firsts)


_IGNORED = _Ranges(_IGNORABLE)


@functools.cache
def own_characters() -> frozenset[int]:
    """The code points that both of our Latin families have."""
    return _characters("SourceSerif4-Regular.ttf") & _characters("SourceSans3-Regular.ttf")


@functools.cache
def arabic_characters() -> frozenset[int]:
    return _characters("NotoNaskhArabic-Regular.ttf")


def _characters(name: str) -> frozenset[int]:
    with TTFont(asset_paths.folder("letters") / "fonts" / name, lazy=True) as font:
        return frozenset(font.getBestCmap())


@functools.cache
def system_characters() -> _Ranges:
    """The code points of the system's fonts, asked of fontconfig once; none without it."""
    try:
        listing = subprocess.run(
            ["fc-list", "--format", "%{family}\t%{charset}\n"],  # noqa: S607
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return _Ranges(())
    ranges = set()
    for line in set(listing.splitlines()):
        family, _, charset = line.partition("\t")
        if not any(word in family.lower() for word in _NOT_TRUSTED):
            for item in charset.split():
                first, _, last = item.partition("-")
                ranges.add((int(first, 16), int(last or first, 16)))
    return _Ranges(ranges)


def missing_glyphs(text: str) -> list[str]:
    """The characters of `text` that no font can print, in order, each once.

    Characters that are never drawn (joiners, soft hyphens, variation selectors, line breaks) are
    not missing. Emoji are.
    """
    return [character for character in dict.fromkeys(text) if not _can_print(ord(character))]


@functools.lru_cache(maxsize=65536)
def _can_print(code: int) -> bool:
    if code in {0x09, 0x0A, 0x0D} or code in _IGNORED:
        return True
    if _PICTOGRAPHS[0] <= code <= _PICTOGRAPHS[1]:
        return False
    return any(
        code in ours for ours in (own_characters(), arabic_characters(), system_characters())
    )


def check() -> list[Problem]:
    """What is missing on this machine: font files of ours, fontconfig, or whole scripts."""
    folder = asset_paths.folder("letters") / "fonts"
    problems = [
        Problem(FONT_FILE_MISSING, {"file": name})
        for name in FILES
        if not (folder / name).is_file()
    ]
    if not system_characters():
        return [*problems, Problem(FONTCONFIG_MISSING)]
    return problems + [
        Problem(SCRIPT_MISSING, {"script": script, "example": example})
        for script, example in SCRIPTS.items()
        if missing_glyphs(example)
    ]
