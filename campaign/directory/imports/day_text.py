"""Days as files write them."""

import calendar
import re
from datetime import date

from campaign.directory.imports.read_rows import N_, UnreadableRow

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?")
_WITH_DOTS = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")


def read_day(column: str, text: str, *, last: bool = False) -> date | None:
    """The day that `text` names; of a year or month alone the first, or with `last` the last.

    Nothing for an empty text. Raises UnreadableRow where the calendar has no such day.
    """
    text = text.strip()
    if not text:
        return None
    # Dots are only ever set between day, month and year; strokes are set in either order.
    found = _DAY.fullmatch(_WITH_DOTS.sub(r"\3-\2-\1", text))
    year, month, day = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    try:
        month = month or (12 if last else 1)
        return date(year, month, day or (calendar.monthrange(year, month)[1] if last else 1))
    except ValueError as problem:
        raise UnreadableRow(
            column,
            N_("“%(value)s” is no day of the calendar; write year, month and day: 2026-11-24."),
            value=text,
        ) from problem
