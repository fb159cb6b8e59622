"""Officials and missions, field by field, and what a form or a file says of one. Pure."""

import enum
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, overload

from flask_babel import lazy_gettext as _l

from campaign.core.text.fold import read_word_table
from campaign.directory.postal_addresses import AddressParts, formatted_code
from campaign.models.directory import ContactDetail, Directory, Mission, MissionKind, Official

PLACES = ("address", "locality", "region", "postal_code")  # the parts of an address
WORDS_LENGTH = 200  # characters of a text per language, or of a line of an address
Entry = Official | Mission
EntryModel = type[Official] | type[Mission]
CONTACT_TYPES = ("email", "voice", "fax", "url", "twitter")
"""Popolo's words for e-mail address, telephone, fax, web page and X handle."""
_MAY_BE_NULL = ("door_notes", "timezone")


class Rule(enum.Enum):
    """How an import changes a field of an entry that it finds again."""

    FILLED = "filled in where it is empty; put in its place where the file counts"
    WORDS = "the same, in each language by itself"
    IDENTITY = "changed by an export of ours alone: it tells entries apart"
    CHECKED = "the day goes with the address that was checked; of two for one address the later"
    PLACE = "a part of the address, which is one value"
    SOURCE = "taken once"
    NEVER = "no file says it"


@dataclass(frozen=True, slots=True)
class EntryField:
    """A field that is kept, or without a rule what only files or their dry runs have."""

    name: str
    label: object
    rule: Rule | None = None
    in_files: str = ""  # what a column of a file is said to mean, where that is not the name
    shown: bool = False  # whether a dry run shows it of a new row, so that a wrong mapping is seen

    @property
    def meaning(self) -> str:
        return self.in_files or self.name


_ADDRESS = (
    EntryField("address", _l("Full address"), Rule.PLACE),
    EntryField("street", _l("Street")),
    EntryField("locality", _l("City or town"), Rule.PLACE),
    EntryField("region", _l("Region, state or province"), Rule.PLACE),
    EntryField("postal_code", _l("Postal code"), Rule.PLACE),
)
_CONTACTS = (
    EntryField("email", _l("Email")),
    EntryField("voice", _l("Phone")),
    EntryField("fax", _l("Fax")),
    EntryField("url", _l("Web page")),
    EntryField("twitter", _l("X handle")),
    EntryField("source_id", _l("Id in the source, for example in Wikidata"), Rule.SOURCE),
    EntryField("own_id", _l("Id in this directory, as in its exports")),
)
FIELDS: dict[Directory, tuple[EntryField, ...]] = {
    Directory.MISSIONS: (
        EntryField("kind", _l("Kind"), Rule.IDENTITY, shown=True),
        EntryField("name", _l("Name"), Rule.WORDS),
        EntryField("sending_country", _l("Sending country"), Rule.IDENTITY, shown=True),
        EntryField("host_country", _l("Host country"), Rule.IDENTITY, shown=True),
        EntryField("accredited_to", _l("Other countries"), Rule.FILLED, "accredited"),
        EntryField("head_of_mission", _l("Head of mission"), Rule.FILLED, shown=True),
        EntryField("hours", _l("Hours"), Rule.FILLED),
        EntryField("door_notes", _l("Access notes"), Rule.NEVER),
        *_ADDRESS,
        EntryField("last_checked_on", _l("Last checked on"), Rule.CHECKED),
        *_CONTACTS,
    ),
    Directory.OFFICIALS: (
        EntryField("name", _l("Full name"), Rule.FILLED, "full_name"),
        EntryField("prefix", _l("Title before the name")),
        EntryField("given_name", _l("Given name"), Rule.FILLED),
        EntryField("family_name", _l("Family name"), Rule.FILLED),
        EntryField("office", _l("Office"), Rule.WORDS, shown=True),
        EntryField("organization", _l("Institution")),
        EntryField("salutation", _l("Salutation"), Rule.WORDS, shown=True),
        EntryField("close", _l("Close"), Rule.WORDS),
        EntryField("country", _l("Country"), Rule.IDENTITY, shown=True),
        EntryField(
            "preferred_locale", _l("Preferred language"), Rule.IDENTITY, "language", shown=True
        ),
        EntryField("started_on", _l("In office since")),
        EntryField("ended_on", _l("In office until")),
        EntryField("left_on", _l("Left office on")),
        EntryField("post", _l("Office held")),
        *_ADDRESS,
        *_CONTACTS,
    ),
}
COLUMN_NAMES = read_word_table("""
kind: type|kind|type of|mission type|category|art|typ
name: name|mission|name of mission|official name|office name|bezeichnung|vertretung
sending_country: operator|sending country|sending state|sender|origin|represented country|
  entsendestaat|entsendeland
host_country: host country|receiving state|receiving country|located in|host|empfangsstaat|gastland
accredited: jurisdictions|accredited to|accreditation|also accredited to|accreditations|accredited|
  jurisdiction|further countries|other countries|zustandig fur
head_of_mission: head of mission|ambassador|head|representative|missionschef|botschafter
hours: hours|opening hours|office hours|offnungszeiten
address: address|addresses|full address|postal address|adresses|mailing address|anschrift
street: street|street address|address line 1|address line 2|address line 3|address 1|address 2|
  line 1|line 2|strasse
locality: city|town|city or town|locality|commune|ort|stadt
region: region|state|province|region state or province|kanton|bundesland
postal_code: postal code|postcode|zip|zip code|cp|plz|postleitzahl
last_checked_on: last checked|last checked on|checked|verified|gepruft am
email: email|e mail|mail|emails|email address|email addresses|e mail adresse
voice: phone|telephone|tel|phones|phone number|mobile|cell|contact|contact number|contact no|
  telephone number|telefon|telefonnummer
fax: fax|telefax|faxnummer
url: website|url|web|homepage|web page|site|webseite|internet|webadresse
twitter: twitter|x|x handle|twitter handle
source_id: qid|wikidata|wikidata id|id|source id|identifier|uuid|
  id in the source for example in wikidata
own_id: id here|id in this directory as in its exports
full_name: full name|name|official|person|vollstandiger name
prefix: honorific prefix|title before the name|prefix|courtesy title|anrede
given_name: given name|first name|firstname|given|vorname
family_name: family name|last name|surname|lastname|nachname|familienname
office: office|post|position|role|title|function|amt|funktion
organization: organization|organisation|institution|ministry|behorde|ministerium
salutation: salutation|greeting|form of address|briefanrede
close: close|closing|grussformel
country: country|countries|nation|land|staat
language: language|preferred language|lang|sprache
started_on: start|start date|from|since|started on|in office since|took office|took office on|
  assumed office|in office from|term start|start of term|debut|inicio|seit|beginn
ended_on: end|end date|until|in office until|ended on|left office|left office on|term end|
  end of term|fin|left on|bis|ende
""")
LABELS: dict[str, object] = {
    name: field.label
    for directory in (Directory.OFFICIALS, Directory.MISSIONS)
    for field in FIELDS[directory]
    for name in (field.name, field.meaning)
}
"""By names and meanings; a name alone is a mission's."""


def names_with(directory: Directory, *rules: Rule) -> tuple[str, ...]:
    return tuple(field.name for field in FIELDS[directory] if field.rule in rules)


def limit_of(model: type[Mission | Official], name: str) -> int:
    return getattr(model.__table__.c[name].type, "length", None) or WORDS_LENGTH


_KEPT = tuple(rule for rule in Rule if rule is not Rule.SOURCE)


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
    preferred_locale: str = "en"  # empty: a file does not say it
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


def address_parts_of(entry: Entry) -> AddressParts:
    return {
        "country": country_of(entry),
        "street": entry.address,
        "locality": entry.locality,
        "region": entry.region,
        "postal_code": entry.postal_code,
    }


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
