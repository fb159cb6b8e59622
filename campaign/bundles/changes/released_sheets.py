"""Printed sheets of letters that count again after they had left the others: they lie here.

Such a letter waits for another bundle, or is in one (`release_letters`); its sheet is not to go.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from campaign.models.bundle import Bundle, BundleState
from campaign.models.screening import Decision, Hold
from campaign.models.signature import LEFT_OUT, TAKEN_OUT, Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of


@dataclass(frozen=True, slots=True)
class LetterNow:
    """A letter that the bundle was made again without, or that left it: how it is by now."""

    state: SignatureState
    bundle: Bundle | None = None  # another one in which it is since; None: it waits, or stays
    number: str = ""  # its number there
    is_approved: bool = False  # by review


@dataclass(frozen=True, slots=True)
class ReleasedSheet:
    number: str  # as printed
    reason: str  # for which it left the others
    now: LetterNow | None  # None: its people are forgotten
    is_left_out: bool  # of envelopes, and so with the others; if not, it was removed by hand
    went: bool  # whether somebody said that it went with the others all the same


def list_released_sheets(session: Session, bundle: Bundle) -> list[ReleasedSheet]:
    """List them by number; those too that `release_letters` lets wait within minutes."""
    if bundle.state is not BundleState.READY:
        return []
    left = {
        each["number"]: (each["reason"], bool(each.get("left_out")))
        for each in bundle.released
        if each.get("page")
    }
    is_back = (
        Letter.set_aside.in_(TAKEN_OUT),
        Letter.first_page.is_not(None),
        Letter.signature.has(state=SignatureState.CONFIRMED, forgotten_at=None),
    )
    rows = session.execute(
        select(Letter.sequence, Letter.set_aside).where(Letter.bundle_id == bundle.id, *is_back)
    )
    for number, set_aside in rows:
        left[number_of(number or 0)] = (SignatureState.WITHDRAWN.value, set_aside == LEFT_OUT)
    now_at = find_now(session, bundle, left)
    carried = bundle.taken_out.carried
    return [
        ReleasedSheet(number, reason, now_at.get(number), is_left_out, number in carried)
        for number, (reason, is_left_out) in sorted(left.items())
    ]


def find_now(session: Session, bundle: Bundle, numbers: Collection[str]) -> dict[str, LetterNow]:
    """Find how letters that left its print are now; none of people who are forgotten."""
    if not numbers:
        return {}
    let_go = {
        each["letter"]: each["number"]
        for each in bundle.released
        if "letter" in each and each["number"] in numbers
    }
    still_its = and_(
        Letter.bundle_id == bundle.id,
        Letter.sequence.in_([int(number) for number in numbers]),
        Letter.set_aside.is_not(None),
    )
    rows = session.execute(
        select(Letter, Signature.state, Hold.decision)
        .join(Signature, Signature.id == Letter.signature_id)
        .outerjoin(Hold, Hold.signature_id == Signature.id)
        .where(or_(still_its, Letter.id.in_(let_go)), Signature.forgotten_at.is_(None))
    ).all()
    ids = {letter.bundle_id for letter, *_rest in rows} - {None, bundle.id}
    others = {
        other.id: other for other in session.scalars(select(Bundle).where(Bundle.id.in_(ids)))
    }
    return {
        let_go.get(letter.id, own): LetterNow(
            state, others.get(letter.bundle_id or 0), own, decision is Decision.APPROVED
        )
        for letter, state, decision in rows
        for own in [number_of(letter.sequence or 0)]
    }
