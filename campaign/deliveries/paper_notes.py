"""What is written down of the print that was carried: which withdrawn letters were in it."""

from collections.abc import Collection, Iterable
from datetime import date, time

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from campaign.bundles import bundle_status
from campaign.bundles.changes import prints
from campaign.bundles.changes.release_letters import take_back
from campaign.core import audit, db
from campaign.deliveries.attempt_order import oldest_first
from campaign.deliveries.carried_paper import (
    Paper,
    find_earlier,
    is_letter,
    list_gone_people,
    list_withdrawn,
)
from campaign.deliveries.letter_outcomes import list_fates, list_posted_envelopes
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.deliveries.remaining_letters import is_out, undo_left_out
from campaign.models.bundle import Bundle, BundlePrint, DeliveryAttempt
from campaign.models.delivery import Envelope, EnvelopeRun
from campaign.models.signature import WITHDRAWN, Letter
from campaign.models.taken_out import InFiles, LetterOut
from campaign.signing.letter.compose import number_of


def note_papers(
    session: Session,
    chosen: Iterable[tuple[Bundle, Paper, DeliveryAttempt]],
    day: date,
    at: time | None,
    *,
    went: bool,
    actor: str,
) -> None:
    """Note with which papers letters went out on a visit, or came back: see `note_paper`."""
    for bundle, paper, attempt in chosen:
        earlier = find_earlier(session, bundle, day, at, went=went)
        attempt.by_hand = note_paper(
            session, bundle, paper, went=went, earlier=earlier, actor=actor
        )


def note_paper(
    session: Session,
    bundle: Bundle,
    paper: Paper,
    *,
    went: bool,
    earlier: ColumnElement[bool] | None,
    actor: str,
) -> list[str]:
    """Note with which paper letters went out, or (`went` is False) that the rest of it came back.

    Return the numbers of what was removed or made unreadable by hand. Of what came back this is
    noted only once letters are out: before, other prints of it may lie here. The bundle is the
    print that went from then on; what had been taken out of it went too. Earlier volumes that were
    kept without the removed sheets hold what the newest print does, and go with its papers.
    `earlier` tells which attempts came before it, where envelopes were posted since.
    """
    if went:
        take_back(session, bundle, {*paper.holds, *paper.left_in})
    taken_out = [each for each in paper.taken_out if is_letter(each) or paper.papers_at is None]
    named = list_gone_people(session, bundle)
    numbers = [*list_withdrawn(session, bundle, when=earlier), *named, *taken_out]
    carried = {*paper.holds, *paper.left_in}
    removed = [number for number in numbers if number not in carried]
    if not went and not is_out(session, bundle, when=earlier):
        return removed
    if went and paper.papers_at is None:
        be_earlier_print(session, bundle, paper, actor=actor)
    note_removed(session, bundle, [*map(int, filter(is_letter, removed))])
    note_carried(bundle, [number for number in removed if not is_letter(number)], carried=False)
    if went:
        note_carried(bundle, [number for number in numbers if number in carried], carried=True)
        if earlier is None:  # else they were left out of envelopes only after that
            undo_left_out(session, bundle, [*map(int, filter(is_letter, carried))])
    session.flush()
    return removed


def note_came_back(bundle: Bundle, paper: Paper, attempt: DeliveryAttempt) -> None:
    """Note which letters came back in a print, though the bundle was made again without them."""
    held = {*paper.taken_out} & {*paper.holds, *paper.left_in}
    if held:
        bundle.taken_out = bundle.taken_out.came_back_with(held, attempt.id)


def be_earlier_print(session: Session, bundle: Bundle, paper: Paper, *, actor: str) -> None:
    """Let the bundle be the print that this paper is, with what had been taken out of it."""
    all_prints = prints.list_prints(session, bundle)
    recorded = next((each for each in all_prints if each.number == paper.number), None)
    if recorded is None or recorded.zip_sha256 == bundle.zip_sha256:
        return
    _be_print(bundle, recorded)
    take_back(session, bundle, paper.taken_out)
    bundle.taken_out = bundle.taken_out.went_with(paper.taken_out)
    for letter in bundle.taken_out.letters:
        if letter.went:
            _update_letter(session, bundle, letter, set_aside=None, first_page=letter.page)
    session.flush()
    audit.record(session, actor, "bundle.earlier-print", bundle, sha256=recorded.zip_sha256)


def note_carried(bundle: Bundle, numbers: Collection[str], *, carried: bool) -> None:
    """Note whether withdrawn letters, or names in the lists, were with the others as these went."""
    known = {entry.number for entry in bundle.taken_out}
    stayed = [InFiles(number=each, carried=carried) for each in numbers if each not in known]
    bundle.taken_out = bundle.taken_out.marked(numbers, carried=carried).plus(*stayed)


def find_carried(session: Session, letters: Iterable[Letter]) -> set[int]:
    """Find withdrawn letters of which somebody said that they were with the others; their ids."""
    withdrawn = [letter for letter in letters if letter.signature.withdrawn_at is not None]
    if not withdrawn:
        return set()
    bundles = select(Bundle).where(Bundle.id.in_({letter.bundle_id for letter in withdrawn}))
    carried = {
        (bundle.id, number)
        for bundle in session.scalars(bundles)
        for number in bundle.taken_out.carried
    }
    return {
        letter.id
        for letter in withdrawn
        if (letter.bundle_id, number_of(letter.sequence or 0)) in carried
    }


def is_in_earlier_print(session: Session, letter: Letter) -> bool:
    """Whether a letter may be on its way in a print that was replaced by one without it.

    It may until somebody records what was carried, or posted in the envelope that it was put into.
    """
    bundle = session.get(Bundle, letter.bundle_id) if letter.bundle_id else None
    if bundle is None:
        return False
    sequence = letter.sequence or 0
    taken_out = {entry.number: entry for entry in bundle.taken_out.letters}
    entry = taken_out.get(number_of(sequence))
    if entry is None or entry.carried is False:
        return False
    if not bundle_status.is_handed_over(session, bundle):
        return True
    waiting = (
        select(Envelope.id)
        .join(EnvelopeRun, EnvelopeRun.id == Envelope.run_id)
        .where(EnvelopeRun.bundle_id == bundle.id, Envelope.attempt_id.is_(None))
        .where(Envelope.first_number <= sequence, Envelope.last_number >= sequence)
    )
    return db.has_row(session, waiting)


def note_removed(session: Session, bundle: Bundle, numbers: Collection[int]) -> None:
    """Note that the sheets of withdrawn letters were removed by hand."""
    letters = (Letter.bundle_id == bundle.id, Letter.sequence.in_(numbers))
    db.update_rows(session, Letter, *letters, set_aside=WITHDRAWN)
    bundle.taken_out = bundle.taken_out.marked([*map(number_of, numbers)], carried=False)


def undo_removed_sheets(session: Session, bundle: Bundle, *conditions: ColumnElement[bool]) -> None:
    """Note that withdrawn sheets are here again that no record says were removed by hand."""
    printed = (Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
    removed = (*printed, Letter.set_aside == WITHDRAWN, *conditions)
    db.update_rows(session, Letter, *removed, set_aside=None)


def undo_carried(session: Session, bundle: Bundle) -> None:
    """Forget that letters were with the others, of which no record left says that they went."""
    numbers = [*filter(is_letter, bundle.taken_out.carried)]
    if not numbers:
        return
    attempts = session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.bundle_id == bundle.id)
        .options(selectinload(DeliveryAttempt.taken))
        .order_by(*oldest_first())
    ).all()
    envelopes = list_posted_envelopes(session, [attempt.id for attempt in attempts])
    stayed = {
        number
        for number in numbers
        if not any(
            fate.outcome in GONE_OUT and number not in fate.attempt.by_hand
            for fate in list_fates(int(number), attempts, envelopes)
        )
    }
    bundle.taken_out = bundle.taken_out.not_carried(stayed)


def note_nothing_gone(session: Session, bundle: Bundle) -> None:
    """Let the bundle be its newest print again, where no letter of it has gone out after all."""
    if bundle_status.is_handed_over(session, bundle):
        return
    undo_removed_sheets(session, bundle)
    for letter in bundle.taken_out.letters:
        if letter.is_gone:
            _update_letter(session, bundle, letter, set_aside=WITHDRAWN, first_page=None)
    bundle.taken_out = bundle.taken_out.with_nothing_gone()
    if all_prints := prints.list_prints(session, bundle):
        _be_print(bundle, all_prints[-1])
    session.flush()


def _be_print(bundle: Bundle, recorded: BundlePrint) -> None:
    bundle.zip_sha256, bundle.page_count = recorded.zip_sha256, recorded.pages


def _update_letter(session: Session, bundle: Bundle, letter: LetterOut, **values: object) -> None:
    number = Letter.sequence == int(letter.number)
    db.update_rows(session, Letter, Letter.bundle_id == bundle.id, number, **values)
