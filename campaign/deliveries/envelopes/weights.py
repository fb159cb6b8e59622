"""What envelopes weigh: how many sheets lie in each, as a hint for the postage."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from campaign.bundles.documents.packets import sheets_for
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.postage import say_weight, weigh
from campaign.deliveries.remaining_letters import select_here
from campaign.models.delivery import Envelope, EnvelopeRun
from campaign.models.signature import Letter
from campaign.printing.geometry import CARDS_A_SHEET, LAYOUTS


@dataclass(frozen=True, slots=True)
class Weight:
    """Of one envelope, without the envelope."""

    sheets: int
    said: str
    """As people say it: “45 g”."""


def weigh_envelopes(
    session: Session, run: EnvelopeRun, envelopes: Sequence[Envelope], locale: str
) -> dict[int, Weight]:
    """Weigh what is still here in each of these envelopes, by its number."""
    lying = [envelope for envelope in envelopes if envelope.attempt_id is None]
    if not lying:
        return {}
    frozen = Frozen.from_json(run.bundle.frozen)
    card, paper = frozen.cards, LAYOUTS[frozen.layout].paper
    letters, sheets = _count(session, run, lying, duplex=frozen.duplex)
    weights = {}
    for envelope in lying:
        inside = (
            -(-letters[envelope.sequence] // CARDS_A_SHEET) if card else sheets[envelope.sequence]
        )
        on_top = 1 if run.letters_each > 1 else 0  # its address sheet
        grams = (
            weigh(inside, paper, card=card) + weigh(on_top, paper)
            if card
            else weigh(inside + on_top, paper)
        )
        weights[envelope.sequence] = Weight(inside + on_top, say_weight(grams, locale))
    return weights


def _count(
    session: Session, run: EnvelopeRun, lying: Sequence[Envelope], *, duplex: bool
) -> tuple[Counter[int], Counter[int]]:
    """Count letters, and sheets of paper that they need, by the number of their envelope."""
    rows = session.execute(
        select_here(run.bundle)
        .with_only_columns(Letter.sequence, Letter.pages, maintain_column_froms=True)
        .where(Letter.sequence.between(lying[0].first_number, lying[-1].last_number))
        .order_by(Letter.sequence)
    )
    letters, sheets, at = Counter[int](), Counter[int](), 0
    for sequence, pages in rows:
        number = sequence or 0
        while at < len(lying) and lying[at].last_number < number:
            at += 1
        if at < len(lying) and lying[at].first_number <= number:
            letters[lying[at].sequence] += 1
            sheets[lying[at].sequence] += sheets_for(pages or 1, duplex=duplex)
    return letters, sheets
