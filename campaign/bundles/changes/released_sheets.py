"""Printed sheets of letters that count again after they had left the others.

Such a letter waits for another bundle, or is in one (`release_letters`). Until it goes out with
that, its sheet is not to go, unless it went already. Then the sheet in the newer bundle is not to.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.orm import Session, defer

from campaign.bundles.bundle_status import (
    is_gone_whole,
    is_handed_over,
    is_named_of_part,
    is_posted,
)
from campaign.core.db.batches import batched
from campaign.models.bundle import Bundle, BundleState
from campaign.models.screening import Decision, Hold
from campaign.models.signature import TAKEN_OUT, Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of

_AT_ONCE = 400  # letters that one query asks for


@dataclass(frozen=True, slots=True)
class LetterNow:
    """A letter that the bundle was made again without, or that left it: how it is by now."""

    state: SignatureState
    bundle: Bundle | None = None  # another one in which it is since; None: it waits, or stays
    number: str = ""  # its number there
    is_approved: bool = False  # by review
    went_again: bool = False  # out, with that bundle


@dataclass(frozen=True, slots=True)
class ReleasedSheet:
    number: str  # as printed
    reason: str  # for which it left the others
    now: LetterNow | None  # None: its people are forgotten
    went: bool  # whether somebody said that it went with the others all the same


def list_released_sheets(session: Session, bundle: Bundle) -> list[ReleasedSheet]:
    """List them by number; those too that `release_letters` lets wait within minutes.

    None once the files of the bundle were deleted. Nor what went out in another bundle, unless it
    lies among sheets that may go.
    """
    if bundle.state is not BundleState.READY or bundle.emptied_at is not None:
        return []
    printed = [entry for entry in bundle.released if entry.page]
    left_sheets = {entry.number: entry.reason for entry in printed}
    counting_again = select(Letter.sequence).where(
        Letter.bundle_id == bundle.id,
        Letter.set_aside.in_(TAKEN_OUT),
        Letter.first_page.is_not(None),
        Letter.signature.has(state=SignatureState.CONFIRMED, forgotten_at=None),
    )
    for number in session.scalars(counting_again):
        left_sheets[number_of(number or 0)] = SignatureState.WITHDRAWN.value
    now_at = find_now(session, bundle, left_sheets)
    carried = bundle.taken_out.carried
    lie_apart = {entry.number for entry in printed if entry.left_out}
    if is_handed_over(session, bundle):
        lie_apart = {*left_sheets}
    return [
        ReleasedSheet(number, reason, now, number in carried)
        for number, reason in sorted(left_sheets.items())
        if not ((now := now_at.get(number)) and now.went_again and number in lie_apart)
    ]


@dataclass(frozen=True, slots=True)
class SheetGoneBefore:
    number: str
    bundle: Bundle  # with an earlier print of which it went out, once it was released
    number_there: str


def list_gone_before(session: Session, bundle: Bundle) -> list[SheetGoneBefore]:
    """List letters of a bundle that lie here, and went out in a print of another, by number."""
    if bundle.state is not BundleState.READY or bundle.emptied_at is not None:
        return []
    some_released = cast(Bundle.released, String) != "[]"
    others = Bundle.campaign_id == bundle.campaign_id, Bundle.id != bundle.id, some_released
    went = {
        entry.letter: (other, entry.number)
        for other in session.scalars(select(Bundle).where(*others).options(defer(Bundle.frozen)))
        for entry in other.released
        # Without a volume the letter was changed since: what went out had the words of before.
        if entry.letter and entry.volume and entry.number in other.taken_out.carried
    }
    lies_here = and_(Letter.bundle_id == bundle.id, Letter.set_aside.is_(None), ~_is_out())
    sheets = [
        SheetGoneBefore(number_of(number or 0), *went[letter_id])
        for some in batched(sorted(went), _AT_ONCE)
        for letter_id, number in session.execute(
            select(Letter.id, Letter.sequence)
            .join(Bundle, Bundle.id == Letter.bundle_id)
            .where(Letter.id.in_(some), lies_here)
        )
    ]
    return sorted(sheets, key=lambda sheet: sheet.number)


def _is_out() -> ColumnElement[bool]:
    """Whether a letter went out with its bundle, for a query on both."""
    return or_(is_gone_whole(), is_named_of_part(), is_posted())


def find_now(session: Session, bundle: Bundle, numbers: Collection[str]) -> dict[str, LetterNow]:
    """Find how letters that left its print are now; none of people who are forgotten."""
    return {
        number: now
        for some in batched(numbers, _AT_ONCE)
        for number, now in _find_some(session, bundle, some)
    }


def _find_some(
    session: Session, bundle: Bundle, numbers: Collection[str]
) -> Iterator[tuple[str, LetterNow]]:
    let_go = {
        entry.letter: entry.number
        for entry in bundle.released
        if entry.letter and entry.number in numbers
    }
    still_its = and_(
        Letter.bundle_id == bundle.id,
        Letter.sequence.in_([int(number) for number in numbers]),
        Letter.set_aside.is_not(None),
    )
    went_again = and_(Letter.bundle_id != bundle.id, _is_out())
    rows = session.execute(
        select(Letter, Signature.state, Hold.decision, Bundle, went_again)
        .join(Signature, Signature.id == Letter.signature_id)
        .outerjoin(Hold, Hold.signature_id == Signature.id)
        .outerjoin(Bundle, Bundle.id == Letter.bundle_id)
        .where(or_(still_its, Letter.id.in_(let_go)), Signature.forgotten_at.is_(None))
    ).all()
    for letter, state, decision, its_bundle, went in rows:
        number = number_of(letter.sequence or 0)
        other = its_bundle if its_bundle is not bundle else None
        is_approved = decision is Decision.APPROVED
        now = LetterNow(state, other, number, is_approved, bool(went))
        yield let_go.get(letter.id, number), now
