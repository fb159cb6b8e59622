"""Whether a letter fits its page before anybody has signed it: with the longest name. Pure.

Kept by what the letter says, so that a page does not measure again what has not changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from campaign.campaigns.content.address_and_salutation import (
    host_of,
    list_addressed,
    name_and_office,
)
from campaign.core import i18n
from campaign.models.campaign import Campaign, LetterTemplate, Target, TargetKind
from campaign.printing.geometry import LAYOUTS, layout_for
from campaign.printing.page_fit import Room, card_room, letter_room
from campaign.printing.placeholders import MissingPlaceholderValue, fill
from campaign.printing.printed_content import LetterContext

LONGEST_NAME = (
    "Wilhelmina-Maximiliana Montgomery-Featherstonehaugh Oluwaseun-Oluwadamilola "
    "Venkatanarasimharajuvaripeta von Hohenzollern"
)
"""120 letters and spaces, as long as signing takes them."""
_LONGEST_DAY = date(2000, 9, 30)


@dataclass(frozen=True, slots=True)
class Fit:
    locale: str
    target: Target
    template: LetterTemplate
    room: Room


def fits_of(
    campaign: Campaign, templates: dict[tuple[str, int | None], LetterTemplate]
) -> Iterator[Fit]:
    """The room of the letter to each official in each language, where both are known."""
    copies = [target.official for target in campaign.targets if target.kind is TargetKind.COPY]
    for target in list_addressed(campaign):
        for locale in campaign.letter_locales:
            template = templates.get((locale, target.id)) or templates.get((locale, None))
            if template is None:
                continue
            lines = tuple(name_and_office(official, locale) for official in copies)
            try:
                context = _context(campaign, target, template, lines)
            except MissingPlaceholderValue:
                continue  # it asks for what the campaign does not have
            room = _measure(context, layout_for(host_of(target)).slug, campaign.cards)
            yield Fit(locale, target, template, room)


@lru_cache(maxsize=4096)
def _measure(context: LetterContext, layout: str, card: bool) -> Room:
    return (card_room if card else letter_room)(context, LAYOUTS[layout])


def _context(
    campaign: Campaign, target: Target, template: LetterTemplate, copies: tuple[str, ...]
) -> LetterContext:
    official, locale = target.official, template.locale
    office = i18n.words_in(official.office, locale)
    values = {
        "person_name": campaign.name_in(locale),
        "official_name": official.name or office,
        "official_office": office,
        "country": i18n.country_name(campaign.country, locale),
        "reference": campaign.reference,
        "supporter_name": LONGEST_NAME,
    }
    if campaign.act_by is not None:
        values["deadline"] = i18n.say_date(campaign.act_by, locale)
    return LetterContext(
        key="",
        number=None,
        reference=campaign.reference,
        locale=locale,
        sender_lines=(LONGEST_NAME,),
        place_and_date=f"X, {i18n.say_date(_LONGEST_DAY, locale)}",
        addressee_lines=(),
        subject=fill(template.subject, values),
        salutation=i18n.words_in(official.salutation, locale),
        opening=_paragraphs(fill(template.opening, values)),
        points=tuple(fill(point.text, values) for point in template.points),
        own_words=(),
        closing=_paragraphs(fill(template.closing, values)),
        complimentary_close=i18n.words_in(official.close, locale),
        signature_name=LONGEST_NAME,
        signature_locality="X",
        copies_to=copies,
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    blocks = (" ".join(block.split("\n")).strip() for block in text.split("\n\n"))
    return tuple(block for block in blocks if block)
