"""What imports call things on the desk: meanings of columns, fields that change, what to mend."""

from typing import Any

from flask_babel import gettext as _

from campaign.core import i18n
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.fields import FIELDS, LABELS
from campaign.directory.imports.read_rows import Values

SHOWN = {
    directory: (*(one.name for one in some if one.shown), "address", "email")
    for directory, some in FIELDS.items()
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
    said = str(LABELS[base])
    if not code:
        return said
    return str(_("%(field)s in %(language)s", field=said, language=language(code)))


def language(code: str) -> str:
    """A language's name on this page."""
    return i18n.language_name(code, i18n.locale())


def field_label(name: str) -> str:
    """A field that changes; what we do not know is called as the file calls it."""
    return str(LABELS.get(name, name))


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
