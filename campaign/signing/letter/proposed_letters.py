"""The letters that a campaign proposes, as plain data by which signed ones are measured. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from campaign.campaigns.content.address_and_salutation import host_of
from campaign.models.campaign import Campaign, LetterTemplate, Target
from campaign.models.signature import Disclosure
from campaign.printing.geometry import Layout, layout_for
from campaign.printing.page_fit import Room, card_room, letter_room
from campaign.printing.placeholders import MissingPlaceholderValue, placeholders_in
from campaign.printing.printed_content import LetterContext
from campaign.signing.letter.compose import Proposal, Writer, compose, proposal_of
from campaign.signing.letter.letter_facts import LetterFacts, current_facts

_OFFICIAL = {"official_name", "official_office"}
_SOME_DAY = date(2000, 9, 30)


UNNAMED = Writer("X", locality="X", disclosure=Disclosure.TOWN)
"""Who has not told who they are, with a name and a town of a line each."""


@dataclass(frozen=True, slots=True)
class ProposedLetter:
    facts: LetterFacts
    proposal: Proposal
    layout: Layout


@dataclass(frozen=True, slots=True)
class ProposedLetters:
    locale: str
    cards: bool
    letters: tuple[ProposedLetter, ...]

    def contexts(self, writer: Writer, day: date) -> list[LetterContext]:
        return [
            compose(
                key="",
                number=None,
                case=letter.facts.case,
                addressing=letter.facts.addressing,
                proposal=letter.proposal,
                writer=writer,
                locale=self.locale,
                written_on=day,
            )
            for letter in self.letters
        ]

    @property
    def translated_into(self) -> str:
        """Return the other language in which the letters are printed too; "" where in none."""
        into = self.letters[0].facts.translation
        return into[0] if into and into[0] != self.locale else ""

    def digest(self, writer: Writer) -> str:
        """Name what is not the writer's in the letters that the writer would sign."""
        letters = [
            (
                context.reference,
                context.addressee_lines,
                context.subject,
                context.salutation,
                context.opening,
                context.points,
                context.closing,
                context.complimentary_close,
                context.copies_to,
            )
            for context in self.contexts(writer, _SOME_DAY)
        ]
        return hashlib.sha256(json.dumps([self.cards, letters]).encode()).hexdigest()[:32]

    def measure_room(self, writer: Writer, day: date) -> Room:
        measure = card_room if self.cards else letter_room
        rooms = [
            measure(context, draft.layout)
            for context, draft in zip(self.contexts(writer, day), self.letters, strict=True)
        ]
        return max(rooms, key=lambda room: (room.lines_over, room.filled))

    def fits_bare(self) -> bool:
        """Tell whether the letter fits without own words; else no supporter can mend it."""
        return self.measure_room(UNNAMED, _SOME_DAY).fits

    def texts(self) -> list[str]:
        return [
            text
            for context in self.contexts(self._taking_all(), _SOME_DAY)
            for text in (context.subject, *context.opening, *context.points, *context.closing)
        ]

    def facts(self) -> dict[str, str] | None:
        """Return the required points by key; None where one text cannot stand for all the letters.

        That is so where they differ from official to official, or quote their writer's name.
        """
        used = {name for letter in self.letters for name in _placeholders(letter.proposal)}
        bodies = {
            (letter.proposal.opening, letter.proposal.points, letter.proposal.closing)
            for letter in self.letters
        }
        apart = len(self.letters) > 1 and used & _OFFICIAL
        if len(bodies) != 1 or apart or "supporter_name" in used:
            return None
        needed = [key for key, required, _ in self.letters[0].proposal.points if required]
        return dict(zip(needed, self.contexts(UNNAMED, _SOME_DAY)[0].points, strict=True))

    def _taking_all(self) -> Writer:
        keys = tuple(
            dict.fromkeys(key for letter in self.letters for key, _, _ in letter.proposal.points)
        )
        return replace(UNNAMED, points=keys)


def propose_letters(
    campaign: Campaign, locale: str, pairs: Iterable[tuple[Target, LetterTemplate]]
) -> ProposedLetters | None:
    """Return the drafts in one language; None where a template asks for what the campaign lacks."""
    letters = tuple(
        ProposedLetter(
            current_facts(campaign, target, locale),
            proposal_of(template),
            layout_for(host_of(target)),
        )
        for target, template in pairs
    )
    drafts = ProposedLetters(locale, campaign.cards, letters)
    try:
        drafts.texts()
    except MissingPlaceholderValue:
        return None
    return drafts


def _placeholders(proposal: Proposal) -> Sequence[str]:
    texts = (proposal.opening, proposal.closing, *(text for _, _, text in proposal.points))
    return [name for text in texts for name in placeholders_in(text)]
