"""What imports call things on the desk: meanings of columns, fields that change, what to mend."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.core import i18n
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.imports.read_rows import Values
from campaign.models.directory_import import Directory

FIELDS: Mapping[str, Any] = {
    "sending_country": _l("Sending country"), "host_country": _l("Host country"),
    "kind": _l("Kind"), "accredited": _l("Further countries"),
    "accredited_to": _l("Further countries"), "name": _l("Name"),
    "head_of_mission": _l("Head of mission"), "hours": _l("Hours"),
    "last_checked_on": _l("Last checked on"), "full_name": _l("Full name"),
    "prefix": _l("Title before the name"), "given_name": _l("Given name"),
    "family_name": _l("Family name"), "office": _l("Office"),
    "organization": _l("Institution"), "salutation": _l("Salutation"), "close": _l("Close"),
    "country": _l("Country"), "language": _l("Language the official prefers"),
    "preferred_locale": _l("Language the official prefers"),
    "started_on": _l("In office since"), "ended_on": _l("In office until"),
    "left_on": _l("Left office on"), "post": _l("Office held"),
    "address": _l("Address, whole"), "street": _l("Street"),
    "locality": _l("City or town"), "region": _l("Region, state or province"),
    "postal_code": _l("Postal code"), "email": _l("E-mail"), "voice": _l("Telephone"),
    "fax": _l("Fax"), "url": _l("Web page"), "twitter": _l("X handle"),
    "own_id": _l("Id here, as an export has it"),
    "source_id": _l("Id in the source, such as Wikidata’s"),
}  # fmt: skip


SHOWN: Mapping[Directory, tuple[str, ...]] = {
    Directory.OFFICIALS: ("office", "country", "address", "email"),
    Directory.MISSIONS: (
        "kind",
        "sending_country",
        "host_country",
        "head_of_mission",
        "address",
        "email",
    ),
}
"""What a dry run shows of a row that would be added, so that a wrong mapping is seen."""


def shown(field: str, value: Any) -> str:
    """A value of such a row, as `Item.detail` keeps it, in the language of the page."""
    if isinstance(value, dict):
        return i18n.words_in(value, i18n.locale())
    if value and field == "kind":
        return str(KIND_LABELS[value])
    if value and field in {"country", "sending_country", "host_country"}:
        return i18n.country_name(value, i18n.locale())
    return str(value)


def meaning_label(meaning: str) -> str:
    """A meaning, with its language where it has one: "Office (French)"."""
    base, _colon, code = meaning.partition(":")
    said = str(FIELDS[base])
    if not code:
        return said
    return str(_("%(field)s in %(language)s", field=said, language=language(code)))


def language(code: str) -> str:
    """A language's name on this page."""
    return i18n.language_name(code, i18n.locale())


def field_label(name: str) -> str:
    """A field that changes; what we do not know is called as the file calls it."""
    return str(FIELDS.get(name, name))


def why_it_stays(slug: str) -> str:
    """Why what an import brought stays although it was undone."""
    words = {
        "in-use": _("A campaign or something else uses it."),
        "edited": _("Someone has edited or checked it since."),
        "imported-again": _("A later import changed it."),
        "flagged": _("Risk flags of a public campaign rule out what it said before."),
    }
    return str(words.get(slug) or _("Someone has changed it since. Only the rest is set back."))


def how_to_mend(sentence: str, values: Values) -> str:
    """A fault in the language of the page."""
    said = str(_(sentence))
    return said % values if values else said
