"""What the entries of the audit say in words."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.core import audit, i18n
from campaign.core.audit import AuditEntry
from campaign.models.campaign import Campaign
from campaign.models.directory import Official, official_name
from campaign.staff.audit_log import labels, value_labels
from campaign.staff.audit_log.find_entries import number_of
from campaign.staff.audit_log.name_subjects import (
    OFFICIAL,
    SubjectNames,
    find_subject_names,
    get_people,
    say_gone,
)

_CAMPAIGNS = ("campaign", "campaigns", "other", "earlier", "harm_stops")
"""Details that name campaigns by number, or by slug."""
_OFFICIAL, _STAFF = "official", "staff"
_NUMBERS = {
    ("campaign.targets", "officials"): _OFFICIAL,
    ("campaign.successor", "before"): _OFFICIAL,
    ("campaign.successor", "after"): _OFFICIAL,
    ("campaign.hand-over", "before"): _STAFF,
}
"""Action and detail whose number is that of an official, or of a person of the staff."""
_SUBJECTS: Mapping[str, str] = {
    "predecessor": "official:",
    "post": "post:",
    "posts": "post:",
    "bundle": "bundle:",
    "into": "bundle:",
    "reply": "reply:",
    "delivery": "delivery:",
    "other": "",
    "to": "",
}
"""Details that name other subjects, with what the audit puts before what the detail has."""
_UNSAID = {"update", "notice", "corrects", "picture", "unnamed_letters", "unnamed_signers"}
"""Details that the program goes by, with a number or a key that nobody else knows."""


@dataclass(frozen=True, slots=True)
class Line:
    entry: AuditEntry
    who: str
    what: str
    about: str
    url: str
    """Page of what it is about; empty where there is none."""
    details: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _EntryDescriber:
    people: Mapping[int, str]
    subjects: SubjectNames
    references: Mapping[int | str, str]
    officials: Mapping[int, str]

    def say_actor(self, actor: str) -> str:
        kind, _colon, ident = actor.partition(":")
        # Names of accounts stay as they are; what we call others begins as a sentence does.
        if kind == "staff":
            return self.people.get(number_of(ident)) or i18n.capitalize_first(say_gone())
        if actor in self.subjects:
            return self.subjects[actor][0]
        words = {
            "command": _("the command line"),
            "job": _("the system"),
            "supporter": _("a supporter"),
        }
        return i18n.capitalize_first(str(words[kind])) if kind in words else actor

    def say_value(self, name: str, value: Any) -> str:
        """Return a detail in words; empty where it tells nobody anything."""
        comma = i18n.comma(i18n.locale())
        if name == "letters" and isinstance(value, list):
            return str(len(value))
        if isinstance(value, list):
            return comma.join(filter(None, (self.say_value(name, item) for item in value)))
        if name == "filter":
            return comma.join(self.list_filters(value))
        if isinstance(value, dict):
            counts = ((value_labels.say_value(name, kind), count) for kind, count in value.items())
            return comma.join(f"{words} ({count})" for words, count in counts if count) or "0"
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return audit.open_text(value) if name == audit.SEALED_BEFORE else self.say_name(name, value)

    def say_name(self, name: str, value: str | int) -> str:
        """Return what is called by an id, and other values as they are."""
        if name == _STAFF:
            return self.people.get(int(value), say_gone())
        if name == _OFFICIAL and value in self.officials:
            return self.officials[int(value)]
        if name in _CAMPAIGNS and value in self.references:
            return self.references[value]
        if name in _SUBJECTS:
            unknown = "" if _SUBJECTS[name] else str(value)
            return self.subjects.get(f"{_SUBJECTS[name]}{value}", (unknown, ""))[0]
        return value_labels.say_value(name, value) if isinstance(value, str) else str(value)

    def list_filters(self, chosen: Mapping[str, Any]) -> Iterator[str]:
        """List what an entry says that was looked for in the audit itself."""
        if "who" in chosen:
            yield self.say_actor(chosen["who"])
        if "what" in chosen:
            yield labels.say_action(chosen["what"])
        for subject in chosen.get("subject", ()):
            yield self.subjects.get(subject, (subject, ""))[0]
        for name, word in (("since", pgettext("date", "From")), ("until", pgettext("date", "To"))):
            if name in chosen:
                yield f"{word} {value_labels.say_value('on', chosen[name])}"

    def list_facts(self, entry: AuditEntry) -> Iterator[tuple[str, Any]]:
        """List the details; of a merged entry its name, where that was kept, instead of its id."""
        gone_name = entry.detail.get("gone_name")
        for name, value in entry.detail.items():
            if name == "gone":
                yield name, gone_name or value
            elif name != "gone_name" and name not in _UNSAID and value not in (None, "", []):
                yield name, value

    def describe(self, entry: AuditEntry) -> Line:
        about, url = self.subjects.get(entry.subject, (entry.subject, ""))
        details = []
        for name, value in self.list_facts(entry):
            words = self.say_value(_NUMBERS.get((entry.action, name), name), value)
            if words:
                details.append((labels.say_fact(entry.action, name), words))
        who, what = self.say_actor(entry.actor), labels.say_action(entry.action)
        return Line(entry, who, what, about, url, details)


def describe_entries(session: Session, entries: Collection[AuditEntry]) -> list[Line]:
    """Return the entries in words, with one look-up for each kind of thing."""
    named = {name for entry in entries for name in (entry.actor, entry.subject)}
    named |= _list_filtered(entries)
    named |= {
        f"{before}{ident}"
        for name, before in _SUBJECTS.items()
        for ident in _list_values(entries, name)
    }
    people = _find_people(session, entries, named)
    campaigns = [value for name in _CAMPAIGNS for value in _list_values(entries, name)]
    is_named = or_(
        Campaign.id.in_([value for value in campaigns if isinstance(value, int)]),
        Campaign.slug.in_([value for value in campaigns if isinstance(value, str)]),
    )
    references = select(Campaign.id, Campaign.slug, Campaign.reference).where(is_named)
    officials = select(Official.id, *OFFICIAL).where(
        Official.id.in_(_list_numbers(entries, _OFFICIAL))
    )
    describer = _EntryDescriber(
        people,
        find_subject_names(session, named, people),
        {key: row.reference for row in session.execute(references) for key in (row.id, row.slug)},
        {row.id: official_name(row, i18n.locale()) for row in session.execute(officials)},
    )
    return [describer.describe(entry) for entry in entries]


def _list_values(entries: Iterable[AuditEntry], name: str) -> list[Any]:
    """List the values under one name of a detail, lists taken apart."""
    values = [entry.detail[name] for entry in entries if name in entry.detail]
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _list_filtered(entries: Iterable[AuditEntry]) -> set[str]:
    """List actors and subjects that entries say somebody looked for in the audit."""
    chosen = _list_values(entries, "filter")
    return {name for each in chosen for name in (each.get("who"), *each.get("subject", ())) if name}


def _list_numbers(entries: Iterable[AuditEntry], kind: str) -> set[int]:
    """List the numbers under which entries name an official, or a person of the staff."""
    return {
        number
        for entry in entries
        for name in entry.detail
        if _NUMBERS.get((entry.action, name)) == kind
        for number in _list_values([entry], name)
        if isinstance(number, int)
    }


def _find_people(
    session: Session, entries: Collection[AuditEntry], named: Iterable[str]
) -> dict[int, str]:
    ids = {number_of(name.removeprefix("staff:")) for name in named if name.startswith("staff:")}
    ids |= {entry.detail["staff"] for entry in entries if "staff" in entry.detail}
    return get_people(session, ids | _list_numbers(entries, _STAFF))
