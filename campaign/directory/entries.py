"""Officials and missions alike, and what a form or a file says of one before it is kept. Pure."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, overload

from campaign.directory.entry_fields import Rule, names_with
from campaign.directory.postal_addresses import formatted_code
from campaign.models.directory import ContactDetail, Directory, Mission, MissionKind, Official

Entry = Official | Mission
EntryModel = type[Official] | type[Mission]
CONTACT_TYPES = ("email", "voice", "fax", "url", "twitter")
"""Popolo's words for e-mail address, telephone, fax, web page and X handle."""
_KEPT = tuple(rule for rule in Rule if rule is not Rule.SOURCE)
_MAY_BE_NULL = ("door_notes", "timezone")


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach somebody, and the days for which it holds."""

    type: str
    value: str
    note: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


class _Addressed:
    """The postal code is kept as its country writes it, from a form and from a file alike."""

    __slots__ = ()
    postal_code: str

    def __post_init__(self) -> None:
        code = formatted_code(country_of(self), self.postal_code)  # type: ignore[arg-type]
        object.__setattr__(self, "postal_code", code)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialDraft(_Addressed):
    """All that staff can say of an official; words are per language."""

    name: str = ""
    given_name: str = ""
    family_name: str = ""
    office: dict[str, str] = field(default_factory=dict)
    salutation: dict[str, str] = field(default_factory=dict)
    close: dict[str, str] = field(default_factory=dict)
    country: str
    preferred_locale: str = "en"
    address: list[str] = field(default_factory=list)
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionDraft(_Addressed):
    """All that staff can say of a mission; its name is per language."""

    kind: MissionKind
    name: dict[str, str] = field(default_factory=dict)
    sending_country: str
    host_country: str
    accredited_to: list[str] = field(default_factory=list)
    head_of_mission: str = ""
    hours: str = ""
    door_notes: str = ""
    address: list[str] = field(default_factory=list)
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    timezone: str = ""  # empty: that of its city and country
    last_checked_on: date | None = None
    contacts: tuple[Contact, ...] = ()


def model_of(directory: Directory) -> EntryModel:
    return Mission if directory is Directory.MISSIONS else Official


def directory_of(entry: Entry) -> Directory:
    return Directory.MISSIONS if isinstance(entry, Mission) else Directory.OFFICIALS


def country_of(entry: Entry | OfficialDraft | MissionDraft) -> str:
    if isinstance(entry, Official | OfficialDraft):
        return entry.country
    return entry.host_country


@overload
def draft_of(entry: Official) -> OfficialDraft: ...
@overload
def draft_of(entry: Mission) -> MissionDraft: ...
def draft_of(entry: Entry) -> OfficialDraft | MissionDraft:
    values = {name: getattr(entry, name) for name in _list_kept(entry)}
    values |= {name: values[name] or "" for name in _MAY_BE_NULL if name in values}
    values |= {name: dict(words) for name, words in values.items() if isinstance(words, dict)}
    make: Any = OfficialDraft if isinstance(entry, Official) else MissionDraft
    draft: OfficialDraft | MissionDraft = make(**values, contacts=contacts_of(entry.contacts))
    return draft


def take_draft(entry: Entry, draft: OfficialDraft | MissionDraft) -> list[str]:
    """Put the draft into the row; return the changed fields. An empty text removes a language."""
    values = {name: getattr(draft, name) for name in _list_kept(entry)}
    values |= {name: values[name] or None for name in _MAY_BE_NULL if name in values}
    for name, words in values.items():
        if isinstance(words, dict):
            merged = (getattr(entry, name) or {}) | words
            values[name] = {code: text for code, text in merged.items() if text}
    changed = [name for name, value in values.items() if getattr(entry, name) != value]
    for name in changed:
        setattr(entry, name, values[name])
    if contacts_of(entry.contacts) != draft.contacts:
        entry.contacts = contact_details(draft.contacts)
        changed.append("contacts")
    return sorted(changed)


def contact_details(contacts: tuple[Contact, ...]) -> list[ContactDetail]:
    return [ContactDetail(**asdict(contact)) for contact in contacts]


def contacts_of(details: list[ContactDetail]) -> tuple[Contact, ...]:
    return tuple(
        Contact(detail.type, detail.value, detail.note, detail.valid_from, detail.valid_until)
        for detail in details
    )


def _list_kept(entry: Entry) -> tuple[str, ...]:
    names = names_with(directory_of(entry), *_KEPT)
    return (*names, "timezone") if isinstance(entry, Mission) else names
