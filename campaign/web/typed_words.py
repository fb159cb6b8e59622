"""What was typed in a form that can no longer be saved: shown on its answer, so as to be copied.

Nothing else has it: the browser's way back may lead to an empty form. Only what a person typed is
shown: no password, no file, no mark that a page carries.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from flask import request
from flask_babel import gettext as _
from flask_wtf.file import FileField, MultipleFileField
from wtforms import BooleanField, Form, HiddenField, PasswordField, SubmitField
from wtforms.fields.choices import SelectFieldBase
from wtforms.fields.core import UnboundField

from campaign.core import i18n
from campaign.web.form_base import SiteForm

_NEVER = (HiddenField, PasswordField, FileField, MultipleFileField, SubmitField)
_SECRET = re.compile(r"password|proof|secret|token")
_MARK = re.compile(r"[\w.:,+/=-]*", re.ASCII)
"""A value as pages carry them: an id, a digest, a key of a list. What is typed has more to it."""


class TypedWords(NamedTuple):
    name: str
    label: str
    """Of its field; empty where that is not known."""
    text: str


def list_typed(forms: Iterable[type[Form]], **offered: Mapping[str, str]) -> list[TypedWords]:
    """List what the request's form holds, with the labels of that of `forms` which fits it best.

    `offered`: the choices, by field, of those that have others from page to page.
    """
    kinds = [_fields_of(form) for form in forms]
    posted = set(request.form)
    fields = max(kinds, key=lambda kind: len(posted & kind.keys()), default={})
    return [
        TypedWords(name, _label_of(name, fields.get(name)), text)
        for name, values in request.form.lists()
        if not _SECRET.search(name)
        if (text := "\n".join(_say(fields.get(name), values, offered.get(name)))).strip()
    ]


def list_forms(package: str) -> list[type[Form]]:
    """List the forms of the desk that stand in that package: which one a page had is not known."""
    return [form for form in _all_below(SiteForm) if form.__module__.startswith(f"{package}.")]


def _all_below(form: type[Form]) -> Iterator[type[Form]]:
    for below in form.__subclasses__():
        yield below
        yield from _all_below(below)


def _fields_of(form: type[Form]) -> Mapping[str, UnboundField]:
    fields = ((name, getattr(form, name, None)) for name in dir(form))
    return {name: field for name, field in fields if isinstance(field, UnboundField)}


def _label_of(name: str, field: UnboundField | None) -> str:
    if field is None:
        return ""
    label = str(field.kwargs.get("label") or next(iter(field.args), ""))
    return i18n.label_field(label, name)


def _say(
    field: UnboundField | None, values: Iterable[str], offered: Mapping[str, str] | None
) -> Iterator[str]:
    kind = type(None) if field is None else field.field_class
    if offered is None:
        offered = {} if field is None else _choices_of(field)
    for value in values:
        if issubclass(kind, _NEVER):
            continue
        if issubclass(kind, BooleanField):
            yield _("Yes")
        elif value in offered:
            yield offered[value]
        elif not (field is None or issubclass(kind, SelectFieldBase)) or not _MARK.fullmatch(value):
            yield value.strip()


def _choices_of(field: UnboundField) -> Mapping[str, str]:
    """Return those that are the same on every page."""
    offered = field.kwargs.get("choices")
    listed = offered if isinstance(offered, (list, tuple)) else ()
    pairs = (tuple(choice)[:2] for choice in listed if not isinstance(choice, str))
    return {str(value): str(label) for value, label in pairs}
