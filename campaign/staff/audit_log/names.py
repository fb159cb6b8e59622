"""Who and what the entries of the audit name by number, in words.

What they are about: `audit_subjects`. What else they say: `labels`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit
from campaign.core.audit import AuditEntry
from campaign.models.staff import StaffUser
from campaign.staff.audit_log import audit_subjects, labels, search_field
from campaign.staff.audit_log.audit_subjects import Names, number_of


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as its reader sees it."""

    entry: AuditEntry
    who: str
    what: str
    about: str
    url: str
    """Page of what it is about; empty where there is none."""
    details: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _LookedUp:
    names: Names
    references: Mapping[int, str]
    officials: Mapping[int, str]


_CAMPAIGNS = ("campaign", "campaigns", "other", "earlier")
"""Details that name campaigns by number."""
_OFFICIAL, _STAFF = "official", "staff"
_NUMBERS = {
    ("campaign.targets", "officials"): _OFFICIAL,
    ("campaign.successor", "before"): _OFFICIAL,
    ("campaign.successor", "after"): _OFFICIAL,
    ("campaign.hand-over", "before"): _STAFF,
}
"""Action and detail whose number is that of an official, or of a person of the staff."""


def describe_entries(session: Session, entries: Iterable[AuditEntry]) -> list[Line]:
    """Return the entries in words, with one look-up for each kind of thing."""
    entries = list(entries)
    people = _find_people(session, entries)
    subjects = {entry.subject for entry in entries} | set(_list_values(entries, "other", str))
    numbers = [number for name in _CAMPAIGNS for number in _list_values(entries, name, int)]
    looked_up = _LookedUp(
        _find_subject_names(session, subjects, people),
        audit_subjects.find_references(session, numbers),
        audit_subjects.find_official_names(session, _list_numbers(entries, _OFFICIAL)),
    )
    return [_describe_entry(entry, people, looked_up) for entry in entries]


def say_subjects(session: Session, subjects: Collection[str]) -> str:
    """Return what a filter is about, in words that `search_field.find_subjects` understands."""
    words = " ".join(subjects)
    if len(subjects) == 1:
        people = _get_people(session, {number_of(words.partition(":")[2])})
        name, _url = _find_subject_names(session, set(subjects), people).get(words, ("", ""))
        if search_field.find_subjects(session, name) == tuple(subjects):
            return name
    return words


def _say_actor(actor: str, people: Mapping[int, str]) -> str:
    kind, _colon, ident = actor.partition(":")
    if kind == "staff":
        return people.get(number_of(ident), _say_gone())
    words = {
        "command": _("the command line"),
        "job": _("the system"),
        "supporter": _("a supporter"),
    }
    return str(words.get(kind, actor))


def _list_values(entries: Iterable[AuditEntry], name: str, kind: type) -> list[Any]:
    """List the values of that kind under one name of a detail, lists taken apart."""
    values = [entry.detail[name] for entry in entries if name in entry.detail]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in items if isinstance(item, kind)]


def _list_numbers(entries: Iterable[AuditEntry], kind: str) -> set[int]:
    """List the numbers under which entries name an official, or a person of the staff."""
    return {
        number
        for entry in entries
        for name in entry.detail
        if _NUMBERS.get((entry.action, name)) == kind
        for number in _list_values([entry], name, int)
    }


def _describe_entry(entry: AuditEntry, people: Mapping[int, str], looked_up: _LookedUp) -> Line:
    about, url = looked_up.names.get(entry.subject, (entry.subject, ""))
    return Line(
        entry=entry,
        who=_say_actor(entry.actor, people),
        what=labels.say_action(entry.action),
        about=about,
        url=url,
        details=[
            (
                labels.say_fact(name),
                _say_value(_NUMBERS.get((entry.action, name), name), value, people, looked_up),
            )
            for name, value in entry.detail.items()
            if value not in (None, "", [])
        ],
    )


def _find_people(session: Session, entries: Iterable[AuditEntry]) -> dict[int, str]:
    named = {entry.actor for entry in entries} | {entry.subject for entry in entries}
    ids = {number_of(name.removeprefix("staff:")) for name in named if name.startswith("staff:")}
    ids |= {entry.detail["staff"] for entry in entries if "staff" in entry.detail}
    ids |= _list_numbers(entries, _STAFF)
    return _get_people(session, ids)


def _get_people(session: Session, ids: Collection[int]) -> dict[int, str]:
    users = session.scalars(select(StaffUser).where(StaffUser.id.in_(ids)))
    return {user.id: user.name or user.email for user in users}


def _find_subject_names(session: Session, subjects: set[str], people: Mapping[int, str]) -> Names:
    staff = {subject for subject in subjects if subject.startswith("staff:")}
    names = {
        subject: (people.get(number_of(subject.removeprefix("staff:")), _say_gone()), "")
        for subject in staff
    }
    return names | audit_subjects.find_names(session, subjects - staff)


def _say_gone() -> str:
    return str(_("someone who left"))


def _say_value(name: str, value: Any, people: Mapping[int, str], looked_up: _LookedUp) -> str:
    if name == audit.SEALED_BEFORE:
        return audit.open_text(value)
    if name == _STAFF:
        return people.get(value, _say_gone())
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(_say_value(name, item, people, looked_up) for item in value)
    if name == _OFFICIAL and value in looked_up.officials:
        return looked_up.officials[value]
    if name in _CAMPAIGNS and value in looked_up.references:
        return looked_up.references[value]
    if name == "other" and value in looked_up.names:
        return looked_up.names[value][0]
    return labels.say_value(name, value) if isinstance(value, str) else str(value)
