"""What is missing or doubtful in a campaign's letters. Pure.

What a campaign lacks, as data. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from campaign.campaigns.content.current_letters import current_templates, newest_templates, texts_of
from campaign.campaigns.readiness.longest_name_fit import fits_of
from campaign.core.i18n import words_in
from campaign.models.campaign import Campaign, TargetKind
from campaign.models.directory import Official
from campaign.models.letter_template import LetterTemplate
from campaign.printing.placeholders import placeholders_in, unknown_placeholders


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing or doubtful; its sentence is in `campaigns/_words.html`."""

    slug: str
    part: str
    """Where it is mended: `facts`, `edition`, `letter`, `targets`, `official`, `mission`, `risks`,
    `picture` or `update`."""
    blocking: bool = True
    locale: str = ""
    subject: str = ""
    """What it is about: the slug of an official or mission, or the names of the fields."""
    detail: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def form_field(self) -> str:
        """The form field by which the sentence stands where saving is refused for it."""
        if self.slug == "no-letter-language":
            return "letter_locales"
        return {"facts": "act_by", "edition": "summary", "letter": "opening"}.get(self.part, "")


_FEW_LINES = 4
"""Lines of own words that a letter should leave room for."""


def letter_gaps(campaign: Campaign) -> Iterator[Gap]:
    """What is missing or doubtful in the letters of every language."""
    templates = current_templates(campaign)
    written = [code for code in campaign.letter_locales if code in templates]
    for locale in campaign.letter_locales:
        if locale not in templates:
            yield Gap("template-missing", "letter", locale=locale)
    keys = {code: {point.key for point in templates[code].points} for code in written}
    every = set().union(*keys.values())
    for locale in written:
        yield from _letter(campaign, templates[locale])
        if every - keys[locale]:
            yield Gap("points-differ", "letter", blocking=False, locale=locale)
    for target_id in _written_to_apart(campaign):
        for locale, template in current_templates(campaign, target_id).items():
            if locale in campaign.letter_locales:
                yield from _letter(campaign, template)
    yield from _room(campaign)


def _room(campaign: Campaign) -> Iterator[Gap]:
    """Letters that take more than their page, or leave little of it for own words."""
    for fit in fits_of(campaign, newest_templates(campaign)):
        official = fit.target.official
        detail = said_official(official, campaign.default_locale)
        detail["lines"] = str(fit.room.lines_over or fit.room.lines_left)
        if not fit.room.fits:
            yield Gap("letter-too-long", "letter", True, fit.locale, official.slug, detail)
        elif fit.room.lines_left < _FEW_LINES:
            yield Gap("letter-full", "letter", False, fit.locale, official.slug, detail)


def said_official(official: Official, locale: str) -> dict[str, str]:
    """How a gap names an official: without a name by the office, in the language of the page."""
    if official.name:
        return {"official": official.name}
    offices = {f"office_{code}": words for code, words in official.office.items()}
    return {"official": words_in(official.office, locale), **offices}


def _written_to_apart(campaign: Campaign) -> list[int]:
    """The targets that have letters of their own."""
    own = {template.target_id for template in campaign.templates}
    return [
        target.id
        for target in campaign.targets
        if target.kind is TargetKind.TO and target.id in own - {None}
    ]


def _letter(campaign: Campaign, template: LetterTemplate) -> Iterator[Gap]:
    texts = texts_of(template)
    if not template.subject or not template.opening:
        yield Gap("letter-incomplete", "letter", locale=template.locale)
    if not template.points:
        yield Gap("no-points", "letter", blocking=False, locale=template.locale)
    unknown = [name for text in texts for name in unknown_placeholders(text)]
    if unknown:
        yield Gap("placeholder-unknown", "letter", True, template.locale, " ".join(unknown))
    if campaign.act_by is None and any("deadline" in placeholders_in(text) for text in texts):
        yield Gap("deadline-unset", "letter", locale=template.locale)
