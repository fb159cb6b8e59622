"""Bars of tables and the small columns of a list. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a table, of a hundred units."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class SmallColumn:
    """A column of a chart without words."""

    x: float
    y: float
    width: float
    height: float


def bar(value: int, most: int, *, mirrored: bool) -> Bar:
    """How long the bar of a value is; what is not nothing can be seen."""
    width = round(max(value / most * 100, 0.6), 2) if value > 0 and most > 0 else 0.0
    return Bar(round(100 - width, 2) if mirrored else 0.0, width)


def spark(
    days: Sequence[int], *, width: float = 84, height: float = 20, mirrored: bool
) -> list[SmallColumn]:
    """Small columns without words, for a line of a list."""
    most = max(days, default=0)
    if not most:
        return []
    step = width / len(days)
    made: list[SmallColumn] = []
    for n, value in enumerate(days):
        high = round(max(value / most * height, 1.0), 2) if value else 0.0
        x = round(width - (n + 1) * step if mirrored else n * step, 2)
        made.append(SmallColumn(x, round(height - high, 2), round(step - 1, 2), high))
    return made
