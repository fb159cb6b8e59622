"""How a bundle's envelopes went: posting by posting, those that lie here, and those that are empty.

There may be 35,000, so none is loaded as an object, and none is asked by itself whether a letter
of it is here: few letters of a bundle are not.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.deliveries.letters_covered import is_emptied
from campaign.deliveries.number_ranges import Numbers
from campaign.models.bundle import Bundle, DeliveryAttempt, TakenLetters
from campaign.models.delivery import Envelope, EnvelopeRun
from campaign.models.signature import Letter, Signature, SignatureState

_UNWANTED = tuple(set(SignatureState) - {SignatureState.CONFIRMED, SignatureState.PENDING})
"""States of a signature whose letter was printed and is not handed over."""
_Lying = tuple[int, int, int, int]
"""An envelope that was not posted: its number, its first and last letter, how many were put in."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Envelopes that went with one posting, or lie here: from one to another."""

    first: int
    last: int
    envelopes: int
    """How many; others of those between went another way."""
    letters: int
    """As many as were put in."""
    attempt_id: int | None
    """The posting; None: they lie here."""
    empty: bool = False
    """They lie here, and no letter of theirs does."""


@dataclass(frozen=True, slots=True)
class Ways:
    """All envelopes of a run, by how they went."""

    lines: Sequence[Posted]
    """In the order of their first envelopes."""
    empty: frozenset[int]
    """Numbers of those that are empty."""

    @property
    def posted(self) -> int:
        """How many were posted."""
        return sum(one.envelopes for one in self.lines if one.attempt_id is not None)

    @property
    def to_post(self) -> Posted | None:
        """Those that lie here with letters in them."""
        return next((one for one in self.lines if one.attempt_id is None and not one.empty), None)


def list_ways(unit: Session, run: EnvelopeRun, *, here: int) -> Ways:
    """All envelopes by how they went, in a few lines; `here` letters of the bundle are left."""
    lines = _by_posting(unit, run)
    gone = _not_here(unit, run.bundle) if here else []
    if (here and not gone) or not any(one.attempt_id is None for one in lines):
        return Ways(lines, frozenset())
    lying = _list_lying(unit, run)
    empty = _empty(unit, run, lying, gone) if here else {sequence for sequence, *_ in lying}
    told = [one for one in lines if one.attempt_id is not None]
    told += _line([one for one in lying if one[0] not in empty])
    told += _line([one for one in lying if one[0] in empty], empty=True)
    return Ways(sorted(told, key=lambda one: one.first), frozenset(empty))


def _by_posting(unit: Session, run: EnvelopeRun) -> list[Posted]:
    first = func.min(Envelope.sequence)
    rows = unit.execute(
        select(
            first,
            func.max(Envelope.sequence),
            func.count(Envelope.id),
            func.sum(Envelope.letters),
            Envelope.attempt_id,
        )
        .where(Envelope.run_id == run.id)
        .group_by(Envelope.attempt_id)
        .order_by(first)
    )
    return [Posted(*row) for row in rows]


def _list_lying(unit: Session, run: EnvelopeRun) -> Sequence[_Lying]:
    rows = unit.execute(
        select(Envelope.sequence, Envelope.first_number, Envelope.last_number, Envelope.letters)
        .where(Envelope.run_id == run.id, Envelope.attempt_id.is_(None))
        .order_by(Envelope.sequence)
    )
    return cast("Sequence[_Lying]", rows.all())


def _line(some: Sequence[_Lying], *, empty: bool = False) -> list[Posted]:
    if not some:
        return []
    letters = sum(one[3] for one in some)
    return [Posted(some[0][0], some[-1][0], len(some), letters, None, empty)]


def list_taken(unit: Session, bundle: Bundle) -> list[tuple[int, int]]:
    """The numbers from which to which letters were taken as a part."""
    rows = unit.execute(
        select(TakenLetters.first_number, TakenLetters.last_number)
        .join(DeliveryAttempt, DeliveryAttempt.id == TakenLetters.attempt_id)
        .where(DeliveryAttempt.bundle_id == bundle.id)
    )
    return [(first, last) for first, last in rows]


def _not_here(unit: Session, bundle: Bundle) -> list[Numbers]:
    """Letters that left as a part, or are not wanted any more; such as were posted are not told."""
    unwanted = select(Signature.id).where(
        Signature.campaign_id == bundle.campaign_id, Signature.state.in_(_UNWANTED)
    )
    lost = unit.scalars(
        select(Letter.sequence).where(
            Letter.bundle_id == bundle.id, Letter.signature_id.in_(unwanted)
        )
    )
    return joined([*list_taken(unit, bundle), *((one, one) for one in lost if one)])


def joined(spans: Iterable[tuple[int, int]]) -> list[Numbers]:
    """Spans in order; those that meet or lie over one another are one. Pure."""
    found: list[Numbers] = []
    for first, last in sorted(spans):
        if found and first <= found[-1].last + 1:
            found[-1] = Numbers(found[-1].first, max(last, found[-1].last))
        else:
            found.append(Numbers(first, last))
    return found


def _empty(
    unit: Session, run: EnvelopeRun, lying: Iterable[_Lying], gone: Sequence[Numbers]
) -> set[int]:
    """Numbers of the envelopes of which every letter is gone."""
    empty, unsure = set(), []
    firsts = [one.first for one in gone]
    for sequence, first, last, _letters in lying:
        before = bisect_right(firsts, first)
        reach = gone[before - 1].last if before else 0
        if reach >= last:
            empty.add(sequence)
        elif first < last and (reach >= first or bisect_right(firsts, last) > before):
            unsure.append(sequence)
    # Between the first and the last number others may lie that were never in it.
    asked = select(Envelope.sequence).where(
        Envelope.run_id == run.id, Envelope.sequence.in_(unsure), is_emptied(run.bundle)
    )
    return empty | set(unit.scalars(asked)) if unsure else empty
