"""How much room a text takes, by the widths of our own fonts, without laying it out. Pure.

In an envelope's window long lines wrap, and lines of some scripts are higher than others. Where
they then have no room, the address is set a size smaller: by an estimate, never by a layout, so
that the preview and every way of printing choose alike.
"""

import functools
import itertools
import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from fontTools.ttLib import TTFont

from campaign.core import asset_paths
from campaign.printing.geometry import (
    PT_PER_MM,
    TIGHT,
    AddressRoom,
    LabelSheet,
    Layout,
    TypeSize,
    envelopes_for,
    label_sheets_for,
)

_SAFETY = 1.006
"""So much wider than by their advances texts are taken to be: kerning, hanging marks, rounding."""
# Widths, in em, of what our own fonts do not have: at least what the system's fonts take.
_WIDE, _OTHER, _JOINED = 1.0, 0.75, 0.45
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_PIECE = re.compile(r"[^\s\-–—]*[-–—]+|[^\s\-–—]+")


_SIZES = {"": TypeSize(10.5, 12.0, 11.3), "dense": TypeSize(9.5, 10.0, 9.5), "tight": TIGHT}
"""Those of `sheet.css`; an address takes the first in which it has room."""
_TALLER = (
    (0x058F, 0.01), (0x05FF, 0.05), (0x08FF, 0.134), (0x097F, 0.2), (0x0BFF, 0.11),
    (0x0C7F, 0.16), (0x0CFF, 0.252), (0x0EFF, 0.112), (0x0FFF, 0.295), (0x109F, 0.12),
    (0x17FF, 0.04), (0xFB4F, 0.085), (0xFEFF, 0.134), (0x10FFFF, 0.085),
)  # fmt: skip
"""By how much of the type's size a line grows with a character that our serif does not have, up to
the last character of blocks of Unicode: its font stands higher or lower on the line (Naskh, Noto).
"""
_TOLERANCE = 0.05 * PT_PER_MM  # as `Box.holds` has it
_ROOMY_LINES = 5  # lines that an address of the largest size may be given
_CACHED = 8192
_NOT_LATIN = "\u0250"  # the first character after the Latin letters of Unicode's first blocks


def count_lines(text: str, width: float, size: float, weight: str = "Regular") -> int:
    """Lines that a paragraph takes in a column of `width` pt."""
    ems = round(width / size, 3)
    # Names and towns take one line however wide their letters are: they need not be measured.
    if len(text) * _widest_latin(weight) <= ems and max(text, default="") < _NOT_LATIN:
        return 1 + text.count("\n")
    return _count(text, ems, weight)


@functools.lru_cache(maxsize=_CACHED)
def _count(text: str, ems: float, weight: str) -> int:
    """Lines of a paragraph in a column so many times as wide as its type is high."""
    return sum(_count_line(line, ems, weight) for line in text.split("\n"))


def _count_line(line: str, ems: float, weight: str) -> int:
    lines, filled = 1, 0.0
    space = width_of(" ", weight)
    for piece, spaced in _pieces(line):
        wide = width_of(piece, weight)
        gap = space if spaced and filled else 0.0
        if filled + gap + wide <= ems:
            filled += gap + wide
            continue
        if filled:
            lines += 1
        # What is wider than the column is broken wherever it must be.
        more = max(0, math.ceil(wide / ems) - 1)
        lines += more
        filled = wide - more * ems
    return lines


def _pieces(line: str) -> Iterable[tuple[str, bool]]:
    """Give the pieces between which a line may be broken, each with whether a space precedes it."""
    for word in line.split():
        spaced = True
        parts = _PIECE.findall(word) if len(word) > 1 else [word]
        for part in parts:
            for piece in list(part) if _UNSPACED.search(part) else [part]:
                yield piece, spaced
                spaced = False


def width_of(text: str, weight: str = "Regular") -> float:
    ours = _advances(weight)
    widths = (
        ours[code] if (code := ord(character)) in ours else _width_elsewhere(character)
        for character in text
    )
    return sum(widths) * _SAFETY


@functools.lru_cache(maxsize=_CACHED)
def is_ours(text: str) -> bool:
    """Whether our own font has every character of a text."""
    return text.isascii() or all(
        ord(character) in _advances("Regular") or character == "\n" for character in text
    )


@functools.lru_cache(maxsize=4096)
def _width_elsewhere(character: str) -> float:
    """The width of a character that our fonts do not have."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0.0
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return _WIDE
    return _JOINED if unicodedata.bidirectional(character) in {"AL", "R"} else _OTHER


@functools.cache
def _widest_latin(weight: str) -> float:
    """Width of the widest Latin letter or sign, in em."""
    return max(width_of(chr(code), weight) for code in range(ord(" "), ord(_NOT_LATIN)))


@functools.cache
def _advances(weight: str) -> dict[int, float]:
    """Advance width of each character of our serif, in em."""
    path = asset_paths.folder("letters") / "fonts" / f"SourceSerif4-{weight}.ttf"
    with TTFont(path, lazy=True) as font:
        units, metrics = font["head"].unitsPerEm, font["hmtx"].metrics
        return {code: metrics[name][0] / units for code, name in font.getBestCmap().items()}


def size_of(lines: Sequence[str], layout: Layout | None) -> str:
    """Return in which size an address is set: the usual, "dense" or "tight".

    Without a sheet it is told by the number of its lines.
    """
    names = [name for name in _SIZES if name or len(lines) <= _ROOMY_LINES]
    if layout is None:
        return names[0]
    return next((name for name in names if _have_room(lines, layout, _SIZES[name])), names[-1])


def surely_fits(lines: Sequence[str], layout: Layout) -> bool:
    """Whether the press prints an address within the window, as far as our own fonts tell."""
    ours = all(is_ours(line) for line in lines)
    return ours and _have_room(lines, layout, _SIZES[size_of(lines, layout)])


def most_lines(layout: Layout) -> int:
    """Return how many lines the window holds of the smallest size."""
    return int(_room_of(layout) / _SIZES["tight"].leading)


def most_of_lines(lines: Sequence[str], layout: Layout) -> int:
    """Return how many of these lines the window holds in the smallest size, if none wraps."""
    size, rtl = _SIZES["tight"], _is_rtl(lines)
    heights = sorted((_line_height(line, size, rtl=rtl) for line in lines), reverse=True)
    return sum(height <= _room_of(layout) for height in itertools.accumulate(heights))


def most_that_fit(lines: Sequence[str], layouts: Iterable[Layout]) -> int | None:
    """Return how many lines of an address have room, of one that does not fit these windows.

    None where it is one line that is too long, and not their number.
    """
    layouts = list(layouts)
    most = min(most_of_lines(lines, layout) for layout in layouts)
    if most == len(lines) and any(some_wrap(lines, layout) for layout in layouts):
        return None
    return min(most, len(lines) - 1)


def longest_line(lines: Sequence[str]) -> str:
    """The line that takes most of the window's width; empty where there are no lines."""
    return max(lines, key=width_of, default="")


def some_wrap(lines: Sequence[str], layout: Layout) -> bool:
    """Whether a line is wider than the window even in the smallest size."""
    width, size = layout.address.width * PT_PER_MM, _SIZES["tight"].size
    return any(count_lines(line, width, size) > 1 for line in lines)


def find_room(lines: Sequence[str], rooms: Sequence[AddressRoom]) -> int | None:
    """Return which of the rooms is the first that holds an address; None where none does. Pure."""
    for index, room in enumerate(rooms):
        height = _height(lines, room.width * PT_PER_MM, room.size, rtl=False)
        if height <= room.height * PT_PER_MM + _TOLERANCE:
            return index
    return None


def label_sheet_for(labels: Iterable[Sequence[str]], layout: Layout) -> LabelSheet:
    """Return the first sheet of the letters' paper whose labels hold these, else the last. Pure.

    It goes into the same tray.
    """
    sheets, labels = label_sheets_for(layout), list(labels)
    for sheet in sheets:
        if all(find_room(lines, sheet.rooms()) is not None for lines in labels):
            return sheet
    return sheets[-1]


def fits_papers(lines: Sequence[str], layout: Layout) -> bool:
    """Whether an address fits a label, with a mark above it, and every envelope. Pure."""
    labels = find_room(("", *lines), label_sheets_for(layout)[-1].rooms())
    envelopes = [find_room(lines, sheet.rooms()) for sheet in envelopes_for(layout.paper)]
    return None not in (labels, *envelopes)


def _have_room(lines: Sequence[str], layout: Layout, size: TypeSize) -> bool:
    width = layout.address.width * PT_PER_MM
    return _height(lines, width, size, rtl=_is_rtl(lines)) <= _room_of(layout)


def _height(lines: Sequence[str], width: float, size: TypeSize, *, rtl: bool) -> float:
    return sum(
        count_lines(line, width, size.size) * _line_height(line, size, rtl=rtl) for line in lines
    )


def _line_height(line: str, size: TypeSize, *, rtl: bool) -> float:
    leading = size.rtl_leading if rtl else size.leading
    return leading + _growth(line) * size.size


@functools.lru_cache(maxsize=_CACHED)
def _growth(line: str) -> float:
    """By how much of the type's size a line is higher than its leading."""
    if is_ours(line):
        return 0.0
    others = (
        ord(character)
        for character in line
        if not is_ours(character) and unicodedata.category(character) != "Cf"
    )
    return max((_TALLER[bisect_left(_TALLER, (code,))][1] for code in others), default=0.0)


def _is_rtl(lines: Sequence[str]) -> bool:
    """Whether an address is set from right to left, by its first strong character."""
    kinds = (unicodedata.bidirectional(character) for line in lines for character in line)
    return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), False)


def _room_of(layout: Layout) -> float:
    return (layout.window.bottom - layout.address.y) * PT_PER_MM + _TOLERANCE
