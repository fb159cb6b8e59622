"""Letters as they would be printed: for the pages Write and Check, for previews, for the PDF.

Places at the press in a web process: few, so that printing cannot starve signing.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import object_session

from campaign.core import clock
from campaign.core.errors import NotFound, TooMany
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign, LetterFormat, Target, TargetKind
from campaign.models.directory import Official
from campaign.models.signature import Disclosure, Letter, Signature
from campaign.printing.geometry import LAYOUTS, Layout, layout_for
from campaign.printing.letter_content import LetterContext
from campaign.printing.press import render_cards, render_many
from campaign.signing.campaign_terms import template_for
from campaign.signing.letter import letter_translations
from campaign.signing.letter.compose import (
    Addressing,
    Case,
    Into,
    Writer,
    addressing_of,
    case_of,
    compose,
    proposal_of,
)
from campaign.signing.letter.points import ordered
from campaign.signing.validate import SignedForm


class Letters(list[LetterContext]):
    """One supporter's letters, and on what they are printed."""

    def __init__(
        self, letters: Iterable[LetterContext], *, cards: bool, layout: Layout | None = None
    ) -> None:
        super().__init__(letters)
        self.cards = cards
        """Whether they are printed as cards."""
        self.layout = layout
        """The sheet with which they were frozen; None before."""

    def without(self, keys: Collection[str]) -> "Letters":
        """All but those of these keys."""
        rest = (one for one in self if one.key not in keys)
        return Letters(rest, cards=self.cards, layout=self.layout)


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What a bundle says of one of its letters: as it is printed, whatever has changed since."""

    case: Case
    addressing: Addressing
    timezone: str
    cards: bool
    layout: Layout
    translation: tuple[str, Addressing] | None
    """The language into which letters are translated, and how they are addressed in it."""


def writer_of(form: SignedForm) -> Writer:
    """Who signs, from a form that was found right."""
    return Writer(
        given_name=form.given_name,
        family_name=form.family_name,
        locality=form.locality,
        region=form.region,
        postal_code=form.postal_code,
        country=form.country,
        disclosure=form.disclosure,
        own_words=form.own_words,
        points=form.points,
        full_text=form.full_text,
    )


def writer_of_signature(signature: Signature) -> Writer:
    """Who signed, from the database."""
    return Writer(
        given_name=signature.given_name,
        family_name=signature.family_name,
        locality=signature.locality,
        region=signature.region,
        postal_code=signature.postal_code,
        country=signature.country,
        disclosure=signature.disclosure,
        own_words=signature.own_words,
        points=tuple(signature.points),
        full_text=signature.full_text or "",
    )


def draft_letters(
    campaign: Campaign,
    writer: Writer,
    locale: str,
    *,
    now: datetime,
    home: str,
    specimen: str = "",
) -> Letters:
    """A letter to each target, from the newest templates; `home` is the organisation's country.

    Raises NotFound where a target has no template in that language.
    """
    contexts = []
    for target in campaign.targets:
        if target.kind is not TargetKind.TO:
            continue
        template = template_for(campaign, target, locale)
        if template is None:
            raise NotFound("letter-template", locale=locale)
        contexts.append(
            compose(
                key=str(target.id),
                number=None,
                case=case_of(campaign),
                addressing=addressing_of(
                    target,
                    locale,
                    host_country=host_country(target, home),
                    copies=_copies(campaign),
                ),
                proposal=proposal_of(template),
                writer=writer,
                locale=locale,
                written_on=clock.day_of(now, campaign.timezone),
                specimen=specimen,
                into=_into(campaign, target, locale, home, now),
            )
        )
    return Letters(contexts, cards=campaign.cards)


def _into(
    campaign: Campaign, target: Target, locale: str, home: str, moment: datetime
) -> Into | None:
    """What a letter that is in no bundle yet is translated with."""
    main = letter_translations.language_of(campaign)
    if not main or main == locale:
        return None
    addressing = addressing_of(target, main, host_country=host_country(target, home))
    return letter_translations.into(campaign.templates, target.id, main, addressing, moment)


def point_texts(
    campaign: Campaign, locale: str, letters: list[LetterContext], order: tuple[str, ...]
) -> dict[str, str]:
    """Text of each talking point by its key; `letters` are drafts that took all in that order."""
    texts: dict[str, str] = {}
    targets = (one for one in campaign.targets if one.kind is TargetKind.TO)
    for target, letter in zip(targets, letters, strict=True):
        template = template_for(campaign, target, locale)
        if template is not None:
            keys = ordered(order, [(point.key, point.required) for point in template.points])
            for key, text in zip(keys, letter.points, strict=True):
                texts.setdefault(key, text)
    return texts


def signed_letters(signature: Signature, *, home: str, writer: Writer | None = None) -> Letters:
    """The letters of a signature, in the words of the versions that were signed.

    Of a letter that is in a bundle, all else is as it was frozen: what is printed. `writer`: as
    it would be, where it is being changed.
    """
    who = writer or writer_of_signature(signature)
    pairs = [(letter, _frozen(letter, signature.letter_locale)) for letter in signature.letters]
    first = next((frozen for _, frozen in pairs if frozen), None)
    return Letters(
        (_signed(signature, letter, frozen, home, who) for letter, frozen in pairs),
        cards=first.cards if first else signature.campaign.cards,
        layout=first.layout if first else None,
    )


def _signed(
    signature: Signature, letter: Letter, frozen: _Frozen | None, home: str, writer: Writer
) -> LetterContext:
    campaign = signature.campaign
    addressing = frozen.addressing if frozen else addressing_of(
        letter.target,
        signature.letter_locale,
        host_country=host_country(letter.target, home),
        copies=_copies(campaign),
    )  # fmt: skip
    zone = frozen.timezone if frozen else campaign.timezone
    return compose(
        key=letter.public_id,
        number=said_number(letter),
        case=frozen.case if frozen else case_of(campaign),
        addressing=addressing,
        proposal=proposal_of(letter.template),
        writer=writer,
        locale=signature.letter_locale,
        written_on=clock.day_of(signature.signed_at, zone),
        into=_into_signed(signature, letter, frozen, home),
    )


def _into_signed(
    signature: Signature, letter: Letter, frozen: _Frozen | None, home: str
) -> Into | None:
    campaign, moment = signature.campaign, signature.signed_at
    if frozen is None:
        return _into(campaign, letter.target, signature.letter_locale, home, moment)
    if frozen.translation is None:
        return None
    return letter_translations.into(
        campaign.templates, letter.target_id, *frozen.translation, moment
    )


def _frozen(letter: Letter, locale: str) -> _Frozen | None:
    """The frozen record of the letter's bundle, as far as the letter goes by it."""
    session = object_session(letter)
    if letter.bundle_id is None or session is None:
        return None
    data: dict[str, Any] = session.execute(
        select(Bundle.frozen).where(Bundle.id == letter.bundle_id)
    ).scalar_one()
    target = next((one for one in data["targets"] if one["id"] == letter.target_id), None)
    if target is None or locale not in target["addressing"]:
        return None
    main = data.get("translation", "")
    return _Frozen(
        case=Case.from_json(data["case"]),
        addressing=Addressing.from_json(target["addressing"][locale]),
        timezone=data["timezone"],
        cards=data["format"] == LetterFormat.CARD.value,
        layout=LAYOUTS[data["layout"]],
        translation=(main, Addressing.from_json(target["addressing"][main])) if main else None,
    )


def said_number(letter: Letter) -> str | None:
    """The letter's number in its bundle as it is printed: "00123"."""
    return f"{letter.sequence:05d}" if letter.sequence else None


def layout_of(campaign: Campaign, home: str) -> Layout:
    """The sheet on which the campaign's letters are printed."""
    first = next((one for one in campaign.targets if one.kind is TargetKind.TO), None)
    return layout_for(host_country(first, home) if first else home)


def host_country(target: Target, home: str) -> str:
    """The country in which a letter is handed over or posted."""
    return target.mission.host_country if target.mission else home


def pdf_of(letters: Letters, layout: Layout) -> bytes:
    """The letters, or cards, as one PDF, as the press prints them.

    Raises TooMany where this process is at work on others already.

    Raises LetterRefused where a letter cannot be printed.
    """
    with at_the_press():
        render = render_cards if letters.cards else render_many
        return render(letters, letters.layout or layout)


def blank_writer(given_name: str, own_words: str = "", points: tuple[str, ...] = ()) -> Writer:
    """Somebody who has not told their name yet: `given_name` stands for it."""
    return Writer(
        given_name=given_name,
        family_name="",
        locality="",
        region="",
        postal_code="",
        country="",
        disclosure=Disclosure.NAME,
        own_words=own_words,
        points=points,
    )


def _copies(campaign: Campaign) -> tuple[Official, ...]:
    return tuple(one.official for one in campaign.targets if one.kind is TargetKind.COPY)


_AT_ONCE = 2
"""PDFs that one process makes or has waiting at a time; the renderer takes one after another."""
_BUSY_SECONDS = 5
_presses = BoundedSemaphore(_AT_ONCE)
_queue = BoundedSemaphore(_AT_ONCE)
"""Who waits for a press; of the process's threads all others stay free for signing."""


@contextmanager
def at_the_press() -> Iterator[None]:
    """A place at the press; a few may wait for one, for a while.

    Raises TooMany (`busy`) for all others, at once.
    """
    if not _presses.acquire(blocking=False):
        if not _queue.acquire(blocking=False):
            raise TooMany("busy", seconds=_BUSY_SECONDS)
        try:
            if not _presses.acquire(timeout=_BUSY_SECONDS):
                raise TooMany("busy", seconds=_BUSY_SECONDS)
        finally:
            _queue.release()
    try:
        yield
    finally:
        _presses.release()
