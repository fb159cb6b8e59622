"""A bundle that was refused, or of which a part was, goes into envelopes; and they are posted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, insert, or_, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.campaigns import lifecycle
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import audit, db, jobs
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.deliveries.attempt_order import is_before
from campaign.deliveries.envelopes.envelope_store import delete_files_after_commit
from campaign.deliveries.envelopes.make_envelopes import make_again
from campaign.deliveries.envelopes.mark_posted import list_taken
from campaign.deliveries.recording_rules import Numbers, join_spans, list_inside, say_numbers
from campaign.deliveries.remaining_letters import (
    find_unnamed_part,
    is_gone,
    select_here,
    select_in_no_envelope,
    set_aside_left_out,
    undo_left_out,
)
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, TakenLetters
from campaign.models.delivery import Envelope, EnvelopeRun
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.screening.flag_check import refuse_unchecked_in

MOST_ENVELOPES = 5_000  # of one bundle, where each gets an address sheet; single letters need none


class TooFewTaken(Invalid):
    """Fewer letters than were accepted; no printed letter has the numbers that are `uncounted`."""

    def __init__(self, uncounted: Sequence[Numbers]) -> None:
        super().__init__(fields={"numbers": "taken-too-few"})
        self.uncounted = uncounted


@dataclass(frozen=True, slots=True)
class Span:
    """Letters that go into one envelope: the first and the last number, and how many."""

    first: int
    last: int
    letters: int


def pack_letters(
    numbers: Sequence[int], each: int, taken: Sequence[tuple[int, int]] = ()
) -> Iterator[Span]:
    """Put `each` letters to an envelope, in order. Pure.

    No envelope reaches over letters that were `taken` or lie in others: between its first and its
    last number lie only its own, and those that nobody hands over.
    """
    packed: list[int] = []
    firsts = sorted(first for first, _last in taken)
    for number in numbers:
        apart = packed and bisect_right(firsts, number) > bisect_right(firsts, packed[-1])
        if len(packed) == each or apart:
            yield Span(packed[0], packed[-1], len(packed))
            packed = []
        packed.append(number)
    if packed:
        yield Span(packed[0], packed[-1], len(packed))


def refuse_unsplittable(session: Session, bundle: Bundle) -> None:
    """Raise Refused: `stopped`, `not-open` (a rehearsal), `not-ready`, `part-unnamed`.

    As long as nobody has said which letters were taken of a part, nobody knows which are here. Nor
    are they printed anew before the newest risk flags were asked (`letters-unchecked`).
    """
    if lifecycle.is_rehearsal(bundle.campaign.status):
        raise Refused("not-open")
    refuse_stopped(bundle.campaign)
    if bundle.state is not BundleState.READY:
        raise Refused("not-ready")
    if find_unnamed_part(session, bundle) is not None:
        raise Refused("part-unnamed")
    refuse_unchecked_in(session, bundle)


def name_part(
    session: Session, attempt: DeliveryAttempt, numbers: Sequence[Numbers], *, actor: str
) -> list[Numbers]:
    """Say which letters were taken of a part; their signers are told.

    Return numbers among them that no printed letter has: they count nothing. Raises Refused
    (`part-named`) where somebody has said it; Invalid with the field `numbers`: `taken-before`
    (some had gone out already), `taken-too-few` (TooFewTaken), `taken-too-many`.
    """
    if attempt.bundle_id is None:
        raise NotFound("bundle")
    session.refresh(attempt.campaign, with_for_update={"key_share": True})
    session.refresh(attempt, ["taken"])  # a colleague may have said it while we waited
    if attempt.taken:
        raise Refused("part-named")
    _refuse_other_than_taken(session, attempt, numbers)
    attempt.taken = [
        TakenLetters(first_number=number.first, last_number=number.last) for number in numbers
    ]
    session.flush()
    jobs.enqueue(session, "following.delivery-recorded", attempt.id)
    audit.record(
        session, actor, "delivery.part", f"delivery:{attempt.id}", numbers=say_numbers(numbers)
    )
    return _list_uncounted(session, attempt, numbers)


def _list_uncounted(
    session: Session, attempt: DeliveryAttempt, numbers: Sequence[Numbers]
) -> list[Numbers]:
    typed = {*list_inside(numbers)}
    printed = select(Letter.sequence).where(
        Letter.bundle_id == attempt.bundle_id, Letter.set_aside.is_(None)
    )
    uncounted = typed.difference(session.scalars(printed))
    return join_spans((number, number) for number in uncounted)


def _refuse_other_than_taken(
    session: Session, attempt: DeliveryAttempt, numbers: Sequence[Numbers]
) -> None:
    """Refuse other letters; those taken back since may have been handed over, or not."""
    # What was posted was not in a part, whichever stands first.
    was_gone = or_(
        is_gone(when=is_before(attempt)), is_gone(when=bundle_status.went_in_envelopes())
    )
    confirmed = Signature.state == SignatureState.CONFIRMED
    counts = (
        select(
            func.count(Letter.id),
            func.count(Letter.id).filter(confirmed),
            func.count(Letter.id).filter(was_gone),
        )
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Letter.bundle_id == attempt.bundle_id, Letter.set_aside.is_(None))
    )
    printed = confirmed_count = gone_before = 0
    for number in numbers:
        span = Letter.sequence.between(number.first, number.last)
        row = session.execute(counts.where(span)).one()
        printed += row[0]
        confirmed_count += row[1]
        gone_before += row[2]
    if gone_before:
        raise Invalid(fields={"numbers": "taken-before"})
    if printed < attempt.messages:
        raise TooFewTaken(_list_uncounted(session, attempt, numbers))
    if confirmed_count > attempt.messages:
        raise Invalid(fields={"numbers": "taken-too-many"})


def get_letter_numbers(session: Session, bundle: Bundle) -> Numbers:
    """Return the first and the last number of a bundle's letters; the last is 0: it has none."""
    highest = select(func.max(Letter.sequence)).where(Letter.bundle_id == bundle.id)
    return Numbers(Frozen.from_json(bundle.frozen).first_number, session.scalar(highest) or 0)


def split_bundle(
    session: Session, bundle: Bundle, *, letters_each: int, with_letters: bool, actor: str
) -> EnvelopeRun:
    """Put what is still here of a bundle into envelopes, and have them printed. Raises Refused."""
    bundle_status.lock_bundle(session, bundle)
    refuse_unsplittable(session, bundle)
    if find_run(session, bundle) is not None:
        raise Refused("is-split")
    numbers = _list_numbers(session, select_here(bundle))
    if not numbers:
        raise Refused("nothing-here")
    run = EnvelopeRun(
        bundle=bundle,
        letters_each=letters_each,
        with_letters=with_letters,
        letter_count=0,
        envelope_count=0,
        left_out=[],
        created_by_id=audit.staff_id(actor),
    )
    spans = _pack(run, numbers, list_taken(session, bundle))
    db.add_row(session, run)
    _add_envelopes(session, run, spans, numbers, actor)
    jobs.enqueue(session, "deliveries.print-envelopes", run.id)
    return run


def split_rest(session: Session, run: EnvelopeRun, *, actor: str) -> None:
    """Put letters that are in none of a bundle's envelopes into more of them. Raises Refused.

    Those that lie here are printed again with them: a run has one set of files.
    """
    bundle = run.bundle
    bundle_status.lock_bundle(session, bundle)
    refuse_unsplittable(session, bundle)
    if find_run(session, bundle) is not run:
        raise NotFound("envelopes")
    session.refresh(run)
    numbers = list_in_no_envelope(session, bundle)
    if not numbers:
        raise Refused("is-split")
    filled = select(Envelope.first_number, Envelope.last_number).where(Envelope.run_id == run.id)
    ranges = [(first, last) for first, last in session.execute(filled)]
    apart = join_spans([*ranges, *list_taken(session, bundle)])
    _add_envelopes(session, run, _pack(run, numbers, apart), numbers, actor)
    make_again(session, run)


def list_in_no_envelope(session: Session, bundle: Bundle) -> list[int]:
    """List the numbers of letters that are here, and in none of the bundle's envelopes."""
    return _list_numbers(session, select_in_no_envelope([bundle.id]))


def _list_numbers(session: Session, letters: Select[Letter]) -> list[int]:
    numbers = letters.with_only_columns(Letter.sequence, maintain_column_froms=True)
    return [number or 0 for number in session.scalars(numbers.order_by(Letter.sequence))]


def _pack(
    run: EnvelopeRun, numbers: Sequence[int], apart: Sequence[tuple[int, int]]
) -> Sequence[Span]:
    spans = list(pack_letters(numbers, run.letters_each, apart))
    if run.letters_each > 1 and run.envelope_count + len(spans) > MOST_ENVELOPES:
        raise Refused("too-many-envelopes")
    return spans


def _add_envelopes(
    session: Session, run: EnvelopeRun, spans: Sequence[Span], numbers: Sequence[int], actor: str
) -> None:
    letters = sum(span.letters for span in spans)
    envelopes = [
        {
            "run_id": run.id,
            "sequence": at,
            "first_number": span.first,
            "last_number": span.last,
            "letters": span.letters,
        }
        for at, span in enumerate(spans, start=run.envelope_count + 1)
    ]
    session.execute(insert(Envelope), envelopes)
    run.letter_count += letters
    run.envelope_count += len(spans)
    if run.left_out is not None:
        run.left_out = [*run.left_out, *_list_left_out(spans, numbers)]
        set_aside_left_out(session, run.bundle)
    audit.record(session, actor, "bundle.split", run.bundle, letters=letters, envelopes=len(spans))


def _list_left_out(spans: Sequence[Span], numbers: Sequence[int]) -> list[Numbers]:
    """List, from one to another, which numbers the spans reach over without having them. Pure."""
    packed = set(numbers)
    between = (number for span in spans for number in range(span.first, span.last))
    return join_spans((number, number) for number in between if number not in packed)


def find_run(session: Session, bundle: Bundle) -> EnvelopeRun | None:
    return session.scalar(select(EnvelopeRun).where(EnvelopeRun.bundle_id == bundle.id))


def get_run(session: Session, bundle: Bundle) -> EnvelopeRun:
    query = select(EnvelopeRun).where(EnvelopeRun.bundle_id == bundle.id)
    return db.get_row(session, query, "envelopes")


def find_envelope_number(session: Session, run: EnvelopeRun, number: int) -> int:
    """Return the envelope that holds a letter of this number; 0: none does."""
    holding = select(Envelope.sequence).where(
        Envelope.run_id == run.id, Envelope.first_number <= number, Envelope.last_number >= number
    )
    return session.scalar(holding) or 0


def list_envelopes(
    session: Session, run: EnvelopeRun, *, after: int = 0, limit: int = 200
) -> Sequence[Envelope]:
    later = select(Envelope).where(Envelope.run_id == run.id, Envelope.sequence > after)
    return session.scalars(later.order_by(Envelope.sequence).limit(limit)).all()


def undo_split(session: Session, run: EnvelopeRun, *, actor: str) -> None:
    """Take letters out of their envelopes. Raises NotFound, Refused once one is posted."""
    session.refresh(run.bundle.campaign, with_for_update={"key_share": True})
    if find_run(session, run.bundle) is not run:
        raise NotFound("envelopes")
    if is_posted(session, run):
        raise Refused("envelopes-gone")
    delete_run(session, run)
    undo_left_out(session, run.bundle)
    audit.record(
        session,
        actor,
        "bundle.split-undone",
        f"bundle:{run.bundle_id}",
        envelopes=run.envelope_count,
    )


def is_posted(session: Session, run: EnvelopeRun) -> bool:
    posted = select(Envelope.id).where(Envelope.run_id == run.id, Envelope.attempt_id.is_not(None))
    return db.has_row(session, posted)


def delete_run(session: Session, run: EnvelopeRun) -> None:
    """Remove a run with its envelopes, and its files once that is committed."""
    delete_files_after_commit(session, run)
    session.delete(run)
    session.flush()
