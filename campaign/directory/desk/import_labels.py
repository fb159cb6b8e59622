"""What imports call things on the desk: meanings of columns, fields that change, what to mend."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _

from campaign.core import i18n
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.entry_fields import FIELDS, LABELS
from campaign.models.directory import MissionKind

SHOWN_FIELDS = {
    directory: (*(field.name for field in fields if field.shown), "address", "email")
    for directory, fields in FIELDS.items()
}
"""What a dry run shows of a row that would be added, so that a wrong mapping is seen."""
Value = str | dict[str, str] | Sequence[str]


def say_value(field: str, value: Value) -> str:
    """Return a value of such a row, as `Item.detail` keeps it, in the language of the page."""
    if isinstance(value, dict):
        return i18n.words_in(value, i18n.locale())
    if not isinstance(value, str) or not value:
        return str(value)
    if field == "kind":
        return str(KIND_LABELS[MissionKind(value)])
    if field in {"country", "sending_country", "host_country"}:
        return i18n.country_name(value, i18n.locale())
    return value


def say_meaning(meaning: str) -> str:
    """Return what a column means, with its language where it has one: "Office (French)"."""
    base, _colon, code = meaning.partition(":")
    label = str(LABELS[base])
    if not code:
        return label
    language = i18n.language_name(code, i18n.locale())
    return str(_("%(field)s in %(language)s", field=label, language=language))


def say_field(name: str) -> str:
    """Return the label of a field; what we do not know is called as the file calls it."""
    return str(LABELS.get(name, name))


def say_why_it_stays(slug: str) -> str:
    words = {
        "in-use": _("A campaign or something else uses it."),
        "edited": _("Someone has edited or checked it since then."),
        "imported-again": _("A later import changed it."),
        "flagged": _(
            "The risk flags of a public or scheduled campaign do not allow its earlier words."
        ),
    }
    return str(
        words.get(slug) or _("Someone has changed part of it since then. We undid only the rest.")
    )


def say_how_to_mend(sentence: str, values: Mapping[str, str | int]) -> str:
    translation = str(_(sentence))
    return translation % values if values else translation
