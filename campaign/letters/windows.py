"""How an address stands in an envelope's window. Pure.

Long lines wrap. Where they then have no room in the window, the address is set a size smaller:
by an estimate, never by a layout, so that the preview and every way of printing choose alike.
"""

import math
from collections.abc import Sequence

from campaign.letters.breaking import count_lines, is_ours, width_of
from campaign.letters.layouts import Layout

_PT_PER_MM = 72 / 25.4
_ROOMY, _DENSE = (10.5, 12.0), (9.5, 10.0)
"""Size and leading, pt, of `sheet.css`."""
_ROOMY_LINES = 5
"""Lines that an address of the larger size may be given."""


def is_dense(lines: Sequence[str], layout: Layout | None) -> bool:
    """Whether an address is set a size smaller; without a sheet by the number of its lines."""
    if len(lines) > _ROOMY_LINES:
        return True
    return layout is not None and not _have_room(lines, layout, *_ROOMY)


def surely_fits(lines: Sequence[str], layout: Layout) -> bool:
    """Whether the press prints an address within the window, as far as our own fonts tell."""
    ours = all(is_ours(line) for line in lines)
    return ours and _have_room(lines, layout, *(_DENSE if is_dense(lines, layout) else _ROOMY))


def longest_line(lines: Sequence[str]) -> str:
    """The line that takes most of the window's width; empty where there are no lines."""
    return max(lines, key=width_of, default="")


def _have_room(lines: Sequence[str], layout: Layout, size: float, leading: float) -> bool:
    width = layout.address.width * _PT_PER_MM
    taken = sum(count_lines(line, width, size) for line in lines) * leading
    return math.floor(taken) <= (layout.window.bottom - layout.address.y) * _PT_PER_MM
