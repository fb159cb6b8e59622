"""Envelopes go to the post: what was posted when, and under which number.

How a bundle's envelopes went: posting by posting, those that lie here, and those that are empty.

There may be 35,000, so none is loaded as an object, and none is asked by itself whether a letter
of it is here: few letters of a bundle are not.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import cast

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes.withdrawals import select_gone
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.paper_needs import say_weight, sheets_for, sheets_of_cards, weigh
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import audit, clock, db
from campaign.core.db.batches import batched
from campaign.core.errors import Invalid, Refused
from campaign.deliveries.attempt_order import newest_first
from campaign.deliveries.envelopes.envelope_store import list_left
from campaign.deliveries.envelopes.withdrawn_letters import list_withdrawn, note_posted
from campaign.deliveries.moved_letters import refuse_moved
from campaign.deliveries.record_delivery import (
    GoneBefore,
    VisitFacts,
    find_last_gone,
    make_attempt,
    make_visit,
    refuse_impossible,
)
from campaign.deliveries.recording_rules import Numbers, join_spans, list_inside
from campaign.deliveries.remaining_letters import (
    find_unnamed_part,
    select_here,
    select_here_in_envelope,
)
from campaign.deliveries.visits import announce_delivery
from campaign.models.bundle import (
    Bundle,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
    TakenLetters,
)
from campaign.models.delivery import Envelope, EnvelopeRun, LetterMove
from campaign.models.signature import Letter, SignatureState

_BATCH = 10_000  # envelopes that one statement names: PostgreSQL takes 65,535 values


@dataclass(frozen=True, slots=True)
class Posting:
    """What went to the post: the envelopes from one number to another, when, under which number."""

    first: int
    last: int
    posted_on: date
    outcome: DeliveryOutcome = DeliveryOutcome.POSTED
    tracking: str = ""
    sure: bool = False
    """Whether a day before the visit from which the letters came back was said to be right."""
    withdrawn_in: bool | None = None
    """Whether letters that were withdrawn since were still in them; None: nobody said."""
    happened_time: time | None = None


def post_envelopes(
    session: Session, run: EnvelopeRun, posting: Posting, *, key: str, actor: str
) -> DeliveryAttempt:
    """Note that envelopes were posted: of those named, all that still lay here.

    Raises Refused: `not-ready` (it is being made again), `part-unnamed`, `envelopes-empty` (none
    lay here, or with no letter in it that still did), MovedSince; Invalid on a moment that cannot
    be (`posted_on`, `happened_time`), with a tracking number for more than one (`tracking`), or
    where letters were withdrawn and nobody knows whether they were still in (`withdrawn_in`).
    """
    bundle = run.bundle
    _refuse_unready(session, bundle, posting)
    lying = _count_lying(session, run, posting)
    _refuse_moved(session, run, posting)
    withdrawn = list_withdrawn(session, run, posting.first, posting.last)
    put_in = [letter for letter in withdrawn if letter.put_in]
    carried = [letter for letter in put_in if letter.was_surely_in(posting.posted_on)]
    if len(carried) < len(put_in) and posting.withdrawn_in is None:
        raise Invalid(fields={"withdrawn_in": "withdrawn-unsaid"})
    if posting.withdrawn_in:
        carried = put_in
    for letter in carried:
        lying[letter.envelope_id] = lying.get(letter.envelope_id, 0) + 1
    count, letters = len(lying), sum(lying.values())
    if not letters:
        posted = _find_posting(session, run, posting) or find_last_gone(session, bundle)
        raise GoneBefore("envelopes-empty", posted)
    if posting.tracking and count > 1:
        raise Invalid(fields={"tracking": "tracking-of-several"})
    note_posted(session, run, withdrawn, carried=carried, actor=actor)
    attempt = _make_attempt(session, bundle, posting, key, actor)
    attempt.messages = letters
    for ids in batched(lying, _BATCH):
        db.update_rows(
            session,
            Envelope,
            Envelope.id.in_(ids),
            attempt_id=attempt.id,
            tracking=posting.tracking,
        )
    session.flush()
    announce_delivery(session, attempt)
    audit.record(
        session,
        actor,
        "delivery.record",
        f"delivery:{attempt.id}",
        outcome=attempt.outcome.value,
        messages=attempt.messages,
        envelopes=count,
    )
    return attempt


def _refuse_unready(session: Session, bundle: Bundle, posting: Posting) -> None:
    # Of two who note the same, one waits; and so does who takes the envelopes apart.
    bundle_status.lock_bundle(session, bundle)
    if bundle.state is not BundleState.READY:
        raise Refused("not-ready")
    day, at = posting.posted_on, posting.happened_time
    refuse_impossible(bundle, day, at, field="posted_on", zone=posting_zone(bundle))
    returned_on = find_last_return(session, bundle)
    if returned_on is not None and posting.posted_on < returned_on and not posting.sure:
        raise Invalid(fields={"posted_on": "posted-before-visit"})
    if find_unnamed_part(session, bundle) is not None:
        raise Refused("part-unnamed")


def posting_zone(bundle: Bundle) -> str:
    """Return the zone whose clocks date a posting: where letters are posted, or came back from.

    After a stop it is that of the bundle, by which it is told what went out after it.
    """
    if is_stopped(bundle.campaign.status):
        return bundle.zone
    return max(bundle.campaign.timezone, bundle.zone, key=clock.today)


def find_last_return(session: Session, bundle: Bundle) -> date | None:
    """Return the newest day on which letters of the bundle came back from the mission."""
    came_back = bundle_status.STILL_HERE | {DeliveryOutcome.PART}
    return session.scalar(
        select(func.max(DeliveryAttempt.happened_on)).where(
            DeliveryAttempt.bundle_id == bundle.id, DeliveryAttempt.outcome.in_(came_back)
        )
    )


def _count_lying(session: Session, run: EnvelopeRun, posting: Posting) -> dict[int, int]:
    """Count the letters that lie here in each of the envelopes that are named, by its id."""
    letters = (
        select_here_in_envelope(run.bundle)
        .with_only_columns(func.count(Letter.id), maintain_column_froms=True)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Envelope.id, letters)
        .where(
            Envelope.run_id == run.id,
            Envelope.attempt_id.is_(None),
            Envelope.sequence.between(posting.first, posting.last),
        )
        .order_by(Envelope.sequence)
    )
    return {envelope_id: count for envelope_id, count in rows if count}


def _refuse_moved(session: Session, run: EnvelopeRun, posting: Posting) -> None:
    """Refuse that envelopes went whose letters a colleague moved since. Raises MovedSince."""
    since = clock.moment_of(posting.posted_on, posting.happened_time or time.max, run.bundle.zone)
    lay_in_them = exists().where(
        Envelope.run_id == run.id,
        Envelope.attempt_id.is_(None),
        Envelope.sequence.between(posting.first, posting.last),
        LetterMove.sequence.between(Envelope.first_number, Envelope.last_number),
    )
    refuse_moved(session, run.bundle, since, lay_in_them, some_left=False)


def _find_posting(session: Session, run: EnvelopeRun, posting: Posting) -> DeliveryAttempt | None:
    """Find the newest record with which some of the named envelopes went."""
    went = (
        select(DeliveryAttempt)
        .join(Envelope, Envelope.attempt_id == DeliveryAttempt.id)
        .where(Envelope.run_id == run.id, Envelope.sequence.between(posting.first, posting.last))
    )
    return session.scalar(went.order_by(*newest_first()).limit(1))


def list_recorded(
    session: Session, run: EnvelopeRun, posting: Posting
) -> dict[int, Sequence[Numbers]]:
    """List which of the named envelopes went with which record, by its id."""
    rows = session.execute(
        select(Envelope.attempt_id, Envelope.sequence).where(
            Envelope.run_id == run.id,
            Envelope.attempt_id.is_not(None),
            Envelope.sequence.between(posting.first, posting.last),
        )
    )
    by_attempt: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for attempt_id, sequence in rows:
        by_attempt[cast("int", attempt_id)].append((sequence, sequence))
    return {ident: join_spans(spans) for ident, spans in by_attempt.items()}


def _make_attempt(
    session: Session, bundle: Bundle, posting: Posting, key: str, actor: str
) -> DeliveryAttempt:
    happened = VisitFacts(
        outcome=posting.outcome,
        happened_on=posting.posted_on,
        happened_time=posting.happened_time,
        tracking=posting.tracking,
    )
    visit = make_visit(bundle, happened, key, actor)
    attempt = make_attempt(bundle, happened, messages=0)
    session.add(visit)
    visit.attempts.append(attempt)
    session.flush()
    return attempt


_UNWANTED = tuple(set(SignatureState) - {SignatureState.CONFIRMED, SignatureState.PENDING})
"""States of a signature whose letter was printed and is not handed over."""
_LyingEnvelope = tuple[int, int, int]
"""An envelope that was not posted: its number, its first and last letter."""


@dataclass(frozen=True, slots=True)
class EnvelopeSpan:
    """Envelopes that went with one posting, or lie here: from one to another."""

    first: int
    last: int
    envelopes: int  # how many; others of those between went another way
    letters: int  # as many as are in them, or went with the posting
    attempt_id: int | None  # the posting; None: they lie here
    empty: bool = False  # they lie here, and no letter of theirs does
    spans: Sequence[Numbers] = ()  # those of them that follow on one another


@dataclass(frozen=True, slots=True)
class EnvelopeWays:
    lines: Sequence[EnvelopeSpan]  # in the order of their first envelopes
    empty: frozenset[int]  # numbers of those that hold nothing any more

    @property
    def posted(self) -> int:
        return sum(line.envelopes for line in self.lines if line.attempt_id is not None)

    @property
    def to_post(self) -> EnvelopeSpan | None:
        """Those that lie here, if any."""
        return next(
            (line for line in self.lines if line.attempt_id is None and not line.empty), None
        )


def list_ways(session: Session, run: EnvelopeRun, *, here: int) -> EnvelopeWays:
    """List all envelopes by how they went, in a few lines; `here` letters lie in some."""
    lines = _list_by_posting(session, run)
    gone = _list_gone(session, run.bundle) if here else []
    if (here and not gone) or not any(line.attempt_id is None for line in lines):
        return EnvelopeWays(lines, frozenset())
    lying = _list_lying(session, run)
    empty = _find_empty(session, run, lying, gone) if here else {sequence for sequence, *_ in lying}
    spans = [line for line in lines if line.attempt_id is not None]
    spans += _make_span([number for number, *_ in lying if number not in empty], here)
    spans += _make_span([number for number, *_ in lying if number in empty], 0)
    return EnvelopeWays(sorted(spans, key=lambda span: span.first), frozenset(empty))


def _list_by_posting(session: Session, run: EnvelopeRun) -> list[EnvelopeSpan]:
    first = func.min(Envelope.sequence)
    rows = session.execute(
        select(
            first,
            func.max(Envelope.sequence),
            func.count(Envelope.id),
            # What was withdrawn and removed by hand did not go.
            func.coalesce(func.max(DeliveryAttempt.messages), func.sum(Envelope.letters)),
            Envelope.attempt_id,
        )
        .outerjoin(DeliveryAttempt, DeliveryAttempt.id == Envelope.attempt_id)
        .where(Envelope.run_id == run.id)
        .group_by(Envelope.attempt_id)
        .order_by(first)
    )
    lines = [EnvelopeSpan(*row) for row in rows]
    return [replace(line, spans=_list_spans(session, run, line)) for line in lines]


def _list_spans(session: Session, run: EnvelopeRun, line: EnvelopeSpan) -> list[Numbers]:
    if line.last - line.first + 1 == line.envelopes:
        return [Numbers(line.first, line.last)]
    went_so = Envelope.attempt_id.is_not_distinct_from(line.attempt_id)
    numbers = session.scalars(select(Envelope.sequence).where(Envelope.run_id == run.id, went_so))
    return join_spans((number, number) for number in numbers)


def _list_lying(session: Session, run: EnvelopeRun) -> Sequence[_LyingEnvelope]:
    rows = session.execute(
        select(Envelope.sequence, Envelope.first_number, Envelope.last_number)
        .where(Envelope.run_id == run.id, Envelope.attempt_id.is_(None))
        .order_by(Envelope.sequence)
    )
    return cast("Sequence[_LyingEnvelope]", rows.all())


def _make_span(envelopes: Sequence[int], letters: int) -> list[EnvelopeSpan]:
    if not envelopes:
        return []
    ends, spans = (envelopes[0], envelopes[-1]), join_spans(zip(envelopes, envelopes, strict=True))
    return [EnvelopeSpan(*ends, len(envelopes), letters, None, not letters, spans)]


def list_taken(session: Session, bundle: Bundle) -> list[tuple[int, int]]:
    """List the numbers from which to which letters were taken as a part."""
    rows = session.execute(
        select(TakenLetters.first_number, TakenLetters.last_number)
        .join(DeliveryAttempt, DeliveryAttempt.id == TakenLetters.attempt_id)
        .where(DeliveryAttempt.bundle_id == bundle.id)
    )
    return [(first, last) for first, last in rows]


def _list_gone(session: Session, bundle: Bundle) -> list[Numbers]:
    """List letters that left, also as a part, or are not wanted any more; not those posted."""
    unwanted = Letter.signature_id.in_(select_gone(bundle.campaign_id, _UNWANTED))
    lost = select(Letter.sequence).where(Letter.bundle_id == bundle.id, unwanted)
    numbers = [*session.scalars(lost), *list_left(session, bundle)]
    spans = [(number, number) for number in numbers if number]
    return join_spans([*list_taken(session, bundle), *spans])


def _find_empty(
    session: Session, run: EnvelopeRun, lying: Iterable[_LyingEnvelope], gone: Sequence[Numbers]
) -> set[int]:
    """Return the numbers of the envelopes of which every letter is gone."""
    empty, unsure = set(), []
    firsts = [span.first for span in gone]
    for sequence, first, last in lying:
        before = bisect_right(firsts, first)
        reach = gone[before - 1].last if before else 0
        if reach >= last:
            empty.add(sequence)
        elif first < last and (reach >= first or bisect_right(firsts, last) > before):
            unsure.append(sequence)
    # Between the first and the last number others may lie that were never in it.
    is_emptied = ~select_here_in_envelope(run.bundle).exists()
    emptied = select(Envelope.sequence).where(
        Envelope.run_id == run.id, Envelope.sequence.in_(unsure), is_emptied
    )
    return empty | set(session.scalars(emptied)) if unsure else empty


def list_letters(
    session: Session, run: EnvelopeRun, envelopes: Sequence[Envelope]
) -> dict[int, list[int]]:
    """List the numbers of the letters in each envelope, or that went in it, by its number.

    What was withdrawn and removed by hand was put in, and is in it no more.
    """
    lying = [envelope for envelope in envelopes if envelope.attempt_id is None]
    letters = dict(_list_inside(session, run, lying, duplex=False)[0]) if lying else {}
    posted = [envelope.id for envelope in envelopes if envelope.attempt_id is not None]
    if not posted:
        return letters
    left_out = {*list_inside(run.left_out or ())}
    lies_in = Letter.sequence.between(Envelope.first_number, Envelope.last_number)
    rows = session.execute(
        select(Envelope.sequence, Letter.sequence)
        .join(Letter, and_(Letter.bundle_id == run.bundle_id, lies_in))
        .where(Envelope.id.in_(posted), Letter.set_aside.is_(None))
        .order_by(Letter.sequence)
    )
    for envelope, number in rows:
        if number not in left_out:
            letters.setdefault(envelope, []).append(number or 0)
    return letters


def count_letters(
    envelopes: Sequence[Envelope], letters: Mapping[int, Sequence[int]]
) -> dict[int, int]:
    """Count them, by the number of the envelope: what went were no more than were put in. Pure."""
    by_number = {envelope.sequence: envelope for envelope in envelopes}
    return {
        number: len(inside)
        if by_number[number].attempt_id is None
        else min(len(inside), by_number[number].letters)
        for number, inside in letters.items()
    }


@dataclass(frozen=True, slots=True)
class Weight:
    """Of one envelope, without the envelope."""

    sheets: int
    words: str  # as people say it: “45 g”


def weigh_envelopes(
    session: Session, run: EnvelopeRun, envelopes: Sequence[Envelope], locale: str
) -> dict[int, Weight]:
    lying = [envelope for envelope in envelopes if envelope.attempt_id is None]
    if not lying:
        return {}
    frozen = Frozen.from_json(run.bundle.frozen)
    paper = frozen.sheet.paper
    letters, sheets = _list_inside(session, run, lying, duplex=frozen.duplex)
    weights = {}
    for envelope in lying:
        if not (count := len(letters[envelope.sequence])):
            continue
        on_top = 1 if run.letters_each > 1 else 0  # its address sheet
        if frozen.cards:
            inside = sheets_of_cards(count)
            grams = weigh(inside, paper, card=True) + weigh(on_top, paper)
        else:
            inside = sheets[envelope.sequence]
            grams = weigh(inside + on_top, paper)
        weights[envelope.sequence] = Weight(inside + on_top, say_weight(grams, locale))
    return weights


def _list_inside(
    session: Session, run: EnvelopeRun, lying: Sequence[Envelope], *, duplex: bool
) -> tuple[defaultdict[int, list[int]], Counter[int]]:
    """List letters, and count the sheets that they need, by the number of their envelope."""
    # Envelopes that were added later may hold lower numbers.
    lying = sorted(lying, key=lambda envelope: envelope.first_number)
    rows = session.execute(
        select_here(run.bundle)
        .with_only_columns(Letter.sequence, Letter.pages, maintain_column_froms=True)
        .where(Letter.sequence.between(lying[0].first_number, lying[-1].last_number))
        .order_by(Letter.sequence)
    )
    letters, sheets, at = defaultdict[int, list[int]](list), Counter[int](), 0
    for sequence, pages in rows:
        number = sequence or 0
        while at < len(lying) and lying[at].last_number < number:
            at += 1
        if at < len(lying) and lying[at].first_number <= number:
            letters[lying[at].sequence].append(number)
            sheets[lying[at].sequence] += sheets_for(pages or 1, duplex=duplex)
    return letters, sheets
