"""Letters of a bundle that are in another one since, and so cannot be recorded as delivered."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from campaign.bundles.bundle_status import handed_over, moved_on
from campaign.bundles.changes.cancel_bundle import find_bundle_before
from campaign.bundles.destinations import WITH_DESTINATION
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle
from campaign.models.delivery import LetterMove, Rerouting
from campaign.models.signature import Letter


class MovedSince(Refused):
    """A colleague moved letters after the moment at which they are said to have gone out."""

    def __init__(
        self, bundles: Sequence[Bundle], *, delivered: bool, some_left: bool, go_back: bool
    ) -> None:
        super().__init__("moved-since")
        self.bundles = bundles
        """Where they are now; none where they wait for a bundle."""
        self.delivered = delivered
        """Whether one of these is recorded as delivered."""
        self.some_left = some_left
        """Whether others are in the first bundle."""
        self.go_back = go_back
        """Whether they come back into the first bundle once these are cancelled."""


def find_moved(
    session: Session, bundle: Bundle, since: datetime, *letters: ColumnElement[bool]
) -> set[int | None]:
    """Find the ids of bundles in which letters are now that left this one at or after `since`.

    Of a bundle without letters, those that got its sheets; None: letters wait for a bundle.
    Conditions on `LetterMove` narrow which letters.
    """
    moved = (LetterMove.bundle_id == bundle.id, LetterMove.moved_at >= since, *letters)
    now_in = select(Letter.bundle_id).join(LetterMove, LetterMove.letter_id == Letter.id)
    ids: set[int | None] = set(session.scalars(now_in.where(*moved).distinct()))
    if not bundle.letter_count:
        rerouted = (Rerouting.from_bundle_id == bundle.id, Rerouting.created_at >= since)
        ids |= set(session.scalars(select(Rerouting.to_bundle_id).where(*rerouted)))
    return ids


def refuse_moved(
    session: Session,
    bundle: Bundle,
    since: datetime,
    *letters: ColumnElement[bool],
    some_left: bool,
) -> None:
    """Raise MovedSince where `find_moved` finds any."""
    if not (ids := find_moved(session, bundle, since, *letters)):
        return
    of_ids = Bundle.id.in_(ids - {None})
    bundles = session.scalars(
        select(Bundle).where(of_ids).options(*WITH_DESTINATION).order_by(Bundle.id)
    ).all()
    is_settled = select(Bundle.id).where(of_ids, or_(handed_over(), moved_on()))
    raise MovedSince(
        bundles,
        delivered=db.has_row(session, is_settled),
        some_left=some_left,
        go_back=all(find_bundle_before(session, other) is bundle for other in bundles),
    )
