"""Fields and forms of the desk: what is typed is trimmed, bounded and kept."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    FieldList,
    FileField,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectMultipleField,
    StringField,
    SubmitField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange, Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import has_hidden_characters, one_line, paragraphs
from campaign.core.text.slugs import has_forbidden_characters
from campaign.printing.placeholders import KNOWN, nearest_placeholder
from campaign.web.date_fields import DayInput, MomentInput, no_such_day, read_day
from campaign.web.form_base import SiteForm

_ROW = re.compile(r"\w+-\d+-\w+\Z")
"""The name of a field in a row, as the form's `points-1-text`."""
Check = Callable[[Form, Field], None]
"""What a field is checked by; it raises ValidationError."""
_EARLIEST, _LATEST = date(1961, 1, 1), date(2100, 1, 1)

RISK_NAMED = _l(
    "This names what a risk flag rules out, and everybody would read it. Take it out, or tick "
    "below that it is meant."
)
_OTHERWISE = _l("This cannot be saved as it is. Check it and send it again.")


class DeskForm(SiteForm):
    """A form whose services can refuse fields too."""

    sentences: Mapping[str, object] = MappingProxyType({})
    """What it says for each slug that its services find invalid: each feature has its own."""
    names_a_risk = False
    """Whether it was refused for what a risk flag rules out."""
    risks_found: Sequence[Any] = ()
    """Where it says that, for the page to show."""
    _is_shown_again = False

    def show_again(self, message: str) -> None:
        """Have the form shown as it was typed, with a message, and nothing checked or saved."""
        self._is_shown_again = True
        self.form_errors.append(message)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Check all fields, unless the form is only shown again."""
        return not self._is_shown_again and bool(super().validate(*args, **kwargs))

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put the sentence for each slug by its field, or on top where the form has none."""
        for name, slug in fields.items():
            if not slug:
                continue  # it was said already
            words = self.sentences.get(slug, _OTHERWISE)
            if name in self:
                self[name].errors = [*self[name].errors, words]
            else:
                self.form_errors.append(words)

    def refuse_problem(self, problem: Invalid) -> None:
        """Say by its fields what a service found invalid."""
        places: Any = getattr(problem, "found", None)
        if problem.slug == "placeholder-unknown" and places:
            self.refuse_placeholders(places)
        elif problem.slug == "risk-named" and places:
            self.refuse_risks(places)
        else:
            self.refuse(problem.fields or {"": problem.slug})

    def refuse_placeholders(self, unknown: Mapping[str, list[str]]) -> None:
        """Name the unknown placeholders by the fields that hold them; `points-1` is a row."""
        for name, placeholders in unknown.items():
            field = self.field_of(name)
            field.errors = [*field.errors, unknown_words(placeholders)]

    def refuse_risks(self, risks: Iterable[Any]) -> None:
        """Say by each field that it names what a risk flag rules out, and ask once more."""
        self.names_a_risk, self.risks_found = True, list(risks)
        for name in dict.fromkeys(risk.field for risk in self.risks_found):
            try:
                field = self.field_of(name)
            except KeyError:
                if RISK_NAMED not in self.form_errors:
                    self.form_errors.append(RISK_NAMED)
                continue
            field.errors = [*field.errors, RISK_NAMED]

    def field_of(self, name: str) -> Field:
        """Return the field that a service calls `name`."""
        return self[name]

    def problems(self) -> list[tuple[str, str]]:
        """List every error as the id of its control and a sentence."""
        return list(list_problems(self))


def list_problems(form: Form) -> Iterator[tuple[str, str]]:
    """Yield every error of a form, and of its rows, as the id of its control and a sentence."""
    yield from (("main", error) for error in form.form_errors)
    yield from _problems(form)


def _problems(fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    for field in fields:
        if isinstance(field, FormField):
            yield from _problems(field.form)
            continue
        if isinstance(field, FieldList):
            yield from _problems(field.entries)
        anchor = f"{field.id}-0" if isinstance(field, CheckboxesField) else field.id
        # A list of rows repeats the errors of its rows as dictionaries.
        yield from ((anchor, error) for error in field.errors if not isinstance(error, dict))


def differing_fields(
    form: Form, kept: Mapping[str, list[str]], typed: Any
) -> list[tuple[str, str]]:
    """List label and kept text of each field in which a draft differs from what was typed.

    `typed` are the fields as they were sent.
    """
    labels = dict(_named(form))
    return [
        (labels.get(name) or name, _kept_text(kept.get(name, [])))
        for name in dict.fromkeys([*kept, *labels])
        if (name in labels or _ROW.match(name))
        and _kept_text(kept.get(name, [])) != _kept_text(typed.getlist(name))
    ]


def _named(fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    """Yield each control that one types into, with its label; file fields are never kept."""
    for field in fields:
        if isinstance(field, FormField):
            yield from _named(field.form)
        elif isinstance(field, FieldList):
            yield from _named(field.entries)
        elif not isinstance(field, HiddenField | FileField | SubmitField):
            yield field.name, str(field.label.text)


def _kept_text(values: Iterable[str]) -> str:
    return "\n".join(value.replace("\r\n", "\n").strip() for value in values)


def unknown_words(unknown: list[str]) -> str:
    """Say which placeholders are unknown, and list the known ones."""
    near = dict.fromkeys(filter(None, map(nearest_placeholder, unknown)))
    words: str = ngettext(
        "%(names)s is no placeholder. Known are: %(known)s.",
        "%(names)s are no placeholders. Known are: %(known)s.",
        len(unknown),
        names=", ".join(unknown),
        known=", ".join(f"(({name}))" for name in KNOWN),
    )
    if near:
        meant = ", ".join(f"(({name}))" for name in near)
        words = f"{words} {gettext('The nearest is %(name)s.', name=meant)}"
    return words


def choices(pairs: Iterable[tuple[str, object]]) -> list[SelectChoice]:
    return [SelectChoice(value, words) for value, words in pairs]


def nothing_hidden(_form: Form, field: Field) -> None:
    """Refuse characters that nobody sees."""
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
        """Check the trimmed text."""
        if not field.data and not field.errors:
            raise StopValidation(self.message)


class LineField(StringField):  # type: ignore[misc]
    """Text on one line."""

    def __init__(
        self, label: object, *, limit: int, needed: object = None, **kwargs: object
    ) -> None:
        super().__init__(label, _text_checks(limit, needed), filters=[one_line], **kwargs)


class TextField(TextAreaField):  # type: ignore[misc]
    """Text in paragraphs."""

    def __init__(
        self, label: object, *, limit: int, needed: object = None, **kwargs: object
    ) -> None:
        super().__init__(label, _text_checks(limit, needed), filters=[paragraphs], **kwargs)


def _text_checks(limit: int, needed: object) -> list[Check]:
    most = Length(max=limit, message=_l("Keep to %(max)d characters at most."))
    first = [] if needed is None else [Filled(needed)]
    return [*first, nothing_hidden, most]


def stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def clean_line(_form: Form, field: Field) -> None:
    """Refuse what no line of an address or a name holds."""
    _refuse_forbidden(field, lines=False)


def clean_lines(_form: Form, field: Field) -> None:
    """Refuse what no address holds, in several lines."""
    _refuse_forbidden(field, lines=True)


def _refuse_forbidden(field: Field, *, lines: bool) -> None:
    if has_forbidden_characters(field.data or "", lines=lines):
        raise StopValidation(
            _l("There are characters in it that cannot be seen. Type it again instead of pasting.")
        )


class NumberField(IntegerField):  # type: ignore[misc]
    """A whole number that may stay empty; any other is refused in the words given."""

    def __init__(
        self, label: object, *, most: int, words: str, least: int = 0, **kwargs: object
    ) -> None:
        super().__init__(label, [Optional(), NumberRange(least, most, message=words)], **kwargs)
        self._refused = words % {"min": least, "max": most}

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a whole number."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(self._refused) from None


class DayField(DateField):  # type: ignore[misc]
    """A day that may stay empty; one that is none is refused in our words, or in those of `asked`.

    With `any_year` also one of long ago.
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
        """Take the day as the browser sends it: 2026-12-04."""
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        self.data = read_day(valuelist[0], self._asked)
        if not self._any_year and not _EARLIEST <= self.data <= _LATEST:
            raise ValueError(_l("This day is too far away. Check the year."))


class MomentField(DateTimeLocalField):  # type: ignore[misc]
    """A day and time as clocks show it; one that is none is refused in our words, or in `asked`."""

    widget = MomentInput()

    def __init__(self, label: object, *, asked: object = None, **kwargs: object) -> None:
        super().__init__(label, [Optional()], **kwargs)
        self._asked = asked or _l("Write day and time as in 2026-12-04T09:30.")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take it as the browser sends it: 2026-12-04T09:30."""
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            moment = datetime.fromisoformat(valuelist[0].strip())
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is not None:
            raise ValueError(no_such_day(valuelist[0]) or self._asked)
        if not _EARLIEST.year <= moment.year < _LATEST.year:
            raise ValueError(_l("This day is too far away. Check the year."))
        self.data = moment.replace(second=0, microsecond=0)


class CheckboxesField(SelectMultipleField):  # type: ignore[misc]
    """Several choices, a checkbox each."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def each_within(limit: int, most: int) -> Check:
    """Make a check of a text that is read line by line: length of a line, number of lines."""

    def check(_form: Form, field: Field) -> None:
        lines = [line for line in (field.data or "").splitlines() if line.strip()]
        if len(lines) > most:
            raise ValidationError(
                ngettext("Keep to %(num)d line.", "Keep to %(num)d lines at most.", most)
            )
        if any(len(line) > limit for line in lines):
            raise ValidationError(
                ngettext(
                    "Keep each line to %(num)d character.",
                    "Keep each line to %(num)d characters at most.",
                    limit,
                )
            )

    return check
