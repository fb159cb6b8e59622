"""Days as people type them: read, or refused with what is wrong about them, in words.

A browser empties a date field of what is no day. Where something is wrong the field is therefore
one of text: what was typed stays, to be corrected.
"""

import calendar
import re
from datetime import date

from babel.dates import format_skeleton
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import Field
from wtforms.widgets import DateInput, DateTimeLocalInput

from campaign.core import i18n

_WRITTEN = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


class NoDay(ValueError):
    """What was typed is no day; its text says why."""


def read_day(typed: str, form: object = "") -> date:
    """Return the day of "2026-12-04". Raises NoDay, where it is not written so, saying `form`."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        asked = form or _("Enter the date as year, month and day: 2026-12-04.")
        raise NoDay(no_such_day(typed) or str(asked)) from None


def no_such_day(typed: str) -> str:
    """Say that the calendar has no such day: "There is no 31 February 2027."; else nothing."""
    match = _WRITTEN.match(typed.strip())
    year, month, day = map(int, match.groups()) if match else (0, 0, 0)
    if not year or not 1 <= month <= 12 or 1 <= day <= calendar.monthrange(year, month)[1]:
        return ""
    locale = i18n.locale().replace("-", "_")
    named = format_skeleton("yMMMM", date(year, month, 1), locale=locale)
    return str(_("There is no %(day)s %(month)s.", day=day, month=named))


class DayInput(DateInput):  # type: ignore[misc]
    """A date field; one of text where it holds what is no day."""

    def __call__(self, field: Field, **kwargs: object) -> Markup:
        html: Markup = super().__call__(field, **(kwargs | _as_text(field)))
        return html


class MomentInput(DateTimeLocalInput):  # type: ignore[misc]
    """A field of day and time; one of text where it holds what is none."""

    def __call__(self, field: Field, **kwargs: object) -> Markup:
        html: Markup = super().__call__(field, **(kwargs | _as_text(field)))
        return html


def _as_text(field: Field) -> dict[str, str]:
    is_wrong = field.data is None and any(map(str.strip, field.raw_data or ()))
    return {"type": "text", "dir": "ltr"} if is_wrong else {}
