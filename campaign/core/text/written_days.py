"""Days as people and programs write them. Pure."""

import re
from contextlib import suppress
from datetime import date

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ].*)?")
_WITH_DOTS = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")
_WITH_STROKES = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})")


def list_days(text: str) -> set[date]:
    """List the days that it can be: "25.12.2021" is one, "11/12/2021" two, "2021" none.

    After a year comes the month. Else dots are only ever set between day, month and year; strokes
    are set in either order.
    """
    orders: list[tuple[str, ...]] = []
    if match := _YEAR_FIRST.fullmatch(text):
        orders = [match.group(1, 3, 4)]
    elif match := _WITH_DOTS.fullmatch(text):
        orders = [match.groups()[::-1]]
    elif match := _WITH_STROKES.fullmatch(text):
        first, _stroke, second, year = match.groups()
        orders = [(year, first, second), (year, second, first)]
    days: set[date] = set()
    for order in orders:
        with suppress(ValueError):
            days.add(date(*map(int, order)))
    return days
