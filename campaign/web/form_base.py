"""The bases of every form: their own sentences are ours, and the desk's say what services refuse.

WTForms has sentences of its own for a field that is empty, no number or none of the choices. They
tell nobody what to do, and two of our languages lack some of them. A field says better what it
wants by a message of its own; where it has none, these stand in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from flask import g
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from wtforms import Field, FieldList, Form, FormField, HiddenField, RadioField, SubmitField

from campaign.core.errors import Invalid
from campaign.printing.placeholders import KNOWN, nearest_placeholder
from campaign.web.form_fields import CheckboxesField
from campaign.web.meant_field import ask

_CHOICE = _l("Choose one of the answers offered.")
_WHOLE = _l("Enter a whole number, in figures.")
_NUMBER = _l("Enter a number, in figures.")
_LONG = _l("Use at most %(max)d characters.")
_SHORT = _l("Use at least %(min)d characters.")
_WORDS: Mapping[str, object] = {
    "This field is required.": _l("Fill in this field."),
    "Not a valid choice.": _CHOICE,
    "Invalid Choice: could not coerce.": _CHOICE,
    "Invalid choice(s): one or more data inputs could not be coerced.": _CHOICE,
    "'%(value)s' is not a valid choice for this field.": _CHOICE,
    "Not a valid integer value.": _WHOLE,
    "Not a valid decimal value.": _NUMBER,
    "Not a valid float value.": _NUMBER,
    "Not a valid date value.": _l("Enter the date as year, month and day: 2026-12-04."),
    "Not a valid datetime value.": _l("Enter the day and time like this: 2026-12-04T09:30."),
    "Field cannot be longer than %(max)d character.": _LONG,
    "Field must be at least %(min)d character long.": _SHORT,
    "Number must be at least %(min)s.": _l("Enter a number of %(min)s or more."),
    "Number must be at most %(max)s.": _l("Enter a number of %(max)s or less."),
    "Number must be between %(min)s and %(max)s.": _l("Enter a number from %(min)s to %(max)s."),
}
_ROW = re.compile(r"\w+-\d+-\w+\Z")  # the name of a field in a row, as the form's `points-1-text`
RISK_NAMED = _l(
    "This mentions something that a risk flag rules out, and everyone could read it. Remove it, "
    "or tick below that you mean it."
)
_BLACKED_OUT = _l(
    "This says what is blacked out in a reply. Remove it, or confirm below that you mean it."
)
_REWRITTEN = _l(
    "This would change letters that people have signed. Check it, or confirm below that you mean "
    "it."
)
_FILES_AWAY = _l(
    "We cannot store files at the moment. Nothing was saved. In a few minutes, choose the file "
    "and send the form again."
)
OTHERWISE = _l("We could not save this. Check it and try again.")


class _Words:
    """Translations as WTForms asks for them; a sentence that we do not know is never shown."""

    def gettext(self, theirs: str) -> str:
        return str(_WORDS.get(theirs, OTHERWISE))

    def ngettext(self, theirs: str, _plural: str, _n: int) -> str:
        return self.gettext(theirs)


class Worded:
    """Beside a form: its own sentences are ours."""

    class Meta:
        def get_translations(self, _form: Form) -> _Words:
            return _Words()


class SiteForm(Worded, FlaskForm):
    """A form with a token against forged requests: every one of the desk."""

    newest: ClassVar[dict[str, type["SiteForm"]]] = {}
    """The last class of each name. A page makes some, with fields for each language: the answer to
    what was typed in one asks for their labels (`typed_words`), and nothing else holds them."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SiteForm.newest[f"{cls.__module__}.{cls.__qualname__}"] = cls


class PlainForm(Worded, Form):
    """A form without one: of public pages, which know no session, and rows within another."""


class DeskForm(SiteForm):
    sentences: Mapping[str, object] = MappingProxyType({})
    """What it says for each slug that its services find invalid: each feature has its own."""
    names_a_risk = False
    risks_found: Sequence[Any] = ()
    letters_rewritten: Sequence[str] = ()
    """What is said of signed letters that would change."""
    _is_shown_again = False

    def show_again(self, message: str) -> None:
        """Have the form shown as it was typed, with a message, and nothing checked or saved."""
        self._is_shown_again = True
        self.form_errors.append(message)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        if g.get("files_away") and not self._is_shown_again:
            self.show_again(str(_FILES_AWAY))
        return not self._is_shown_again and bool(super().validate(*args, **kwargs))

    def refuse(self, fields: Mapping[str, str]) -> None:
        for name, slug in fields.items():
            if not slug:
                continue  # it was said already
            words = self.sentences.get(slug, OTHERWISE)
            if name in self:
                self[name].errors = [*self[name].errors, words]
            else:
                self.form_errors.append(words)

    def refuse_problem(self, problem: Invalid) -> None:
        """Say it on the form. What of a text is at fault, problems of campaigns say themselves."""
        if unknown := getattr(problem, "unknown_by_field", None):
            self.refuse_placeholders(unknown)
        elif (findings := getattr(problem, "findings", None)) is not None:
            ask(getattr(problem, "keys", frozenset()))
            self.refuse_risks(findings)
        else:
            self.refuse(problem.fields or {"": problem.slug})

    def refuse_placeholders(self, unknown: Mapping[str, list[str]]) -> None:
        """Name the unknown placeholders by the fields that hold them; `points-1` is a row."""
        for name, placeholders in unknown.items():
            field = self.field_of(name)
            field.errors = [*field.errors, unknown_words(placeholders)]

    def refuse_rewriting(self, sentences: Sequence[str]) -> None:
        """Ask once more before signed letters say something else."""
        if sentences and not self.letters_rewritten:
            self.form_errors.append(_REWRITTEN)
        self.letters_rewritten = [*self.letters_rewritten, *sentences]

    def refuse_risks(self, risks: Iterable[Any]) -> None:
        self.risks_found = list(risks)
        self.names_a_risk = self.names_a_risk or bool(self.risks_found)
        for name, kind in dict.fromkeys((risk.field, risk.kind) for risk in self.risks_found):
            sentence = RISK_NAMED if kind else _BLACKED_OUT
            try:
                field = self.field_of(name)
            except KeyError:
                if sentence not in self.form_errors:
                    self.form_errors.append(sentence)
                continue
            if sentence not in field.errors:
                field.errors = [*field.errors, sentence]

    def field_of(self, name: str) -> Field:
        return self[name]

    def problems(self) -> list[tuple[str, str]]:
        return list(list_problems(self))


def list_problems(form: Form) -> Iterator[tuple[str, str]]:
    """List the id of the control, empty where there is none, and the sentence of each problem."""
    yield from (("", error) for error in form.form_errors)
    yield from _problems(form)


def _problems(fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    for field in fields:
        if isinstance(field, FormField):
            yield from _problems(field.form)
            continue
        if isinstance(field, FieldList):
            yield from _problems(field.entries)
        # A list of rows repeats the errors of its rows as dictionaries.
        yield from (
            (anchor_of(field), error) for error in field.errors if not isinstance(error, dict)
        )


def name_lost_files(form: Form) -> None:
    """Say at each file that came with a refused form that it is lost: browsers send none twice."""
    for field in form:
        if isinstance(field, FileField | MultipleFileField) and not field.errors:
            files = field.data if isinstance(field.data, list) else [field.data]
            if any(getattr(file, "filename", "") for file in files):
                field.errors = [gettext("Choose the file again. Your browser did not keep it.")]


def anchor_of(field: Field) -> str:
    """Return the id of its control, or of the first of several."""
    return f"{field.id}-0" if isinstance(field, RadioField | CheckboxesField) else str(field.id)


def differing_fields(
    form: Form, kept: Mapping[str, list[str]], typed: Any
) -> list[tuple[str, str]]:
    """List label and kept text of each field where a draft differs from the form as it was sent."""
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
        elif not isinstance(field, HiddenField | FileField | MultipleFileField | SubmitField):
            yield field.name, str(field.label.text)


def _kept_text(values: Iterable[str]) -> str:
    return "\n".join(value.replace("\r\n", "\n").strip() for value in values)


def unknown_words(unknown: list[str]) -> str:
    near = dict.fromkeys(filter(None, map(nearest_placeholder, unknown)))
    words: str = ngettext(
        "%(names)s is not a placeholder. You can use: %(known)s.",
        "%(names)s are not placeholders. You can use: %(known)s.",
        len(unknown),
        names=", ".join(unknown),
        known=", ".join(f"(({name}))" for name in KNOWN),
    )
    if near:
        meant = ", ".join(f"(({name}))" for name in near)
        words = f"{words} {gettext('Did you mean %(name)s?', name=meant)}"
    return words
