"""What became of letters that somebody wanted to decide about, when somebody else was quicker."""

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped
from campaign.models.screening import Decision, Hold, ScreeningAct
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import StaffUser
from campaign.screening.review_queue import HeldFilter, refuse_reader


class Move(enum.StrEnum):
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    EXCLUDED = "excluded"
    """As one of many false ones."""
    REOPENED = "reopened"
    """It had been returned, and that was undone."""
    CHANGED = "changed"
    """By its supporter; it is under review again."""
    PASSED = "passed"
    """Changed by its supporter, and now no rule holds it."""
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"
    ENDED = "ended"
    """Its campaign was stopped."""


_DECIDED = {
    Decision.APPROVED: Move.APPROVED,
    Decision.RETURNED: Move.RETURNED,
    Decision.REJECTED: Move.REJECTED,
    Decision.ASIDE: Move.EXCLUDED,
}


@dataclass(frozen=True, slots=True)
class MovedLetter:
    public_id: str
    move: Move
    signature: Signature | None = None
    hold: Hold | None = None
    act: ScreeningAct | None = None
    """The decision, where there was one."""
    decided_by: StaffUser | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody can still decide about it."""
        return self.move in {Move.RETURNED, Move.REOPENED, Move.CHANGED}


def list_moved(
    session: Session,
    public_ids: Sequence[str],
    chosen: HeldFilter,
    *,
    seen: Collection[str],
    by: StaffUser,
) -> list[MovedLetter]:
    """List those of them that do not wait any more as they were `seen`. Raises NotFound."""
    refuse_reader(session, chosen.campaign_id, by)
    query = select(Signature).where(Signature.public_id.in_(public_ids))
    if chosen.campaign_id is not None:
        query = query.where(Signature.campaign_id == chosen.campaign_id)
    fresh = {"populate_existing": True}
    rows = session.scalars(query.execution_options(**fresh)).all()
    signatures = {signature.public_id: signature for signature in rows}
    holds = select(Hold).where(Hold.signature_id.in_([signature.id for signature in rows]))
    by_signature = {
        hold.signature_id: hold for hold in session.scalars(holds.execution_options(**fresh))
    }
    moved = list[MovedLetter]()
    for public_id in public_ids:
        signature = signatures.get(public_id)
        hold = by_signature.get(signature.id) if signature else None
        move = _find_move(signature, hold, chosen, seen)
        if move is not None:
            act = session.get(ScreeningAct, hold.act_id) if hold and hold.act_id else None
            decided_by = session.get(StaffUser, act.staff_id) if act else None
            moved.append(MovedLetter(public_id, move, signature, hold, act, decided_by))
    return moved


def _find_move(
    signature: Signature | None, hold: Hold | None, chosen: HeldFilter, seen: Collection[str]
) -> Move | None:
    if signature is None or signature.state is SignatureState.ERASED:
        return Move.DELETED
    if signature.state is SignatureState.WITHDRAWN:
        return Move.WITHDRAWN
    if is_stopped(signature.campaign.status):
        return Move.ENDED
    if hold is None:
        return Move.PASSED
    as_seen = hold.version in seen
    if hold.decision is chosen.decision and as_seen:
        return None
    if hold.decision is Decision.OPEN:
        return Move.REOPENED if as_seen else Move.CHANGED
    return _DECIDED[hold.decision]
