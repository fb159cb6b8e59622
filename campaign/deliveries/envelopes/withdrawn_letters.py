"""Letters that were withdrawn after they were put into envelopes: whether these went with them.

A posting may be recorded late. Of a withdrawal the day alone is known: what was posted before that
day still held the letter, and of later ones only who posted them knows. Which letters were put in
is written down as the envelopes are made (`EnvelopeRun.left_out`); of older ones the day tells.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from campaign.bundles.changes.withdrawals import select_gone
from campaign.core import clock, db
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.paper_notes import be_earlier_print, note_carried, note_removed
from campaign.deliveries.recording_rules import list_inside
from campaign.deliveries.remaining_letters import is_gone, select_here
from campaign.models.delivery import Envelope, EnvelopeRun, LetterMove
from campaign.models.signature import LEFT_OUT, Letter, Signature
from campaign.signing.letter.compose import number_of


@dataclass(frozen=True, slots=True)
class WithdrawnLetter:
    number: int
    envelope_id: int
    withdrawn_on: date | None
    """None: it was erased, or excluded, and nobody knows when."""
    put_in: bool = True
    """Whether it was there when the envelope was filled, which reaches over it."""
    sure: bool = True
    """If not, as many letters as are said to be put in were, and nobody knows which."""

    def was_surely_in(self, posted_on: date) -> bool:
        is_before = self.withdrawn_on is not None and posted_on < self.withdrawn_on
        return self.put_in and self.sure and is_before


def list_withdrawn(
    session: Session, run: EnvelopeRun, first: int, last: int
) -> list[WithdrawnLetter]:
    """List letters that these envelopes reach over, withdrawn since they were filled, or that day.

    Of envelopes that were not posted.
    """
    by_envelope = _list_by_envelope(session, run, first, last)
    if run.left_out is not None:
        left_out = {*list_inside(run.left_out)}
        return [
            replace(letter, put_in=letter.number not in left_out)
            for letters in by_envelope.values()
            for letter in letters
        ]
    return [
        letter
        for envelope, letters in by_envelope.items()
        for letter in _tell_by_day(session, run, envelope, letters)
    ]


def list_put_in(session: Session, run: EnvelopeRun) -> dict[int, list[str]]:
    """List what was withdrawn and may be in envelopes that lie here, by the number of each."""
    left_out = {*list_inside(run.left_out or ())}
    by_envelope = _list_by_envelope(session, run, 1, run.envelope_count)
    numbers = {
        envelope.sequence: [
            number_of(letter.number) for letter in letters if letter.number not in left_out
        ]
        for envelope, letters in by_envelope.items()
    }
    return {sequence: numbers[sequence] for sequence in sorted(numbers) if numbers[sequence]}


def _list_by_envelope(
    session: Session, run: EnvelopeRun, first: int, last: int
) -> dict[Envelope, list[WithdrawnLetter]]:
    bundle = run.bundle
    taken_out = [
        int(letter.number) for letter in bundle.taken_out.letters if letter.carried is not False
    ]
    is_printed = and_(Letter.set_aside.is_(None), Letter.first_page.is_not(None))
    lies_in = Letter.sequence.between(Envelope.first_number, Envelope.last_number)
    rows = session.execute(
        select(Envelope, Letter.sequence, Signature.withdrawn_at)
        .join(Letter, and_(Letter.bundle_id == bundle.id, lies_in))
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Envelope.run_id == run.id,
            Envelope.attempt_id.is_(None),
            Envelope.sequence.between(first, last),
            Letter.signature_id.in_(select_gone(bundle.campaign_id)),
            or_(is_printed, Letter.sequence.in_(taken_out)),
            ~is_gone(),
        )
        .order_by(Letter.sequence)
    )
    zone = bundle.campaign.timezone
    split_on = clock.day_of(run.created_at, zone)
    by_envelope: dict[Envelope, list[WithdrawnLetter]] = defaultdict(list)
    for envelope, number, at in rows:
        day = None if at is None else clock.day_of(at, zone)
        if day is None or day >= split_on:
            by_envelope[envelope].append(WithdrawnLetter(number or 0, envelope.id, day))
    return by_envelope


def _tell_by_day(
    session: Session, run: EnvelopeRun, envelope: Envelope, letters: Iterable[WithdrawnLetter]
) -> Sequence[WithdrawnLetter]:
    """Tell which were put in, where this was not written down: the last to be withdrawn.

    Of letters that were withdrawn on one day, or nobody knows when, it is not known.
    """
    span = (envelope.first_number, envelope.last_number)
    went = select(func.count(Letter.id)).where(
        Letter.bundle_id == run.bundle_id, Letter.sequence.between(*span), is_gone()
    )
    moved = select(func.count()).where(
        LetterMove.bundle_id == run.bundle_id, LetterMove.sequence.between(*span)
    )
    here = select_here(run.bundle).where(Letter.sequence.between(*span))
    lying = here.with_only_columns(func.count(Letter.id), maintain_column_froms=True)
    others = sum(session.scalar(counted) or 0 for counted in (lying, went, moved))
    newest = sorted(letters, key=lambda letter: letter.withdrawn_on or date.min, reverse=True)
    count = max(envelope.letters - others, 0)
    days_in, days_out = (
        {letter.withdrawn_on for letter in part} for part in (newest[:count], newest[count:])
    )
    unsure = days_in & days_out
    if days_in and None in days_out:
        unsure = days_in | days_out
    return [
        replace(letter, put_in=at < count, sure=letter.withdrawn_on not in unsure)
        for at, letter in enumerate(newest)
    ]


def note_posted(
    session: Session,
    run: EnvelopeRun,
    withdrawn: Collection[WithdrawnLetter],
    *,
    carried: Collection[WithdrawnLetter],
    actor: str,
) -> None:
    """Note which withdrawn letters go with their envelopes; the others were removed, or not put in.

    Of those that are not `sure` nothing is noted, if some of them go.
    """
    bundle = run.bundle
    is_unsure = any(not letter.sure for letter in carried)
    unsure = [letter for letter in withdrawn if not letter.sure] if is_unsure else []
    sure = [letter for letter in withdrawn if letter not in unsure]
    may_go = [letter.number for letter in {*carried, *unsure}]
    if any(int(letter.number) in may_go for letter in bundle.taken_out.letters):
        _put_back(session, run, may_go, actor)
    if went := [number_of(letter.number) for letter in sure if letter in carried]:
        note_carried(bundle, went, carried=True)
    stayed = [letter for letter in sure if letter not in carried]
    if removed := [letter.number for letter in stayed]:
        note_removed(session, bundle, removed)
    if left_out := [letter.number for letter in stayed if not letter.put_in]:
        lies_here = (Letter.bundle_id == bundle.id, Letter.sequence.in_(left_out))
        printed = Letter.first_page.is_not(None)
        db.update_rows(session, Letter, *lies_here, printed, set_aside=LEFT_OUT)


def _put_back(session: Session, run: EnvelopeRun, numbers: Collection[int], actor: str) -> None:
    """Let the bundle be the print of which the envelopes were filled.

    Once others went as the later print, it stays that: of these letters nothing can be proved.
    """
    bundle = run.bundle
    for paper in list_papers(session, bundle):
        if paper.taken_out and not paper.removed and paper.printed_at <= run.created_at:
            be_earlier_print(session, bundle, paper, actor=actor)
            break
    mine = (Letter.bundle_id == bundle.id, Letter.sequence.in_(numbers))
    db.update_rows(session, Letter, *mine, set_aside=None)
