"""Rectangles that are painted over a page, as a form sends them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 40
_NAMES = ("x", "y", "w", "h")
FRESH = 4
"""Empty lines of the form, for more."""


def bars_from(values: Mapping[str, str], pages: Sequence[str]) -> list[dict[str, Any]]:
    """The rectangles of a form: `page-0`, `x-0`, `y-0`, `w-0`, `h-0` and so on, in percent.

    Lines without numbers are left out. Raises ValueError with the number of a line that is wrong.
    """
    bars = []
    for at in range(MOST):
        said = [values.get(f"{name}-{at}", "").strip().replace(",", ".") for name in _NAMES]
        if not any(said):
            continue
        page = values.get(f"page-{at}", "")
        try:
            x, y, w, h = (float(one) for one in said)
        except ValueError as problem:
            raise ValueError(at + 1) from problem
        if page not in pages or not _fits(x, w) or not _fits(y, h):
            raise ValueError(at + 1)
        scan, _slash, number = page.partition("/")
        bars.append({"scan": scan, "page": int(number), "x": x, "y": y, "w": w, "h": h})
    return bars


def _fits(start: float, length: float) -> bool:
    """Whether it begins on the page and covers some of it; what runs over the edge is no harm."""
    return 0 <= start <= 100 and 0 < length <= 100
