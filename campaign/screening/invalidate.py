"""Invalidation: a dry run that only counts, then the work, which can be cancelled and undone.

What a signature was is kept in its own row (`state_before`), so that an undo restores exactly
that, and so that its writer's pages go on as if nothing had been done. The work itself, in
batches, is `invalidation_job.py`; here somebody decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.core import audit, db, jobs
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign
from campaign.models.screening import Invalidation, InvalidationState
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import StaffUser
from campaign.screening.review_queue import SCREENERS
from campaign.signing.checks.conditions import Conditions
from campaign.staff.deciders import refuse_role
from campaign.staff.staff_users import actor_name

REASON_LIMIT = 1000
_COUNTED = 5000  # So many are counted for a page at most
AT_WORK = (InvalidationState.COUNTING, InvalidationState.RUNNING, InvalidationState.UNDOING)
_BEGUN = (InvalidationState.RUNNING, InvalidationState.CANCELLED, InvalidationState.DONE)


@dataclass(frozen=True, slots=True)
class Effect:
    campaign: Campaign
    found: int
    before: int
    after: int


def begin_count(
    session: Session,
    *,
    conditions: Conditions,
    campaign: Campaign | None,
    by: StaffUser,
    now: datetime,
) -> Invalidation:
    refuse_role(by, SCREENERS, "invalidation")
    if conditions.are_empty:
        raise Invalid(fields={"": "no-condition"})
    invalidation = Invalidation(
        campaign_id=campaign.id if campaign else None,
        conditions=conditions.to_json(),
        reason="",
        created_by_id=by.id,
        created_at=now,
        worked_at=now,
        last_id=_newest_id(session),
    )
    session.add(invalidation)
    _record(session, invalidation, by, "invalidation.count")
    jobs.enqueue(session, "screening.work", invalidation.id)
    return invalidation


def get_invalidation(session: Session, public_id: str, *, by: StaffUser) -> Invalidation:
    """Raises NotFound (`invalidation`), also where `by` sees none."""
    refuse_role(by, SCREENERS, "invalidation")
    query = select(Invalidation).where(Invalidation.public_id == public_id)
    return db.get_row(session, query, "invalidation")


def list_invalidations(session: Session) -> Sequence[Invalidation]:
    query = select(Invalidation).order_by(Invalidation.id.desc()).limit(100)
    return session.scalars(query).all()


def run(
    session: Session,
    invalidation: Invalidation,
    *,
    reason: str,
    standing: bool,
    by: StaffUser,
    now: datetime,
) -> None:
    """Set aside what fits, and with `standing` newcomers. Raises Invalid or Refused."""
    reason = reason.strip()
    problems = {}
    if not reason or len(reason) > REASON_LIMIT:
        problems["reason"] = "reason-too-long" if reason else "reason-missing"
    if standing and not _conditions_of(invalidation).tell_who:
        problems["standing"] = "standing-everybody"
    if problems:
        raise Invalid(fields=problems)
    _move(session, invalidation, (InvalidationState.COUNTED,), InvalidationState.RUNNING, now)
    invalidation.reason = reason
    invalidation.standing = standing
    invalidation.last_id = _newest_id(session)
    _record(
        session, invalidation, by, "invalidation.run", found=invalidation.found, standing=standing
    )
    jobs.enqueue(session, "screening.work", invalidation.id)


def cancel(session: Session, invalidation: Invalidation, *, by: StaffUser, now: datetime) -> None:
    before = invalidation.state
    at_work = (InvalidationState.COUNTING, InvalidationState.RUNNING)
    _move(session, invalidation, at_work, InvalidationState.CANCELLED, now)
    invalidation.standing = False
    invalidation.ended_at = now
    _record(session, invalidation, by, "invalidation.cancel", state=before.value)
    jobs.enqueue(session, "campaigns.count")


def undo(session: Session, invalidation: Invalidation, *, by: StaffUser, now: datetime) -> None:
    """Restore what it set aside, also what came since. Raises Refused."""
    if not invalidation.reason:
        raise Refused("not-done")
    _move(session, invalidation, _BEGUN, InvalidationState.UNDOING, now)
    invalidation.standing = False
    invalidation.ended_at = None
    _record(session, invalidation, by, "invalidation.undo", done=invalidation.done)
    jobs.enqueue(session, "screening.work", invalidation.id)


def end_standing(session: Session, invalidation: Invalidation, *, by: StaffUser) -> None:
    """Take those that come from now on as they come."""
    if not invalidation.standing:
        return
    invalidation.standing = False
    _record(session, invalidation, by, "invalidation.standing-ended")


def applies_to_future(invalidation: Invalidation) -> bool:
    """Tell whether it sets aside who comes from now on; without conditions on who, it does not."""
    return invalidation.standing and _conditions_of(invalidation).tell_who


def list_effects(session: Session, invalidation: Invalidation) -> list[Effect]:
    counts = {int(campaign_id): states for campaign_id, states in invalidation.counts.items()}
    campaigns = session.scalars(select(Campaign).where(Campaign.id.in_(counts))).all()
    confirmed = SignatureState.CONFIRMED.value
    now = public_counts.counts_of(session, campaigns)
    effects = [
        Effect(
            campaign,
            sum(counts[campaign.id].values()),
            now[campaign.id],
            max(0, now[campaign.id] - counts[campaign.id].get(confirmed, 0)),
        )
        for campaign in campaigns
    ]
    return sorted(effects, key=lambda campaign: (-campaign.found, campaign.campaign.reference))


def list_sample(
    session: Session, invalidation: Invalidation, *, by: StaffUser
) -> Sequence[Signature]:
    """Return a few of those that were found. Raises NotFound where `by` sees none."""
    refuse_role(by, SCREENERS, "invalidation")
    return session.scalars(
        select(Signature)
        .where(
            Signature.public_id.in_(invalidation.sample), Signature.state != SignatureState.ERASED
        )
        .order_by(Signature.id)
    ).all()


def count_aside(session: Session, invalidation: Invalidation) -> int:
    """Count those it keeps aside now; where there are very many, by what the work has counted."""
    mine = select(Signature.id).where(Signature.invalidation_id == invalidation.id)
    count = db.count_rows(session, mine.limit(_COUNTED))
    return count if count < _COUNTED else max(count, invalidation.done - invalidation.restored)


def _move(
    session: Session,
    invalidation: Invalidation,
    before: tuple[InvalidationState, ...],
    after: InvalidationState,
    now: datetime,
) -> None:
    session.refresh(invalidation, with_for_update=True)
    if invalidation.state not in before:
        raise Refused("invalidation-moved", state=invalidation.state.value)
    invalidation.state = after
    invalidation.position = 0
    invalidation.worked_at = now


def _conditions_of(invalidation: Invalidation) -> Conditions:
    return Conditions.from_json(invalidation.conditions)


def _newest_id(session: Session) -> int:
    return session.scalar(select(func.max(Signature.id))) or 0


def _record(
    session: Session, invalidation: Invalidation, by: StaffUser, action: str, **detail: object
) -> None:
    session.flush()
    audit.record(
        session, actor_name(by), action, invalidation, campaign=invalidation.campaign_id, **detail
    )
