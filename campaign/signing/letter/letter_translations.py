"""Which letters print with a translation, and from which template it comes. Pure.

A letter that is not in the officials' own language (the first of the campaign's) is followed by a
page in theirs, where the campaign says so. Its words are those of the template version that was
the newest when the letter was signed, whatever has been written since.
"""

from collections.abc import Iterable
from datetime import datetime

from campaign.campaigns.content.address_and_salutation import Addressing
from campaign.models.campaign import Campaign, LetterFormat
from campaign.models.letter_template import LetterTemplate
from campaign.signing.letter.compose import TranslationInput, proposal_of


def language_of(campaign: Campaign) -> str:
    """Return the language into which letters are translated; "" where they are not."""
    translates = campaign.print_translation and campaign.format is LetterFormat.LETTER
    return campaign.letter_locales[0] if translates and campaign.letter_locales else ""


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
    """What a letter to that target, signed at that moment, is translated with."""
    template = template_at(templates, target_id, locale, moment)
    return TranslationInput(locale, proposal_of(template), addressing) if template else None
