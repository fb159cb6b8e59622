"""What the parts of a campaign, their fields and values are called at the desk."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from types import MappingProxyType
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from campaign.campaigns.content.compare_texts import ChangedField
from campaign.campaigns.content.part_contents import Content, key_of, says_need
from campaign.campaigns.content.risks import RewrittenLetters, RiskNamed
from campaign.campaigns.themes import theme_name
from campaign.core import db, i18n
from campaign.directory.missions import find_mission
from campaign.directory.officials import find_official
from campaign.models.campaign import Campaign, LetterFormat, StopKind, TargetKind, UpdateKind
from campaign.models.directory import official_name
from campaign.models.revision import Part
from campaign.staff.audit_log.labels import CAMPAIGN_FIELDS

FORMATS = {
    LetterFormat.LETTER: _l("A one-page letter"),
    LetterFormat.CARD: _l("A card, four per sheet"),
}
_STOPS = {
    StopKind.HARM.value: _l("Another letter could do harm"),
    StopKind.SAFE.value: _l("There is good news: no more letters are needed"),
    StopKind.OTHER.value: _l("Another reason"),
}
_STOPS_OF_CARDS = _STOPS | {
    StopKind.HARM.value: _l("Another card could do harm"),
    StopKind.SAFE.value: _l("There is good news: no more cards are needed"),
}
KINDS = {
    UpdateKind.FURTHER_INFORMATION: _l("Further information"),
    UpdateKind.GOOD_NEWS: _l("Good news"),
    UpdateKind.STOP: _l("Stop"),
    UpdateKind.DELIVERY: _l("Delivered"),
    UpdateKind.REPLY: _l("Reply"),
    UpdateKind.OUTCOME: _l("Outcome"),
}
TARGET_KINDS = {TargetKind.TO: _l("Letter to"), TargetKind.COPY: _l("Receives a copy")}
PARTS: Mapping[str, object] = {
    Part.FACTS: _l("Facts"),
    Part.EDITION: _l("Page text"),
    Part.LETTER: _l("Letter"),
    Part.OPTIONS: _l("Letter options"),
    Part.TARGETS: _l("Recipients"),
}
FIELDS: Mapping[str, object] = {
    **CAMPAIGN_FIELDS,
    "subject": _l("Subject"),
    "opening": _l("Opening"),
    "closing": _l("Closing"),
    "forbidden_words": _l("Words not allowed in a letter"),
    "full_text_edit": _l("Supporters may rewrite the whole letter"),
    "print_translation": _l("Print the letter with its translation"),
}


def stops_of(campaign: Campaign) -> Mapping[str, object]:
    """Why it can be stopped, in words that name what people sign."""
    return _STOPS_OF_CARDS if campaign.cards else _STOPS


def say_deadline_over(day: date) -> str:
    return _(
        "The deadline, %(day)s, will have passed by then. Choose an earlier time, or change "
        "the deadline.",
        day=i18n.say_date(day),
    )


def say_rewritten_letters(problem: RiskNamed) -> list[str]:
    """Say how many signed letters a change rewrites; one of recipients, for each of them."""
    return [_say_rewritten(rewritten) for rewritten in problem.rewritten]


def _say_typed_name(name: str) -> str:
    if not name:
        return ""
    return _(
        "The letter also has “%(name)s” typed out. Signed letters keep that. For those who write "
        "from now on, change the letter and the page text too.",
        name=name,
    )


def _say_rewritten(rewritten: RewrittenLetters) -> str:
    letters, count = rewritten.letters, i18n.say_number(rewritten.letters)
    if rewritten.official is None:
        sentence = ngettext(
            "%(count)s signed letter that is not in a bundle yet would say something other than "
            "it says now. Its writer may not have read that.",
            "%(count)s signed letters that are not in a bundle yet would say something other than "
            "they say now. Their writers may not have read that.",
            letters,
            count=count,
        )
        return f"{sentence} {_say_typed_name(rewritten.typed_name)}".rstrip()
    official = official_name(rewritten.official, i18n.locale())
    if rewritten.was_copy:
        return ngettext(
            "%(count)s signed letter that is not in a bundle yet says that %(official)s receives "
            "a copy. If you save, the letter no longer says this.",
            "%(count)s signed letters that are not in a bundle yet say that %(official)s receives "
            "a copy. If you save, the letters no longer say this.",
            letters,
            count=count,
            official=official,
        )
    return ngettext(
        "%(count)s signed letter to %(official)s is not in a bundle yet. If you save, its address "
        "changes, and its page tells the supporter the new way of delivery.",
        "%(count)s signed letters to %(official)s are not in a bundle yet. If you save, their "
        "address changes, and their pages tell the supporters the new way of delivery.",
        letters,
        count=count,
        official=official,
    )


def part_name(part: str, place: str) -> str:
    """A part in words: "Page text, French"."""
    locale, _sign, official = place.partition(":")
    language = name_language(locale) if locale else ""
    whom = name_by_slug(official) if official else ""
    parts = [str(PARTS.get(part, part)), language, whom]
    return i18n.comma(i18n.locale()).join(filter(None, parts))


def field_name(part: str, name: str, content: Content) -> str:
    if name == "order":
        return _("Order of the recipients") if part == Part.TARGETS else _("Order of the points")
    if says_need(name):
        return _("Required point: %(point)s", point=point_words(name, content))
    if key_of(name) and part == Part.TARGETS:
        return _("Recipient: %(official)s", official=name_by_slug(key_of(name)))
    if key_of(name):
        return _("Point: %(point)s", point=point_words(name, content))
    return str(FIELDS.get(name, name))


def choices_of(field: ChangedField) -> list[tuple[str, str]]:
    offered = [("mine", _("My text")), ("theirs", _("The saved text"))]
    if field.offers_both:
        offered.insert(0, ("both", _("Both: the saved text, then mine")))
    return offered


def value_text(part: str, name: str, value: Any, content: Content) -> str:
    """A value as text: to be read, and compared word by word; `content` names the points."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    say = _WORDS.get(name, str)
    if part == Part.TARGETS:
        say = name_by_slug if name == "order" else _aim
    elif name == "order":
        say = lambda key: point_words(f"point:{key}", content)  # noqa: E731
    return "\n".join(map(say, value)) if isinstance(value, list) else say(value)


def texts_of_content(part: str, content: Content, campaign: Campaign) -> dict[str, str]:
    texts = {name: value_text(part, name, value, content) for name, value in content.items()}
    if "follows_id" in content:
        followed = campaign.follows if campaign.follows_id == content["follows_id"] else None
        texts["follows_id"] = followed.reference if followed else texts["follows_id"]
    return texts


def name_by_slug(slug: str) -> str:
    """The official of that slug by name, or by office; one that is gone by the slug."""
    official = find_official(db.session(), slug=slug)
    if official is None:
        return slug
    return official_name(official, i18n.locale())


def point_words(name: str, content: Content) -> str:
    """A point by its first words; those of a letter that does not have it, by its key."""
    key = key_of(name)
    words = str(content.get(f"point:{key}") or key).split()
    return " ".join(words[:8]) + ("…" if len(words) > 8 else "")


def _aim(value: str) -> str:
    kind, _space, slug = value.partition(" ")
    mission = find_mission(db.session(), slug=slug) if slug else None
    through = i18n.words_in(mission.name, i18n.locale()) if mission else slug
    return " · ".join(filter(None, (str(TARGET_KINDS[TargetKind(kind)]), through)))


def _day(value: str) -> str:
    return i18n.say_date(date.fromisoformat(value))


def name_language(code: str) -> str:
    return i18n.language_name(code, i18n.locale())


_WORDS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "country": i18n.country_name,
        "format": lambda value: str(FORMATS[LetterFormat(value)]),
        "themes": theme_name,
        "issued_on": _day,
        "act_by": _day,
        "timezone": i18n.say_zone,
        "default_locale": name_language,
        "letter_locales": name_language,
    }
)


def say_cancelled(campaigns: Sequence[Campaign]) -> str:
    """Say which do not open by themselves any more, as one that is linked to them was stopped."""
    if not campaigns:
        return ""
    return ngettext(
        "%(campaigns)s no longer opens automatically. Its team gets an email.",
        "%(campaigns)s no longer open automatically. Their teams get an email.",
        len(campaigns),
        campaigns=i18n.comma(i18n.locale()).join(campaign.reference for campaign in campaigns),
    )


def list_answers(typed: Mapping[str, str], campaign: Campaign) -> list[tuple[str, str]]:
    """List what was chosen for a step, as its form says it; not the deadline that it began with."""
    deadline = typed.get("act_by", "")
    if campaign.act_by and deadline == campaign.act_by.isoformat():
        deadline = ""
    with suppress(ValueError):
        deadline = _day(deadline)
    answers = (
        (_("Why you are stopping it"), str(stops_of(campaign).get(typed.get("kind", ""), ""))),
        (_("Deadline"), deadline),
        (_("Day and time"), typed.get("open_at", "").replace("T", " ")),
    )
    return [answer for answer in answers if answer[1]]
