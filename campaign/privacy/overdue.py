"""Of which campaigns somebody has to be erased by now, and whom: what is asked, nothing is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.bundles.freeze.signed_sheets import went_with_bundle
from campaign.campaigns import lifecycle
from campaign.campaigns.stop_rule import has_ended, is_stopped, may_go_out
from campaign.core import clock, db
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.deliveries.remaining_letters import is_gone
from campaign.models.bundle import DeliveryAttempt
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Letter, Origin, Signature, SignatureState

_LOOKED_AT = timedelta(days=30)
"""After so long an ended campaign is looked through again: sheets may have come late."""
_STATUS = (Campaign.status, Campaign.closed_at, Campaign.stopped_at)


@dataclass(frozen=True, slots=True)
class DueCampaign:
    campaign_id: int
    over: date  # What happened on this day or before has had its time
    ended: datetime | None  # When it ended; None: it goes on, or was used too lately
    seen: tuple[CampaignStatus, datetime | None, datetime | None]
    """Its status, and when it was closed and stopped, as this was found."""

    @property
    def hands_over(self) -> bool:
        return may_go_out(self.seen[0])

    @property
    def young_from(self) -> datetime:
        """What came at this moment or later has not had its time."""
        return datetime.combine(self.over + timedelta(days=1), time(), UTC)


def list_due(session: Session, *, months: int, now: datetime) -> list[DueCampaign]:
    """List the campaigns to look through, of which something was handed over or which ended."""
    over = clock.months_before(clock.day_of(now, "UTC"), months)
    delivered = (
        select(func.max(DeliveryAttempt.happened_on))
        .where(DeliveryAttempt.campaign_id == Campaign.id, DeliveryAttempt.outcome.in_(GONE_OUT))
        .scalar_subquery()
    )
    rows = session.execute(
        select(Campaign.id, *_STATUS, Campaign.forgotten_at, delivered.label("delivered_on"))
        .where(Campaign.status.in_(lifecycle.PUBLIC))
        .order_by(Campaign.id)
    )
    due = []
    for row in rows:
        seen = (row.status, row.closed_at, row.stopped_at)
        ended = ended_at(*seen)
        if all_is_over(ended, row.delivered_on, over):
            if row.forgotten_at is None or row.forgotten_at < max(now - _LOOKED_AT, ended or now):
                due.append(DueCampaign(row.id, over, ended, seen))
        elif row.delivered_on is not None:
            due.append(DueCampaign(row.id, over, None, seen))
    return due


def count_due(session: Session, due: Sequence[DueCampaign]) -> int:
    return sum(
        db.count_rows(session, select(Signature.id).where(*is_due(campaign))) for campaign in due
    )


def lock_if_unchanged(session: Session, due: DueCampaign) -> bool:
    """Keep its campaign from being closed, opened again or stopped; whether none of it happened."""
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait.
    row = session.execute(
        select(*_STATUS).where(Campaign.id == due.campaign_id).with_for_update(key_share=True)
    ).first()
    return row is not None and tuple(row) == due.seen


def is_due(due: DueCampaign) -> list[ColumnElement[bool]]:
    """Whose time is over; of an ended campaign also those that were emptied while it went on."""
    own = Signature.campaign_id == due.campaign_id
    if due.ended is not None:
        whose = [own, Signature.state != SignatureState.ERASED, Signature.unlinked_at.is_(None)]
        return [*whose, ~is_awaited()] if due.hands_over else whose
    letter = aliased(Letter)
    delivered = select(DeliveryAttempt.bundle_id).where(
        DeliveryAttempt.campaign_id == due.campaign_id, DeliveryAttempt.happened_on <= due.over
    )
    written = select(Letter.signature_id).where(Letter.bundle_id.in_(delivered))
    out = and_(
        letter.set_aside.is_(None), is_gone(letter, when=DeliveryAttempt.happened_on <= due.over)
    )
    here = _is_here(letter, out)
    state = Signature.state == SignatureState.CONFIRMED
    return [own, state, Signature.forgotten_at.is_(None), Signature.id.in_(written), ~here]


def is_awaited() -> ColumnElement[bool]:
    """Whether something that somebody signed still lies here, to be handed over.

    What was set aside waits as well: once its cause is mended, the next bundle prints it.
    """
    letter = aliased(Letter)
    out = and_(letter.set_aside.is_(None), is_gone(letter))
    on_sheet = and_(Signature.origin == Origin.PAPER, ~went_with_bundle(Signature.id))
    is_known = and_(Signature.state == SignatureState.CONFIRMED, Signature.forgotten_at.is_(None))
    return and_(is_known, or_(_is_here(letter, out), on_sheet))


def _is_here(letter: type[Letter], out: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(letter.signature_id == Signature.id, ~out).correlate(Signature)


def ended_at(
    status: CampaignStatus, closed_at: datetime | None, stopped_at: datetime | None
) -> datetime | None:
    if is_stopped(status):
        return max(filter(None, (closed_at, stopped_at)), default=None)
    return closed_at if has_ended(status) else None


def all_is_over(ended: datetime | None, delivered_on: date | None, over: date) -> bool:
    """Tell whether it ended by the day `over`, and its last delivery was by then."""
    if ended is None:
        return False
    return max(clock.day_of(ended, "UTC"), delivered_on or date.min) <= over
