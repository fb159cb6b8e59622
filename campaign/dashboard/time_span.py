"""Which days a campaign's chart is of. Pure."""

from collections.abc import Iterable
from datetime import date, timedelta

_STRAY = timedelta(days=60)
"""What is further off does not belong to the campaign's days."""


def span_of(
    days: Iterable[date], *, opened: date | None, ended: date | None, today: date
) -> tuple[date, date]:
    """The first and the last day of the time axis: those of the campaign's own signatures.

    An opening long before the first signature would leave the columns no room; a day long before
    the opening, long after the end or still to come is a mistake. Both stand in the table alone.
    """
    last = ended or today
    latest = min(today, last + _STRAY)
    own = [day for day in days if day <= latest and (opened is None or day >= opened - _STRAY)]
    last = max([min(last, today), *own])
    first = min([*own, last])
    if opened is not None and first - _STRAY <= opened < first:
        first = opened
    return first, last
