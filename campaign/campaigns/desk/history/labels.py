"""What the parts of a campaign and their fields are called at the desk."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.campaigns.content.part_contents import Content, key_of, says_need
from campaign.campaigns.content.three_way_merge import ChangedField
from campaign.campaigns.desk.history.value_labels import official_name, point_words
from campaign.core import i18n
from campaign.models.revision import Part
from campaign.staff.audit_log.field_labels import CAMPAIGN_FIELDS

PARTS: Mapping[str, Any] = {
    Part.FACTS: _l("Facts"),
    Part.EDITION: _l("Page text"),
    Part.LETTER: _l("Letter"),
    Part.OPTIONS: _l("Letter options"),
    Part.TARGETS: _l("Recipients"),
}
FIELDS: Mapping[str, Any] = {
    **CAMPAIGN_FIELDS,
    "subject": _l("Subject"),
    "opening": _l("Opening"),
    "closing": _l("Closing"),
    "forbidden_words": _l("Words not allowed in a letter"),
    "full_text_edit": _l("Supporters may rewrite the whole letter"),
    "print_translation": _l("Print the letter with its translation"),
}


def part_name(part: str, place: str) -> str:
    """A part in words: "Page text, French"."""
    locale, _sign, official = place.partition(":")
    language = i18n.language_name(locale, i18n.locale()) if locale else ""
    whom = official_name(official) if official else ""
    parts = [str(PARTS.get(part, part)), language, whom]
    return i18n.comma(i18n.locale()).join(filter(None, parts))


def field_name(part: str, name: str, content: Content) -> str:
    if name == "order":
        words = _("Order of the recipients") if part == Part.TARGETS else _("Order of the points")
    elif says_need(name):
        words = _("Required point: %(point)s", point=point_words(name, content))
    elif key_of(name) and part == Part.TARGETS:
        words = _("Recipient: %(official)s", official=official_name(key_of(name)))
    elif key_of(name):
        words = _("Point: %(point)s", point=point_words(name, content))
    else:
        words = FIELDS.get(name, name)
    return str(words)


def choices_of(field: ChangedField) -> list[tuple[str, str]]:
    """What can be chosen where two changed the same."""
    offered = [("mine", _("My text")), ("theirs", _("The saved text"))]
    if field.offers_both:
        offered.insert(0, ("both", _("Both: the saved text, then mine")))
    return offered
