"""Envelopes go to the post: what was posted when, and under which number."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.core import audit, clock, jobs
from campaign.core.batches import batched
from campaign.core.errors import Invalid, Refused
from campaign.deliveries.letters_covered import here_in_envelope, unnamed_part
from campaign.deliveries.record_delivery import refuse_impossible
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import Envelope, EnvelopeRun, GateVisit
from campaign.models.signature import Letter

_BATCH = 10_000
"""Envelopes that one statement names: PostgreSQL takes 65,535 values."""


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


def post_envelopes(
    unit: Session,
    run: EnvelopeRun,
    posting: Posting,
    *,
    key: str,
    actor: str,
    staff_id: int | None = None,
) -> DeliveryAttempt:
    """Note that envelopes were posted: of those named, all that still lay here.

    Raises Refused: `not-ready` (it is being made again), `part-unnamed`, `envelopes-empty` (none
    lay here, or with no letter in it that still did); Invalid on a day that cannot be
    (`posted_on`), or with a tracking number for more than one (`tracking`).
    """
    bundle = run.bundle
    _refuse_unready(unit, bundle, posting)
    lying = _lying(unit, run, posting)
    count, letters = len(lying), sum(lying.values())
    if not letters:
        raise Refused("envelopes-empty")
    if posting.tracking and count > 1:
        raise Invalid(fields={"tracking": "tracking-of-several"})
    attempt = _posted(unit, bundle, posting, key, staff_id)
    attempt.messages = letters
    for ids in batched(lying, _BATCH):
        unit.execute(
            update(Envelope)
            .where(Envelope.id.in_(ids))
            .values(attempt_id=attempt.id, tracking=posting.tracking)
            .execution_options(synchronize_session=False)
        )
    unit.flush()
    jobs.enqueue(unit, "following.delivery-recorded", attempt.id)
    audit.record(
        unit, actor=actor, action="delivery.record", subject=f"delivery:{attempt.id}",
        outcome=attempt.outcome.value, messages=attempt.messages, envelopes=count,
    )  # fmt: skip
    return attempt


def _refuse_unready(unit: Session, bundle: Bundle, posting: Posting) -> None:
    # Of two who note the same, one waits; and so does who takes the envelopes apart.
    bundle_status.hold(unit, bundle)
    if bundle.state is not BundleState.READY:
        raise Refused("not-ready")
    refuse_impossible(bundle, posting.posted_on, field="posted_on", zone=posting_zone(bundle))
    returned_on = last_return(unit, bundle)
    if returned_on is not None and posting.posted_on < returned_on and not posting.sure:
        raise Invalid(fields={"posted_on": "posted-before-visit"})
    if unnamed_part(unit, bundle) is not None:
        raise Refused("part-unnamed")


def posting_zone(bundle: Bundle) -> str:
    """Return the zone whose clocks date a posting: where letters are posted, or came back from.

    Of a mission in the east they can come back on a day that has not begun at the post office.
    """
    return max(bundle.campaign.timezone, bundle.zone, key=clock.today)


def last_return(session: Session, bundle: Bundle) -> date | None:
    """Return the newest day on which letters of the bundle came back from the mission."""
    came_back = bundle_status.STILL_HERE | {DeliveryOutcome.PART}
    return session.scalar(
        select(func.max(DeliveryAttempt.happened_on)).where(
            DeliveryAttempt.bundle_id == bundle.id, DeliveryAttempt.outcome.in_(came_back)
        )
    )


def is_in_envelopes(session: Session, attempt: DeliveryAttempt) -> bool:
    """Tell whether an attempt is a posting of envelopes."""
    of_it = select(Envelope.id).where(Envelope.attempt_id == attempt.id)
    return session.scalar(of_it.limit(1)) is not None


def _lying(unit: Session, run: EnvelopeRun, posting: Posting) -> dict[int, int]:
    """The envelopes that are named and hold letters that lie here: id to how many.

    There may be 35,000, so none is loaded.
    """
    letters = (
        here_in_envelope(run.bundle)
        .with_only_columns(func.count(Letter.id), maintain_column_froms=True)
        .scalar_subquery()
    )
    rows = unit.execute(
        select(Envelope.id, letters)
        .where(
            Envelope.run_id == run.id,
            Envelope.attempt_id.is_(None),
            Envelope.sequence.between(posting.first, posting.last),
        )
        .order_by(Envelope.sequence)
    )
    return {envelope_id: count for envelope_id, count in rows if count}


def _posted(
    unit: Session, bundle: Bundle, posting: Posting, key: str, staff_id: int | None
) -> DeliveryAttempt:
    visit = GateVisit(
        key=key,
        mission_id=bundle.mission_id,
        happened_on=posting.posted_on,
        delegates="",
        received_by="",
        notes="",
        tracking=posting.tracking,
        created_by_id=staff_id,
    )
    attempt = DeliveryAttempt(
        campaign_id=bundle.campaign_id,
        mission_id=bundle.mission_id,
        bundle_id=bundle.id,
        happened_on=posting.posted_on,
        messages=0,
        outcome=posting.outcome,
    )
    unit.add(visit)
    visit.attempts.append(attempt)
    unit.flush()
    return attempt
