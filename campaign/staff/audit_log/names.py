"""Who and what the entries of the audit name by number, in words.

What they are about: `audit_subjects`.

What the facts of an entry say, in words: states, kinds, and the fields that were changed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit
from campaign.core.audit import AuditEntry
from campaign.models.staff import StaffUser
from campaign.staff.audit_log import audit_subjects, labels, search_field
from campaign.staff.audit_log.audit_subjects import Names, number_of
from campaign.staff.audit_log.field_labels import CAMPAIGN_FIELDS


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
class _Known:
    """What was looked up for the entries of a page."""

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


def lines_of(session: Session, entries: Iterable[AuditEntry]) -> list[Line]:
    """The entries in words, with one look-up for each kind of thing."""
    entries = list(entries)
    people = _people(session, entries)
    subjects = {entry.subject for entry in entries} | set(_values(entries, "other", str))
    numbers = [number for name in _CAMPAIGNS for number in _values(entries, name, int)]
    known = _Known(
        _names(session, subjects, people),
        audit_subjects.references_of(session, numbers),
        audit_subjects.officials_of(session, _numbers(entries, _OFFICIAL)),
    )
    return [_line(entry, people, known) for entry in entries]


def say_subjects(session: Session, subjects: Collection[str]) -> str:
    """What a filter is about, in words of which `search_field.subjects_of` knows what they mean."""
    words = " ".join(subjects)
    if len(subjects) == 1:
        people = _people_of(session, {number_of(words.partition(":")[2])})
        name, _url = _names(session, set(subjects), people).get(words, ("", ""))
        if search_field.subjects_of(session, name) == tuple(subjects):
            return name
    return words


def say_actor(actor: str, people: Mapping[int, str]) -> str:
    """Who did it."""
    kind, _colon, ident = actor.partition(":")
    if kind == "staff":
        return people.get(number_of(ident), _left())
    words = {
        "command": _("the command line"),
        "job": _("the system"),
        "supporter": _("a supporter"),
    }
    return str(words.get(kind, actor))


def _values(entries: Iterable[AuditEntry], name: str, kind: type) -> list[Any]:
    """The values of that kind under one name of a detail, lists taken apart."""
    found = [entry.detail[name] for entry in entries if name in entry.detail]
    flat = [one for value in found for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, kind)]


def _numbers(entries: Iterable[AuditEntry], kind: str) -> set[int]:
    """The numbers under which entries name an official, or a person of the staff."""
    return {
        number
        for entry in entries
        for name in entry.detail
        if _NUMBERS.get((entry.action, name)) == kind
        for number in _values([entry], name, int)
    }


def _line(entry: AuditEntry, people: Mapping[int, str], known: _Known) -> Line:
    about, url = known.names.get(entry.subject, (entry.subject, ""))
    return Line(
        entry=entry,
        who=say_actor(entry.actor, people),
        what=labels.say(entry.action),
        about=about,
        url=url,
        details=[
            (
                labels.say_detail(name),
                _say_value(_NUMBERS.get((entry.action, name), name), value, people, known),
            )
            for name, value in entry.detail.items()
            if value not in (None, "", [])
        ],
    )


def _people(session: Session, entries: Iterable[AuditEntry]) -> dict[int, str]:
    named = [entry.actor for entry in entries] + [entry.subject for entry in entries]
    ids = {number_of(one.partition(":")[2]) for one in named if one.startswith("staff:")}
    ids |= {entry.detail["staff"] for entry in entries if "staff" in entry.detail}
    ids |= _numbers(entries, _STAFF)
    return _people_of(session, ids)


def _people_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    users = session.scalars(select(StaffUser).where(StaffUser.id.in_(ids)))
    return {user.id: user.name or user.email for user in users}


def _names(session: Session, subjects: set[str], people: Mapping[int, str]) -> Names:
    staff = {one for one in subjects if one.startswith("staff:")}
    found = {one: (people.get(number_of(one.partition(":")[2]), _left()), "") for one in staff}
    return found | audit_subjects.names_of(session, subjects - staff)


def _left() -> str:
    words: str = _("somebody who left")
    return words


def _say_value(name: str, value: Any, people: Mapping[int, str], known: _Known) -> str:
    if name == audit.SEALED_BEFORE:
        return audit.open_text(value)
    if name == _STAFF:
        return people.get(value, _left())
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(_say_value(name, one, people, known) for one in value)
    if name == _OFFICIAL and value in known.officials:
        return known.officials[value]
    if name in _CAMPAIGNS and value in known.references:
        return known.references[value]
    if name == "other" and value in known.names:
        return known.names[value][0]
    return say_value(name, value) if isinstance(value, str) else str(value)


_FIELDS: Mapping[str, Any] = {
    **CAMPAIGN_FIELDS,
    "follows": CAMPAIGN_FIELDS["follows_id"],
    # of an official or a mission
    "name": _l("Name"),
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "office": _l("Office"),
    "salutation": _l("Salutation"),
    "close": _l("Close"),
    "sending_country": _l("Sending country"),
    "host_country": _l("Host country"),
    "head_of_mission": _l("Head of mission"),
    "hours": _l("Hours"),
    # of the record of a delivery
    "happened_on": _l("Day"),
    "happened_time": _l("Time of day"),
    "place": _l("Place"),
    "received_by": _l("Received by"),
    "delegates": _l("Who went"),
    "notes": _l("Notes for colleagues"),
    "tracking": _l("Tracking number"),
}
_WORDS: Mapping[str, Any] = {
    "draft": _l("Draft"),
    "review": _l("In review"),
    "scheduled": _l("Scheduled"),
    "open": _l("Open"),
    "closed": _l("Closed"),
    "stopped": _l("Stopped"),
    "letter": _l("Letter"),
    "email": _l("E-mail"),
    "phone": _l("Telephone"),
    "meeting": _l("Meeting"),
    "post": _l("Post on a network"),
    "further-information": _l("Further information"),
    "good-news": _l("Good news"),
    "delivery": _l("Handed over"),
    "reply": _l("Reply"),
    "outcome": _l("Outcome"),
    "update": _l("Update"),
    "close": _l("Closing, with its reason"),
    "reason": _l("Reason of a stop or a closing"),
    "harm": _l("Another letter could do harm"),
    "safe": _l("The person is free or safe: letters are no longer needed"),
    "other": _l("Another reason"),
    "network": _l("Urgent-action network"),
    "signers": _l("Supporters who asked for news of the case"),
    "full": _l("For vetting"),
    "destroyed": _l("Destroyed"),
    "kept": _l("Kept under lock"),
    "officials": _l("For officials"),
}
_SAID_IN = {"before", "after", "state", "channel", "kind", "told", "fate"}
"""Facts whose values are such words; others are numbers, names and slugs."""


def say_value(name: str, value: str) -> str:
    """A value of the fact `name`, in words where there are some."""
    known = _FIELDS if name == "fields" else _WORDS if name in _SAID_IN else {}
    return str(known.get(value, value))
