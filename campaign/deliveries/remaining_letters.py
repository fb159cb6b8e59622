"""Which letters of a bundle are still here, and which are gone: all, a part, or in envelopes."""

import enum
from collections.abc import Collection, Iterator, Sequence
from datetime import date, time

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased, selectinload

from campaign.bundles import bundle_status
from campaign.bundles.bundle_status import (
    GONE_WHOLE,
    AnyLetter,
    is_gone_whole,
    is_in_envelope,
    is_named_of_part,
    is_posted,
    names_letter,
    went_in_envelopes,
    went_in_part,
)
from campaign.bundles.changes.withdrawals import REVIEWED, list_in_it, list_reviewed, select_gone
from campaign.bundles.freeze import signed_sheets
from campaign.core import db
from campaign.deliveries.attempt_order import came_before, is_before, oldest_first
from campaign.deliveries.letter_outcomes import TAKES_OUT, list_fates, list_posted_envelopes
from campaign.deliveries.recording_rules import join_spans, list_inside
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import Envelope, EnvelopeRun, LetterMove
from campaign.models.signature import LEFT_OUT, WITHDRAWN, Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of

_MAY_COME_BACK = (*REVIEWED, SignatureState.INVALID)
_NO_NUMBER = 2**31 - 1  # higher than that of any letter


class SheetFate(enum.StrEnum):
    WENT = "went"  # out, with the other letters
    REMOVED = "removed"  # by hand, before these went
    LEFT_OUT = "left-out"  # of an envelope that went


def _is_taken(
    attempt_id: ColumnElement[int] | int, letter: AnyLetter = Letter
) -> ColumnElement[bool]:
    return exists().where(names_letter(attempt_id, letter)).correlate(DeliveryAttempt, letter)


def is_gone(
    letter: AnyLetter = Letter, *, when: ColumnElement[bool] | None = None
) -> ColumnElement[bool]:
    """Whether a letter is out of our hands, by an attempt of its bundle for which `when` holds."""
    attempt = DeliveryAttempt
    by_envelope = went_in_envelopes().correlate(attempt)
    ident = attempt.id.expression
    part = and_(attempt.outcome == DeliveryOutcome.PART, _is_taken(ident, letter))
    # Asked of all attempts it is gone in any case; of some, only if not by another's envelope.
    rest = ~by_envelope if when is None else and_(~by_envelope, ~is_posted(letter))
    whole = and_(attempt.outcome.in_(GONE_WHOLE), or_(rest, is_in_envelope(ident, letter)))
    counts = true() if when is None else when
    return (
        exists()
        .where(attempt.bundle_id == letter.bundle_id, or_(part, whole), counts)
        .correlate(letter)
    )


def is_before_visit(day: date, clock: time | None, *, surely: bool) -> ColumnElement[bool]:
    """Whether an attempt came before a visit of this day and time that is recorded only now.

    Where a time is not known the one recorded first came first; `surely`: then nobody knows, but
    of a part, and of envelopes, whose posting has none.
    """
    at = DeliveryAttempt.happened_time
    same_day = DeliveryAttempt.happened_on == day
    earlier = or_(at.is_(None), at <= clock) if clock is not None else true()
    if surely:
        surely_earlier = at < clock if clock is not None else false()
        earlier = or_(surely_earlier, and_(earlier, went_in_part()))
    return or_(DeliveryAttempt.happened_on < day, and_(same_day, earlier))


def went_with(session: Session, attempt: DeliveryAttempt) -> ColumnElement[bool]:
    """Whether a letter of the attempt's bundle went out with it: it was there, not gone before.

    Named of a part or posted in an envelope, it went with that alone: see `list_fates`.
    """
    if attempt.outcome is DeliveryOutcome.PART:
        return _is_taken(attempt.id)
    was_here = ~is_gone(when=is_before(attempt))
    if attempt.outcome not in GONE_WHOLE:
        return was_here
    is_own = is_in_envelope(attempt.id) if is_in_envelopes(session, attempt) else ~is_posted()
    return and_(is_own, was_here, ~is_named_of_part())


def is_in_envelopes(session: Session, attempt: DeliveryAttempt) -> bool:
    of_it = select(Envelope.id).where(Envelope.attempt_id == attempt.id)
    return db.has_row(session, of_it)


def select_here(bundle: Bundle, *, when: ColumnElement[bool] | None = None) -> Select[Letter]:
    """Select letters that can be handed over now: printed, wanted, not gone by attempts `when`."""
    return _select_all_here(when=when).where(Letter.bundle_id == bundle.id)


def _select_all_here(*, when: ColumnElement[bool] | None = None) -> Select[Letter]:
    # Who is forgotten may have a letter here again, where a record was deleted: no file has it.
    is_known = true() if when is not None else Signature.forgotten_at.is_(None)
    return (
        select(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Letter.set_aside.is_(None),
            Signature.state == SignatureState.CONFIRMED,
            is_known,
            ~is_gone(when=when),
        )
    )


def select_in_no_envelope(bundle_ids: Collection[int]) -> Select[Letter]:
    """Select letters that are here and in no envelope, of bundles that are in some.

    They were gone when these were filled, and a record that said so was deleted since.
    """
    next_first = func.lead(Envelope.first_number, 1, _NO_NUMBER).over(
        partition_by=Envelope.run_id, order_by=Envelope.first_number
    )
    spans = (
        select(EnvelopeRun.bundle_id, Envelope.last_number.label("after"), next_first.label("next"))
        .join(EnvelopeRun, EnvelopeRun.id == Envelope.run_id)
        .where(EnvelopeRun.bundle_id.in_(bundle_ids))
    )
    before_all = (
        select(EnvelopeRun.bundle_id, literal(0), func.min(Envelope.first_number))
        .join(EnvelopeRun, EnvelopeRun.id == Envelope.run_id)
        .where(EnvelopeRun.bundle_id.in_(bundle_ids))
        .group_by(EnvelopeRun.bundle_id)
    )
    gap, letter = union_all(spans, before_all).subquery(), aliased(Letter)
    lies_in_it = and_(
        letter.bundle_id == gap.c.bundle_id,
        gap.c.next > gap.c.after + 1,
        letter.sequence > gap.c.after,
        letter.sequence < gap.c.next,
    )
    # From the gaps to the numbers: beside other tables, SQLite looks at every gap for each letter.
    between = select(letter.id).select_from(gap).join(letter, lies_in_it)
    return _select_all_here().where(Letter.bundle_id.in_(bundle_ids), Letter.id.in_(between))


def count_here(session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None) -> int:
    """Count the letters in our hands; of one of signed sheets alone, the people on them."""
    if not bundle.letter_count:
        went = is_out(session, bundle, when=when)
        return 0 if went else signed_sheets.count_carried(session, bundle.id)
    letters = select_here(bundle, when=when)
    query = letters.with_only_columns(func.count(Letter.id), maintain_column_froms=True)
    return session.scalar(query) or 0


def is_out(session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None) -> bool:
    """Whether something of a bundle went out, by an attempt for which `when` holds."""
    gone_out = bundle_status.handed_over().where(true() if when is None else when)
    return db.is_true_of(session, bundle, gone_out)


def has_paper_here() -> ColumnElement[bool]:
    """Whether printed letters of a bundle lie here, also those taken back."""
    return and_(~is_gone_whole(), bundle_status.count_unposted(~is_named_of_part()) > 0)


def has_unnamed_part() -> ColumnElement[bool]:
    """Whether nobody has said which letters a part was, for a query on bundles."""
    unnamed = exists().where(
        DeliveryAttempt.bundle_id == Bundle.id,
        DeliveryAttempt.outcome == DeliveryOutcome.PART,
        ~DeliveryAttempt.taken.any(),
    )
    return unnamed.correlate(Bundle)


def find_sheet_fates(session: Session, bundle: Bundle) -> dict[str, SheetFate]:
    """Find what became of the sheets of letters that were taken back, but those here; by number."""
    ways = {
        SheetFate.WENT: is_gone(),
        SheetFate.REMOVED: Letter.set_aside == WITHDRAWN,
        SheetFate.LEFT_OUT: and_(Letter.set_aside == LEFT_OUT, is_gone()),
    }
    return {
        letter.number: fate
        for fate, condition in ways.items()
        for letter in list_in_it(session, bundle, condition, limit=None)
    }


def select_here_in_envelope(bundle: Bundle) -> Select[Letter]:
    """Select an envelope's letters that are here: some may have gone at the gate since."""
    lies_in = Letter.sequence.between(Envelope.first_number, Envelope.last_number)
    return select_here(bundle).where(lies_in).correlate(Envelope)


def set_aside_left_out(session: Session, bundle: Bundle) -> None:
    """Let what was held back as envelopes were filled wait for another bundle, once it is good.

    It lies between letters of an envelope, and does not go with them.
    """
    run = session.scalar(select(EnvelopeRun).where(EnvelopeRun.bundle_id == bundle.id))
    if run is None or not run.left_out:
        return
    held = (
        Letter.bundle_id == bundle.id,
        Letter.sequence.in_(list_inside(run.left_out)),
        Letter.set_aside.is_(None),
        Letter.signature_id.in_(select_gone(bundle.campaign_id, _MAY_COME_BACK)),
        ~is_gone(),
    )
    db.update_rows(session, Letter, *held, set_aside=LEFT_OUT)


def undo_left_out(session: Session, bundle: Bundle, numbers: Collection[int] | None = None) -> None:
    """Let letters be with the others again that envelopes were filled without: these, or all."""
    which = true() if numbers is None else Letter.sequence.in_(numbers)
    printed = (Letter.bundle_id == bundle.id, Letter.first_page.is_not(None), which)
    db.update_rows(session, Letter, *printed, Letter.set_aside == LEFT_OUT, set_aside=None)


def count_left(session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None) -> int:
    """Count the letters in our hands, also while nobody has said which ones a part was."""
    return max(count_here(session, bundle, when=when) - _count_unnamed(session, bundle, when), 0)


def count_paper(session: Session, bundle: Bundle) -> int:
    """Count the printed letters that lie here, also those taken back or printed again elsewhere."""
    lie_here = bundle_status.count_unposted(~is_named_of_part())
    letters = session.scalar(select(lie_here).where(Bundle.id == bundle.id, ~is_gone_whole())) or 0
    letters += count_moved(session, bundle) + len(list_released_here(session, bundle))
    return max(letters - _count_unnamed(session, bundle, None), 0)


def _count_unnamed(session: Session, bundle: Bundle, when: ColumnElement[bool] | None) -> int:
    parts = select(func.sum(DeliveryAttempt.messages)).where(*_is_unnamed_part(bundle, when))
    return session.scalar(parts) or 0


def list_released_here(
    session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None
) -> list[str]:
    """List letters that left the bundle, and lie with the others all the same; by number.

    They were left out of envelopes; nothing took them along, nor was it said of one that its sheet
    was removed by hand. After attempts `when`, also those that were removed from what went later.
    """
    left_out = {entry.number: entry.left_out for entry in bundle.released if entry.page}
    if not left_out:
        return []
    rows = session.execute(
        select(DeliveryAttempt, (true() if when is None else when).label("counts"))
        .where(DeliveryAttempt.bundle_id == bundle.id)
        .options(selectinload(DeliveryAttempt.taken))
        .order_by(*oldest_first())
    ).all()
    attempts = [row.DeliveryAttempt for row in rows]
    counted = [row.DeliveryAttempt for row in rows if row.counts]
    ranges = list_posted_envelopes(session, [attempt.id for attempt in attempts])
    gone = bundle.taken_out.carried if when is None else set[str]()
    gone = gone.union(*_list_by_hand(counted))
    lying = []
    for number, is_left_out in left_out.items():
        fates = list_fates(int(number), attempts, ranges)
        went_with = {fate.attempt for fate in fates if fate.outcome in TAKES_OUT}
        is_here = is_left_out or (when is not None and bool(went_with))
        if is_here and number not in gone and not went_with & {*counted}:
            lying.append(number)
    return lying


def _list_by_hand(attempts: Sequence[DeliveryAttempt]) -> Iterator[list[str]]:
    """List what was removed by hand, but before anything had gone: other prints may lie here."""
    went_out = [each for each in attempts if each.outcome not in bundle_status.STILL_HERE]
    for attempt in attempts:
        if attempt in went_out or any(came_before(other, attempt) for other in went_out):
            yield attempt.by_hand


def count_moved(session: Session, bundle: Bundle) -> int:
    """Count the letters on its paper that are in another bundle by now."""
    return db.count_rows(
        session, select(LetterMove.letter_id).where(LetterMove.bundle_id == bundle.id)
    )


def list_kept_back(session: Session, bundle: Bundle) -> list[str]:
    """List what a later risk flag keeps back and may be at hand, by number.

    In the newest print, or in an earlier one as long as nothing has gone out, nor all moved on.
    """
    lying = list_in_it(session, bundle, ~is_gone(), limit=None)
    at_hand = {letter.number for letter in lying}
    settled = or_(bundle_status.handed_over(), bundle_status.moved_on_whole())
    if not db.is_true_of(session, bundle, settled):
        at_hand.update(letter.number for letter in bundle.taken_out.letters)
    return [number for number in list_reviewed(session, bundle) if number in at_hand]


def list_moved_numbers(session: Session, bundle: Bundle) -> list[str]:
    """List the numbers, as printed, of letters that are no longer in it; spans with a dash."""
    moved = select(LetterMove.sequence).where(LetterMove.bundle_id == bundle.id)
    spans = join_spans((number, number) for number in session.scalars(moved))
    return ["–".join(map(number_of, dict.fromkeys(span))) for span in spans]


def find_unnamed_part(
    session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None
) -> DeliveryAttempt | None:
    """Return an attempt of which a part was taken, and nobody has said yet which letters."""
    unnamed = select(DeliveryAttempt).where(*_is_unnamed_part(bundle, when))
    return session.scalar(unnamed.order_by(*oldest_first()).limit(1))


def _is_unnamed_part(
    bundle: Bundle, when: ColumnElement[bool] | None
) -> tuple[ColumnElement[bool], ...]:
    return (
        DeliveryAttempt.bundle_id == bundle.id,
        DeliveryAttempt.outcome == DeliveryOutcome.PART,
        ~DeliveryAttempt.taken.any(),
        true() if when is None else when,
    )
