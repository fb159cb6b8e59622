"""What a form or a file says of an official or a mission, before it is kept. Pure."""

from dataclasses import dataclass, field
from datetime import date

from campaign.directory.postal_addresses import formatted_code
from campaign.models.directory import ContactDetail, MissionKind

CONTACT_TYPES = ("email", "voice", "fax", "url", "twitter")
"""Popolo's words for e-mail address, telephone, fax, web page and X handle."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach somebody, and the days for which it holds."""

    type: str
    value: str
    note: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialDraft:
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

    def __post_init__(self) -> None:
        """The postal code is kept as its country writes it, from a form and from a file alike."""
        object.__setattr__(self, "postal_code", formatted_code(self.country, self.postal_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionDraft:
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
    timezone: str = ""
    """Empty: that of its city and country."""
    last_checked_on: date | None = None
    contacts: tuple[Contact, ...] = ()

    def __post_init__(self) -> None:
        """The postal code is kept as its country writes it, from a form and from a file alike."""
        code = formatted_code(self.host_country, self.postal_code)
        object.__setattr__(self, "postal_code", code)


def merge_words(kept: dict[str, str], said: dict[str, str]) -> dict[str, str]:
    """`kept` with what is `said` now; an empty text removes a language, others stay."""
    return {code: text for code, text in (kept | said).items() if text}


def contact_details(contacts: tuple[Contact, ...]) -> list[ContactDetail]:
    return [
        ContactDetail(
            type=one.type,
            value=one.value,
            note=one.note,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )
        for one in contacts
    ]


def contacts_of(details: list[ContactDetail]) -> tuple[Contact, ...]:
    return tuple(
        Contact(one.type, one.value, one.note, one.valid_from, one.valid_until) for one in details
    )
