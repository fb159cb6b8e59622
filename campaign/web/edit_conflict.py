"""Optimistic locking for forms of pages without revisions.

Parts with revisions are merged (`save_with_draft`, `compare_texts`). Here the form carries a
mark of what its writer saw. Where somebody saved in between, nothing is saved: what stands now is
shown beside what was typed, and the next press of the button puts the typed in its place,
knowingly.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from wtforms import Field, HiddenField
from wtforms.fields.choices import SelectFieldBase

from campaign.core import i18n
from campaign.core.db import Base, has_row
from campaign.core.errors import NotFound
from campaign.web.form_base import DeskForm, anchor_of


class EditConflictForm(DeskForm):
    """A form that knows what its writer saw; `_edit_conflict.html` shows what changed."""

    seen = HiddenField()
    locales: Sequence[str] = ()
    theirs: tuple[tuple[str, str, str], ...] = ()
    """Anchor, label and saved value of each field that another saved otherwise."""
    summary_heading: str

    def __init__(self, *args: Any, data: Mapping[str, object], **kwargs: Any) -> None:
        """`data`: what stands now. The form carries a mark of it, unless it came with one."""
        super().__init__(*args, data=data, **kwargs)
        self.now = data
        self.seen.data = self.seen.data or mark_of(data)

    def is_current(self, now: Mapping[str, object] | None = None) -> bool:
        """Return whether its writer saw what there is now; say on the form where not."""
        now = self.now if now is None else now
        mark = mark_of(now)
        if self.seen.data == mark:
            return True
        self.seen.data = mark
        self._show_beside(now)
        self.summary_heading = _("Someone saved this page while you were editing it")
        self.form_errors.append(
            _(
                "What you typed is still here, and the saved version is above it. Combine the "
                "two, then save again."
            )
        )
        return False

    def hold_instead(self, words: Mapping[str, object]) -> None:
        """Have it hold other words than those that stand now, which it shows beside them."""
        for name, value in words.items():
            self[name].data = value
        self._show_beside(self.now)

    def _show_beside(self, now: Mapping[str, object]) -> None:
        self.theirs = tuple(
            (self.anchor_of(self[name]), _label(self, name), self.say_value(self[name], value))
            for name, value in now.items()
            if name in self and _shown(value) != _shown(self[name].data)
        )

    def anchor_of(self, field: Field) -> str:
        return anchor_of(field)

    def say_value(self, field: Field, value: object) -> str:
        """Say a value in the words that the field has for it; its mark knows no language."""
        if value is True:
            return str(_("Yes"))
        choices = field.iter_choices() if isinstance(field, SelectFieldBase) else ()
        words = {choice.value: str(choice.label) for choice in choices}
        values = value if isinstance(value, (list, tuple)) else [value]
        return "\n".join(words.get(str(value)) or _said(value) for value in values)


def _said(value: object) -> str:
    """Say a day or a time as pages say them; anything else as it is shown."""
    if isinstance(value, datetime):
        # A field has it as clocks there show it, without a zone.
        return i18n.say_moment(value.replace(tzinfo=UTC), "UTC")
    if isinstance(value, date):
        return i18n.say_date(value)
    return i18n.say_time(value) if isinstance(value, time) else _shown(value)


def _label(form: EditConflictForm, name: str) -> str:
    return i18n.label_field(str(form[name].label.text), name, form.locales)


def lock_row(session: Session, row: Base) -> None:
    """Wait for others who write to it, and read it anew: nobody saves between look and save.

    Raises NotFound where they have deleted it.
    """
    try:
        session.refresh(row, with_for_update={"key_share": True})
    except InvalidRequestError as problem:
        if _is_there(session, row):
            raise  # it was asked for something else that cannot be
        raise NotFound("row") from problem


def _is_there(session: Session, row: Base) -> bool:
    state = inspect(row)
    if state.identity is None:
        return True  # never kept: a bug, and no row that somebody has deleted
    keys = zip(state.mapper.primary_key, state.identity, strict=True)
    return has_row(session, select(state.mapper).where(*(key == value for key, value in keys)))


def mark_of(data: Mapping[str, object]) -> str:
    text = json.dumps({name: _shown(value) for name, value in data.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _shown(value: object) -> str:
    """Return a value as a page shows it; what was not given and what was emptied are equal."""
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value))
    text = "" if value is None or value is False else str(value)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
