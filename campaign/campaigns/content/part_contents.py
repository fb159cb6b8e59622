"""What a part of a campaign says, as plain data: to be kept, compared, merged and restored. Pure.

Fields are flat. Points stand each by their key, so that two who change two points do not meet. Of
letters, what is said now is the newest version of each.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from campaign.models.campaign import Campaign, Edition, LetterFormat, LetterTemplate

Content = dict[str, Any]

FACTS = ("reference", "index_number", "country", "format", "person_name", "person_died",
         "person_pronouns", "themes", "issued_on", "act_by", "timezone", "default_locale",
         "letter_locales", "follows_id")  # fmt: skip
EDITION = ("person_name", "title", "summary", "asks", "background", "outcome")
LETTER = ("subject", "opening", "closing")
OPTIONS = ("forbidden_words", "full_text_edit", "print_translation")
_DAYS = ("issued_on", "act_by")
_POINT, _NEEDED = "point:", "needed:"


def facts_content(campaign: Campaign) -> Content:
    return {name: _plain(getattr(campaign, name)) for name in FACTS}


def plain_facts(facts: Mapping[str, object]) -> Content:
    return {name: _plain(facts[name]) for name in FACTS if name in facts}


def facts_from(content: Content) -> Content:
    facts = {name: content[name] for name in FACTS if name in content}
    for name in _DAYS:
        if facts.get(name):
            facts[name] = date.fromisoformat(facts[name])
    if "format" in facts:
        facts["format"] = LetterFormat(facts["format"])
    return facts


def edition_content(edition: Edition | None) -> Content:
    if edition is None:
        return {}
    return {name: _plain(getattr(edition, name)) for name in EDITION}


def edition_from(content: Content) -> Content:
    return {name: content.get(name) or ([] if name == "asks" else "") for name in EDITION}


def options_content(campaign: Campaign) -> Content:
    return {name: _plain(getattr(campaign, name)) for name in OPTIONS}


def targets_content(campaign: Campaign) -> Content:
    return targets_content_of(
        (target.official.slug, target.kind.value, target.mission.slug if target.mission else "")
        for target in campaign.targets
    )


def targets_content_of(rows: Iterable[tuple[str, str, str]]) -> Content:
    listed = list(rows)
    content: Content = {"order": [official for official, _, _ in listed]}
    for official, kind, mission in listed:
        content[f"{_POINT}{official}"] = f"{kind} {mission}".strip()
    return content


def targets_from(content: Content) -> Iterator[tuple[str, str, str]]:
    for slug in _order(content):
        kind, _, mission = str(content[f"{_POINT}{slug}"]).partition(" ")
        yield slug, kind, mission


def letter_content(template: LetterTemplate | None) -> Content:
    if template is None:
        return {}
    points = [(point.key, point.text, point.required) for point in template.points]
    return letter_of(template.subject, template.opening, template.closing, points)


def letter_of(
    subject: str, opening: str, closing: str, points: list[tuple[str, str, bool]]
) -> Content:
    content: Content = {"subject": subject, "opening": opening}
    content["order"] = [key for key, _, _ in points]
    for key, text, needed in points:
        content |= {f"{_POINT}{key}": text, f"{_NEEDED}{key}": needed}
    return content | {"closing": closing}


def points_from(content: Content) -> Iterator[tuple[str, str, bool]]:
    for key in _order(content):
        yield key, str(content[f"{_POINT}{key}"]), bool(content.get(f"{_NEEDED}{key}"))


def key_of(name: str) -> str:
    """The key of the point (or official of the target) that a field is about; else empty."""
    start, _, key = name.partition(":")
    return key if f"{start}:" in {_POINT, _NEEDED} else ""


def says_need(name: str) -> bool:
    return name.startswith(_NEEDED)


def _order(content: Content) -> list[str]:
    """The keys of what has a text: in their order, and those that it forgot at the end."""
    there = [key_of(name) for name in content if name.startswith(_POINT) and content[name]]
    order = [key for key in content.get("order") or () if key in there]
    return list(dict.fromkeys([*order, *there]))


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, list) else value


def current_templates(
    campaign: Campaign, target_id: int | None = None
) -> dict[str, LetterTemplate]:
    """The newest version per language of the template for that target, or for all (None)."""
    return {
        locale: template
        for (locale, target), template in newest_templates(campaign).items()
        if target == target_id
    }


def newest_templates(campaign: Campaign) -> dict[tuple[str, int | None], LetterTemplate]:
    """The newest version of every letter, by language and target; target None: for all."""
    versions = sorted(campaign.templates, key=lambda template: template.version)
    return {(template.locale, template.target_id): template for template in versions}


def texts_of(template: LetterTemplate) -> list[str]:
    points = [point.text for point in template.points]
    return [template.subject, template.opening, template.closing, *points]
