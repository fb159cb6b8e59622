"""Letters as they would be printed: for the pages Write and Check, for previews, for the PDF."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import object_session

from campaign.campaigns.content.address_and_salutation import host_of, list_addressed
from campaign.core.errors import NotFound
from campaign.core.isolation.orders import Limits
from campaign.core.rate_limits import FewAtOnce
from campaign.core.settings import current_settings, home_country
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign, LetterTemplate, Target
from campaign.models.signature import Letter, Signature
from campaign.printing.geometry import Layout, layout_for
from campaign.printing.print_letters import render_few
from campaign.printing.printed_content import LetterContext
from campaign.printing.problems import LetterRefused
from campaign.signing.campaign_terms import template_for
from campaign.signing.letter.compose import Writer, order_points, proposal_of, writer_of
from campaign.signing.letter.letter_facts import FrozenLetters, compose_letter, current_facts
from campaign.storage import storage


class Letters(list[LetterContext]):
    def __init__(self, letters: Iterable[LetterContext], *, cards: bool, layout: Layout) -> None:
        super().__init__(letters)
        self.cards = cards
        self.layout = layout  # once frozen, the sheet with which they were

    def without(self, keys: Collection[str]) -> "Letters":
        rest = (letter for letter in self if letter.key not in keys)
        return Letters(rest, cards=self.cards, layout=self.layout)


def draft_letters(
    campaign: Campaign, writer: Writer, locale: str, *, now: datetime, specimen: str = ""
) -> Letters:
    """Compose a letter to each target from the newest templates. Raises NotFound without one."""
    return Letters(
        (
            compose_letter(
                current_facts(campaign, target, locale),
                proposal_of(template),
                writer,
                campaign.templates,
                key=str(target.id),
                target_id=target.id,
                locale=locale,
                signed_at=now,
                specimen=specimen,
            )
            for target, template in templates_by_target(campaign, locale).items()
        ),
        cards=campaign.cards,
        layout=layout_of(campaign),
    )


def templates_by_target(campaign: Campaign, locale: str) -> dict[Target, LetterTemplate]:
    """Return the newest template for each target. Raises NotFound where a language is missing."""
    templates = {}
    for target in list_addressed(campaign):
        template = template_for(campaign, target, locale)
        if template is None:
            raise NotFound("letter-template", locale=locale)
        templates[target] = template
    return templates


def point_texts(
    templates: Iterable[LetterTemplate], letters: Iterable[LetterContext], order: tuple[str, ...]
) -> dict[str, str]:
    """Return texts of points by key; the letters take all points `order`, one for each template."""
    texts: dict[str, str] = {}
    for template, letter in zip(templates, letters, strict=True):
        keys = order_points(order, [(point.key, point.required) for point in template.points])
        for key, text in zip(keys, letter.points, strict=True):
            texts.setdefault(key, text)
    return texts


def signed_letters(
    signature: Signature, *, writer: Writer | None = None, as_printed: bool = True
) -> Letters:
    """Compose the letters of a signature, in the words of the versions that were signed.

    Of a letter that is in a bundle, all else is as it was frozen: what is printed. Not
    `as_printed`, it is as of today: for who holds the office now. `writer`: as it would be, where
    it is being changed.
    """
    campaign, locale = signature.campaign, signature.letter_locale
    letters, bundles = [], []
    for letter in signature.letters:
        frozen = _frozen(letter, locale) if as_printed else None
        bundles += [frozen] if frozen else []
        letters.append(
            compose_letter(
                frozen.facts_for(letter.target_id, locale)
                if frozen
                else current_facts(campaign, letter.target, locale),
                proposal_of(letter.template),
                writer or writer_of(signature),
                campaign.templates,
                key=letter.public_id,
                target_id=letter.target_id,
                locale=locale,
                signed_at=signature.times.signed_at,
                sequence=letter.sequence,
            )
        )
    return Letters(
        letters,
        cards=bundles[0].cards if bundles else campaign.cards,
        layout=bundles[0].sheet if bundles else layout_of(campaign),
    )


def _frozen(letter: Letter, locale: str) -> FrozenLetters | None:
    session = object_session(letter)
    if letter.bundle_id is None or session is None:
        return None
    record = session.scalars(select(Bundle.frozen).where(Bundle.id == letter.bundle_id)).one()
    frozen = FrozenLetters.from_json(record)
    target = frozen.targets.get(letter.target_id)
    return frozen if target and locale in target.addressing else None


def layout_of(campaign: Campaign) -> Layout:
    first = next(iter(list_addressed(campaign)), None)
    return layout_for(host_of(first) if first else home_country())


def pdf_of(letters: Letters) -> bytes:
    """Print one PDF, in a process with limits. Raises TooMany if others wait, or LetterRefused."""
    limits = Limits(memory=current_settings().letter_memory_mb * 1_000_000)
    with _presses.wait(), storage().workshop() as folder:
        return render_few(letters, letters.layout, folder, cards=letters.cards, limits=limits)


def printable(letters: Letters, make: Callable[[Letters], bytes]) -> bytes:
    """Make a PDF of the letters that can be printed. Raises LetterRefused where none can."""
    while True:
        try:
            return make(letters)
        except LetterRefused as problem:
            rest = letters.without(refused_keys(problem))
            if not rest or len(rest) == len(letters):
                raise
            letters = rest


def refused_keys(problem: LetterRefused) -> frozenset[str]:
    return frozenset(fault.detail.get("key", "") for fault in problem.problems)


_AT_ONCE = 2
"""PDFs that one process makes or has waiting at a time; all other threads stay free for signing."""
_presses = FewAtOnce(_AT_ONCE, seconds=5)
