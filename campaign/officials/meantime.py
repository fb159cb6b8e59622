"""What somebody saved while another was typing: noticed when they save, and shown beside.

The page of an official, a mission or a reply carries a fingerprint of the state that it shows. Who
saves with another one has not seen what stands there now: nothing is overwritten unasked.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from wtforms import Field, SelectField

from campaign import i18n
from campaign.errors import Refused

CHANGED = "changed-meanwhile"
_OWN = {"csrf_token", "based_on", "scan"}


@dataclass(frozen=True, slots=True)
class Theirs:
    """A field in which what is kept is not what was typed."""

    label: str
    text: str
    """As it is kept; empty where it is."""
    locale: str = ""
    """Language of the text, where the field has one in each."""


def fingerprint(state: Any) -> str:
    """A mark of a state: a draft, or plain values. 32 characters."""
    plain = state if isinstance(state, list | dict) else asdict(state)
    text = json.dumps(plain, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def refuse_changed(based_on: str | None, now: Any) -> None:
    """Raise Refused where the editor saw another state than the one that stands `now`.

    `based_on` is the fingerprint of what they saw; empty or None: nobody looked.
    """
    if based_on and based_on != fingerprint(now):
        raise Refused(CHANGED)


def theirs(kept: Any, typed: Any) -> list[Theirs]:
    """The fields of the form `kept` that the form `typed` has otherwise, in their order.

    Rows of contacts are one field.
    """
    found = [
        _said(typed, field, kept[field.name])
        for field in typed
        if field.name not in _OWN
        and not field.name.startswith("contact_")
        and field.name in kept
        and (field.data or "") != (kept[field.name].data or "")
    ]
    if hasattr(kept, "contacts") and kept.contacts() != typed.contacts():
        found.append(Theirs(typed.contacts_label, "\n".join(kept.contact_lines())))
    return found


def _said(form: Any, typed: Field, kept: Field) -> Theirs:
    locale = _locale_of(typed.name, form.locales)
    label = str(typed.label.text)
    if locale:
        label = f"{label} · {i18n.language_name(locale, i18n.locale())}"
    return Theirs(label, _words(kept), locale)


def _locale_of(name: str, locales: Sequence[str]) -> str:
    return next((one for one in locales if name.endswith(f"_{one.replace('-', '_')}")), "")


def _words(field: Field) -> str:
    if isinstance(field, SelectField):
        return next((str(one[1]) for one in field.iter_choices() if one[0] == field.data), "")
    if isinstance(field.data, date):
        return i18n.say_date(field.data)
    return str(field.data or "")
