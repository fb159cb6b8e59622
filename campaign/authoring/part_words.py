"""What the parts of a campaign and their fields are called at the desk."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign import i18n
from campaign.accounts.field_words import CAMPAIGN_FIELDS
from campaign.authoring.merging import Meeting
from campaign.campaigns.contents import Content, key_of, says_need
from campaign.campaigns.models import Campaign
from campaign.campaigns.revision_models import Part

PARTS: Mapping[str, Any] = {
    Part.FACTS: _l("Facts"),
    Part.EDITION: _l("Page text"),
    Part.LETTER: _l("Letter"),
    Part.OPTIONS: _l("Letter options"),
    Part.TARGETS: _l("Targets"),
}
FIELDS: Mapping[str, Any] = {
    **CAMPAIGN_FIELDS,
    "subject": _l("Subject"),
    "opening": _l("Opening"),
    "closing": _l("Closing"),
    "forbidden_words": _l("Words that must not stand in a letter"),
    "full_text_edit": _l("Supporters may rewrite the whole letter"),
    "print_translation": _l("Print the letter with its translation"),
}


def part_name(part: str, place: str) -> str:
    """A part in words: "Page text, French"."""
    locale, _sign, official = place.partition(":")
    language = i18n.language_name(locale, i18n.locale()) if locale else ""
    parts = [str(PARTS.get(part, part)), language, official]
    return i18n.comma(i18n.locale()).join(filter(None, parts))


def field_name(part: str, name: str, content: Content) -> str:
    """A field in words."""
    if name == "order":
        said = _("Order of the targets") if part == Part.TARGETS else _("Order of the points")
    elif says_need(name):
        said = _("Required point: %(point)s", point=_point(name, content))
    elif key := key_of(name):
        said = _("Target: %(official)s", official=key) if part == Part.TARGETS else _(
            "Point: %(point)s", point=_point(name, content)
        )  # fmt: skip
    else:
        said = FIELDS.get(name, name)
    return str(said)


def value_text(value: Any) -> str:
    """A value of a content as text: to be read, and compared word by word."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def texts_of_content(content: Content, campaign: Campaign) -> dict[str, str]:
    """A content as texts by field, to be compared."""
    texts = {name: value_text(value) for name, value in content.items()}
    if "follows_id" in content:
        followed = campaign.follows if campaign.follows_id == content["follows_id"] else None
        texts["follows_id"] = followed.reference if followed else texts["follows_id"]
    return texts


def choices_of(one: Meeting) -> list[tuple[str, str]]:
    """What can be chosen where two changed the same."""
    offered = [("mine", _("Mine")), ("theirs", _("The saved one"))]
    if one.offers_both:
        offered.insert(0, ("both", _("Both: the saved one, then mine")))
    return offered


def _point(name: str, content: Content) -> str:
    """A point by its first words; those of a letter that does not have it, by its key."""
    key = key_of(name)
    words = str(content.get(f"point:{key}") or key).split()
    return " ".join(words[:8]) + ("…" if len(words) > 8 else "")
