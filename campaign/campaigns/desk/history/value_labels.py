"""What the fields of a campaign's parts hold, in words: keys, slugs and codes mean nothing."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from flask_babel import gettext as _

from campaign.campaigns.content.part_contents import Content, key_of
from campaign.campaigns.desk.forms import FORMATS
from campaign.campaigns.desk.texts.letter_form import TARGET_KINDS
from campaign.campaigns.themes import theme_name
from campaign.core import db, i18n
from campaign.directory.missions import find_mission
from campaign.directory.officials import find_official
from campaign.models.campaign import Campaign, LetterFormat, TargetKind
from campaign.models.revision import Part


def value_text(part: str, name: str, value: Any, content: Content) -> str:
    """A value as text: to be read, and compared word by word; `content` names the points."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    say = _WORDS.get(name, str)
    if part == Part.TARGETS:
        say = official_name if name == "order" else _aim
    elif name == "order":
        say = lambda key: point_words(f"point:{key}", content)  # noqa: E731
    return "\n".join(map(say, value)) if isinstance(value, list) else say(value)


def texts_of_content(part: str, content: Content, campaign: Campaign) -> dict[str, str]:
    texts = {name: value_text(part, name, value, content) for name, value in content.items()}
    if "follows_id" in content:
        followed = campaign.follows if campaign.follows_id == content["follows_id"] else None
        texts["follows_id"] = followed.reference if followed else texts["follows_id"]
    return texts


def official_name(slug: str) -> str:
    """The official of that slug by name, or by office; one that is gone by the slug."""
    official = find_official(db.session(), slug=slug)
    if official is None:
        return slug
    return official.name or i18n.words_in(official.office, i18n.locale())


def point_words(name: str, content: Content) -> str:
    """A point by its first words; those of a letter that does not have it, by its key."""
    key = key_of(name)
    words = str(content.get(f"point:{key}") or key).split()
    return " ".join(words[:8]) + ("…" if len(words) > 8 else "")


def _aim(value: str) -> str:
    """What a target is, and the mission through which letters reach them."""
    kind, _space, slug = value.partition(" ")
    mission = find_mission(db.session(), slug=slug) if slug else None
    through = i18n.words_in(mission.name, i18n.locale()) if mission else slug
    return " · ".join(filter(None, (str(TARGET_KINDS[TargetKind(kind)]), through)))


def _day(value: str) -> str:
    return i18n.say_date(date.fromisoformat(value))


def _language(code: str) -> str:
    return i18n.language_name(code, i18n.locale())


_WORDS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "country": i18n.country_name,
        "format": lambda value: str(FORMATS[LetterFormat(value)]),
        "themes": theme_name,
        "issued_on": _day,
        "act_by": _day,
        "timezone": i18n.say_zone,
        "default_locale": _language,
        "letter_locales": _language,
    }
)
