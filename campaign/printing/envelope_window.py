"""How an address stands in an envelope's window. Pure.

Long lines wrap. Where they then have no room in the window, the address is set a size smaller:
by an estimate, never by a layout, so that the preview and every way of printing choose alike.
"""

import math
from collections.abc import Sequence

from campaign.printing.geometry import Layout
from campaign.printing.line_breaks import count_lines, is_ours, width_of

_PT_PER_MM = 72 / 25.4
_SIZES = {"": (10.5, 12.0), "dense": (9.5, 10.0), "tight": (8.5, 8.8)}
"""Size and leading, pt, of `sheet.css`; an address takes the first in which it has room."""
_ROOMY_LINES = 5
"""Lines that an address of the largest size may be given."""


def size_of(lines: Sequence[str], layout: Layout | None) -> str:
    """Return in which size an address is set: the usual, "dense" or "tight".

    Without a sheet it is told by the number of its lines.
    """
    names = [name for name in _SIZES if name or len(lines) <= _ROOMY_LINES]
    if layout is None:
        return names[0]
    return next((name for name in names if _have_room(lines, layout, *_SIZES[name])), names[-1])


def surely_fits(lines: Sequence[str], layout: Layout) -> bool:
    """Whether the press prints an address within the window, as far as our own fonts tell."""
    ours = all(is_ours(line) for line in lines)
    return ours and _have_room(lines, layout, *_SIZES[size_of(lines, layout)])


def most_lines(layout: Layout) -> int:
    """Return how many lines the window holds of the smallest size."""
    return int(_room_of(layout) / _SIZES["tight"][1])


def longest_line(lines: Sequence[str]) -> str:
    """The line that takes most of the window's width; empty where there are no lines."""
    return max(lines, key=width_of, default="")


def _have_room(lines: Sequence[str], layout: Layout, size: float, leading: float) -> bool:
    width = layout.address.width * _PT_PER_MM
    height = sum(count_lines(line, width, size) for line in lines) * leading
    return math.floor(height) <= _room_of(layout)


def _room_of(layout: Layout) -> float:
    """Height of the window below where the address begins, pt."""
    return (layout.window.bottom - layout.address.y) * _PT_PER_MM
