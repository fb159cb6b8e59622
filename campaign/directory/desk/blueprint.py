"""What the pages of officials, missions and their imports share: the blueprint, and labels."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from campaign.core import i18n
from campaign.directory.entry_fields import CONTACT_TYPES, FIELDS, LABELS, Entry
from campaign.models.directory import (
    Directory,
    DirectoryImport,
    MissionKind,
    Official,
    official_name,
)
from campaign.models.staff import Role
from campaign.staff.desk_access import guard

KIND_LABELS = {
    MissionKind.EMBASSY: _l("Embassy"),
    MissionKind.HIGH_COMMISSION: _l("High commission"),
    MissionKind.CONSULATE: _l("Consulate"),
    MissionKind.PERMANENT_MISSION: _l("Permanent mission"),
}
CONTACT_LABELS = {kind: LABELS[kind] for kind in CONTACT_TYPES}
SHOWN_FIELDS = {
    directory: (*(field.name for field in fields if field.shown), "address", "email")
    for directory, fields in FIELDS.items()
}


_DAY_FIELDS = frozenset({"left_on", "last_checked_on", "post"})
_ISO_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def get_entry_name(entry: Entry) -> str:
    if isinstance(entry, Official):
        return official_name(entry, i18n.locale())
    return i18n.words_in(entry.name, i18n.locale()) or entry.slug


def describe_place(entry: Entry) -> str:
    """Return what tells an entry from its namesakes, in one line."""
    if isinstance(entry, Official):
        office = i18n.words_in(entry.office, i18n.locale()) if entry.name else ""
        parts = (office, i18n.country_name(entry.country), entry.locality)
    else:
        parts = (i18n.country_name(entry.host_country), entry.locality, entry.head_of_mission)
    return " · ".join(part for part in parts if part)


def list_kinds() -> list[tuple[str, str]]:
    return [(kind.value, str(label)) for kind, label in KIND_LABELS.items()]


def say_value(field: str, value: str | dict[str, str] | Sequence[str]) -> str:
    if isinstance(value, dict):
        return i18n.words_in(value, i18n.locale())
    if not isinstance(value, str) or not value:
        return str(value)
    if field == "kind":
        return str(KIND_LABELS[MissionKind(value)])
    if field in {"country", "sending_country", "host_country"}:
        return i18n.country_name(value)
    if field == "preferred_locale":
        return i18n.language_name(value, i18n.locale())
    return _ISO_DAY.sub(_say_iso_day, value) if field in _DAY_FIELDS else value


def _say_iso_day(match: re.Match[str]) -> str:
    try:
        return i18n.say_short_day(date.fromisoformat(match[0]), i18n.locale())
    except ValueError:  # in the words of a stranger's file
        return match[0]


def say_meaning(meaning: str) -> str:
    """Return what a column means, with its language where it has one: "Office (French)"."""
    base, _colon, code = meaning.partition(":")
    label = str(LABELS[base])
    if not code:
        return label
    language = i18n.language_name(code, i18n.locale())
    return _("%(field)s in %(language)s", field=label, language=language)


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
        "approved": _("The approved letters of a scheduled campaign would change."),
        "spoils": _(
            "With the earlier values of this entry, a scheduled campaign could not open "
            "automatically."
        ),
    }
    return words.get(slug) or _(
        "Someone has changed part of it since then. We undid only the rest."
    )


def say_rewritten(letters: int) -> str:
    return ngettext(
        "This changes how %(num)s signed letter that is not in a bundle yet names or addresses "
        "the official. The person who signed it has read the old words.",
        "This changes how %(num)s signed letters that are not in a bundle yet name or address "
        "the official. The people who signed them have read the old words.",
        letters,
    )


def say_how_to_mend(sentence: str, values: Mapping[str, str | int]) -> str:
    translation = _(sentence)
    if "day" in values:
        values = {**values, "day": i18n.say_date(date.fromisoformat(str(values["day"])))}
    return translation % values if values else translation


View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
blueprint = Blueprint("directory", __name__)
guard(blueprint, Role.ORGANIZER)


def add_page_to_both(path: str, *methods: str) -> Callable[[View], View]:
    """Add a page to the officials' part and to the missions'."""

    def register(view: View) -> View:
        for directory in Directory:
            blueprint.add_url_rule(
                f"/desk/{directory.value}{path}",
                view_func=view,
                defaults={"directory": directory},
                methods=methods or ("GET",),
            )
        return view

    return register


def get_import_url(endpoint: str, upload: DirectoryImport, **values: str | int) -> str:
    return url_for(
        f"directory.{endpoint}",
        directory=upload.directory.value,
        public_id=upload.public_id,
        **values,  # type: ignore[arg-type]  # of the page alone
    )


def _get_list_url(**changes: object) -> str:
    """Return this list's address with other filters, order or page; empty values are left out."""
    state = request.args.to_dict() | {name: str(value) for name, value in changes.items()}
    query = urlencode({name: value for name, value in state.items() if value})
    return f"{request.path}?{query}" if query else request.path


@blueprint.app_template_filter("official_name")
def name_official(official: Official) -> str:
    return official_name(official, i18n.locale())


@blueprint.context_processor
def add_words() -> dict[str, object]:
    return {
        "kind_labels": KIND_LABELS,
        "contact_labels": CONTACT_LABELS,
        "entry_name": get_entry_name,
        "entry_place": describe_place,
        "list_url": _get_list_url,
        "field_label": say_field,
        "how_to_mend": say_how_to_mend,
        "say_rewritten": say_rewritten,
        "shown_value": say_value,
        "why_it_stays": say_why_it_stays,
        "import_url": get_import_url,
    }
