"""What a letter says that is not its writer's, and the one way from there to the letter.

The facts are those of the campaign as it stands, or as they were frozen with the letter's bundle.
Officials move, addresses change; a letter that is printed twice must be the same letter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.campaigns.content.address_and_salutation import (
    Addressing,
    addressing_of,
    host_of,
    list_copies,
)
from campaign.core import clock
from campaign.models.campaign import Campaign, LetterFormat, LetterTemplate, Target
from campaign.printing.geometry import LAYOUTS, Layout
from campaign.printing.printed_content import LetterContext
from campaign.signing.letter.compose import (
    Case,
    Proposal,
    TranslationInput,
    Writer,
    case_of,
    compose,
    number_of,
    proposal_of,
)


@dataclass(frozen=True, slots=True)
class LetterFacts:
    case: Case
    addressing: Addressing
    timezone: str
    translation: tuple[str, Addressing] | None


@dataclass(frozen=True, slots=True)
class FrozenTarget:
    official: str
    names: dict[str, str]
    addressing: dict[str, Addressing]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FrozenTarget":
        addressing = {
            code: Addressing.from_json(words) for code, words in data["addressing"].items()
        }
        return cls(data["official"], data["names"], addressing)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenLetters:
    """What a bundle's letters say, kept as it stood when they were frozen. No supporter's."""

    timezone: str
    layout: str
    format: str
    case: Case
    targets: dict[int, FrozenTarget]
    translation: str = ""
    """Language into which letters in another one are translated; empty: they are not."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FrozenLetters":
        return FrozenLetters(
            timezone=data["timezone"],
            layout=data["layout"],
            format=data["format"],
            case=Case.from_json(data["case"]),
            targets={target["id"]: FrozenTarget.from_json(target) for target in data["targets"]},
            translation=data.get("translation", ""),
        )

    @property
    def cards(self) -> bool:
        return self.format == LetterFormat.CARD

    @property
    def sheet(self) -> Layout:
        return LAYOUTS[self.layout]

    def facts_for(self, target_id: int, locale: str) -> LetterFacts:
        """Raises KeyError where no letter to that target was frozen in that language."""
        addressing, into = self.targets[target_id].addressing, self.translation
        return LetterFacts(
            case=self.case,
            addressing=addressing[locale],
            timezone=self.timezone,
            translation=(into, addressing[into]) if into else None,
        )


def current_facts(campaign: Campaign, target: Target, locale: str) -> LetterFacts:
    country, into = host_of(target), campaign.translation_locale
    copies = list_copies(campaign)
    return LetterFacts(
        case=case_of(campaign),
        addressing=addressing_of(target, locale, host_country=country, copies=copies),
        timezone=campaign.timezone,
        translation=(into, addressing_of(target, into, host_country=country)) if into else None,
    )


def compose_letter(
    facts: LetterFacts,
    proposal: Proposal,
    writer: Writer,
    templates: Iterable[LetterTemplate],
    *,
    key: str,
    target_id: int,
    locale: str,
    signed_at: datetime,
    sequence: int | None = None,
    specimen: str = "",
) -> LetterContext:
    """Compose a letter for all that shows it; among `templates` is its translation."""
    into = None
    if facts.translation and facts.translation[0] != locale and not writer.full_text:
        into = find_translation(templates, target_id, *facts.translation, signed_at)
    return compose(
        key=key,
        number=number_of(sequence) if sequence else None,
        case=facts.case,
        addressing=facts.addressing.signed_at(signed_at),
        proposal=proposal,
        writer=writer,
        locale=locale,
        written_on=clock.day_of(signed_at, facts.timezone),
        specimen=specimen,
        into=into,
    )


def template_at(
    templates: Iterable[LetterTemplate], target_id: int, locale: str, moment: datetime
) -> LetterTemplate | None:
    """Return the newest version at a moment; the target's own before the one for all."""
    versions = [
        template
        for template in templates
        if template.locale == locale
        and template.target_id in {None, target_id}
        and template.created_at <= moment
    ]
    return max(
        versions, key=lambda version: (version.target_id is not None, version.version), default=None
    )


def find_translation(
    templates: Iterable[LetterTemplate],
    target_id: int,
    locale: str,
    addressing: Addressing,
    moment: datetime,
) -> TranslationInput | None:
    template = template_at(templates, target_id, locale, moment)
    return TranslationInput(locale, proposal_of(template), addressing) if template else None
