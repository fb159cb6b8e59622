"""Fields of forms: what is typed is trimmed, bounded and kept.

A browser empties a date field of what is no day. Where something is wrong the field is therefore
one of text: what was typed stays, to be corrected.
"""

import calendar
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime

import wtforms
from babel.dates import format_skeleton
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from wtforms import Field, Form
from wtforms.validators import Length, NumberRange, Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, DateInput, DateTimeLocalInput, ListWidget

from campaign.core import i18n
from campaign.core.text.desk_texts import (
    has_forbidden_characters,
    has_hidden_characters,
    one_line,
    paragraphs,
)

_WRITTEN = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
Check = Callable[[Form, Field], None]
_MOST_DIGITS = 18
_EARLIEST, _LATEST = date(1961, 1, 1), date(2100, 1, 1)


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
    return _("There is no %(day)s %(month)s.", day=day, month=named)


class _TextWhereWrong:
    """Beside a widget of a day: one of text where the field holds what is none."""

    def __call__(self, field: Field, **kwargs: object) -> Markup:
        is_wrong = field.data is None and any(map(str.strip, field.raw_data or ()))
        as_text = {"type": "text", "dir": "ltr"} if is_wrong else {}
        html: Markup = super().__call__(field, **(kwargs | as_text))  # type: ignore[misc]
        return html


class DayInput(_TextWhereWrong, DateInput):
    pass


class MomentInput(_TextWhereWrong, DateTimeLocalInput):
    pass


def choices(pairs: Iterable[tuple[str, object]]) -> list[wtforms.SelectChoice]:
    return [wtforms.SelectChoice(value, words) for value, words in pairs]


def nothing_hidden(_form: Form, field: Field) -> None:
    if has_hidden_characters(field.data or ""):
        raise StopValidation(
            _l("Some characters here are hidden. Type the text again, or paste it as plain text.")
        )


class Filled:
    """Refuses what is empty once it is trimmed; the field is marked as needed."""

    field_flags = {"required": True}  # noqa: RUF012 — WTForms reads it from the instance

    def __init__(self, message: object) -> None:
        self.message = message

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data and not field.errors:
            raise StopValidation(self.message)


class LineField(wtforms.StringField):
    def __init__(
        self, label: object, *, limit: int, needed: object = None, **kwargs: object
    ) -> None:
        super().__init__(label, _text_checks(limit, needed), filters=[one_line], **kwargs)


class TextField(wtforms.TextAreaField):
    def __init__(
        self, label: object, *, limit: int, needed: object = None, **kwargs: object
    ) -> None:
        super().__init__(label, _text_checks(limit, needed), filters=[paragraphs], **kwargs)


def _text_checks(limit: int, needed: object) -> list[Check]:
    most = Length(max=limit, message=_l("Use at most %(max)d characters."))
    first = [] if needed is None else [Filled(needed)]
    return [*first, nothing_hidden, most]


def stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def clean_line(_form: Form, field: Field) -> None:
    _refuse_forbidden(field, lines=False)


def clean_lines(_form: Form, field: Field) -> None:
    _refuse_forbidden(field, lines=True)


def _refuse_forbidden(field: Field, *, lines: bool) -> None:
    if has_forbidden_characters(field.data or "", lines=lines):
        raise StopValidation(_l("This has hidden characters. Type it again instead of pasting it."))


class IntegerField(wtforms.IntegerField):  # noqa: TID251
    """A whole number of which only the start is read: NumberRange overflows by 400 digits."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([value.strip()[:_MOST_DIGITS] for value in valuelist])


class NumberField(IntegerField):
    """A whole number that may stay empty; any other is refused in the words given."""

    def __init__(
        self, label: object, *, most: int, words: LazyString, least: int = 0, **kwargs: object
    ) -> None:
        super().__init__(label, [Optional(), NumberRange(least, most, message=words)], **kwargs)
        self._refused = words % {"min": least, "max": most}

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(self._refused) from None


class DayField(wtforms.DateField):
    """A day that may stay empty; `asked` is said of what is none. `any_year`: also of long ago.

    As other fields, it keeps what stands where the page that was sent did not have it.
    """

    widget = DayInput()

    def __init__(
        self,
        label: object,
        *,
        needed: object = None,
        asked: object = "",
        any_year: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(label, [Optional() if needed is None else Filled(needed)], **kwargs)
        self._asked, self._any_year = asked, any_year

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.data = None
        if not valuelist[0].strip():
            return
        self.data = read_day(valuelist[0], self._asked)
        if not self._any_year and not _EARLIEST <= self.data <= _LATEST:
            raise ValueError(_l("This date is too far away. Check the year."))


class MomentField(wtforms.DateTimeLocalField):
    """A day and time as clocks show it; one that is none is refused in our words, or in `asked`."""

    widget = MomentInput()

    def __init__(self, label: object, *, asked: object = None, **kwargs: object) -> None:
        # As a browser writes it: else it differs from what the page came with before anyone types.
        super().__init__(label, [Optional()], format="%Y-%m-%dT%H:%M", **kwargs)
        self._asked = asked or _l("Enter the day and time like this: 2026-12-04T09:30.")

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.data = None
        if not valuelist[0].strip():
            return
        try:
            moment = datetime.fromisoformat(valuelist[0].strip())
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is not None:
            raise ValueError(no_such_day(valuelist[0]) or self._asked)
        if not _EARLIEST.year <= moment.year < _LATEST.year:
            raise ValueError(_l("This date is too far away. Check the year."))
        self.data = moment.replace(second=0, microsecond=0)


class CheckboxesField(wtforms.SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def each_within(limit: int, most: int) -> Check:

    def check(_form: Form, field: Field) -> None:
        lines = [line for line in (field.data or "").splitlines() if line.strip()]
        if len(lines) > most:
            raise ValidationError(
                ngettext("Use at most %(num)d line.", "Use at most %(num)d lines.", most)
            )
        if any(len(line) > limit for line in lines):
            raise ValidationError(
                ngettext(
                    "Use at most %(num)d character in each line.",
                    "Use at most %(num)d characters in each line.",
                    limit,
                )
            )

    return check
