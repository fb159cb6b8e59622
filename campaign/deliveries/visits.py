"""Finding visits and attempts, and how bundles fared, for the desk's pages."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, false, func, or_, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from campaign.bundles.bundle_status import has_letters_here, went_in_part
from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION, is_for
from campaign.campaigns import lifecycle
from campaign.campaigns.stop_rule import is_stopped, is_stopped_sql
from campaign.core import db, jobs
from campaign.core.announcements import announce
from campaign.deliveries.attempt_order import newest_first, oldest_first
from campaign.deliveries.recording_rules import GONE_OUT, SENT, went_after_stop
from campaign.deliveries.remaining_letters import select_in_no_envelope
from campaign.deliveries.stopped_bundles import is_held_back, is_unsettled
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import Envelope, EnvelopeRun, GateVisit, HeldBundle, Rerouting
from campaign.models.reply import Reply, ReplyState
from campaign.models.signature import Letter
from campaign.models.webhook import EventKind

PAGE = 100


def get_visit(session: Session, public_id: str) -> GateVisit:
    return db.get_row(
        session,
        select(GateVisit)
        .where(GateVisit.public_id == public_id)
        .options(selectinload(GateVisit.files), joinedload(GateVisit.mission)),
        "visit",
    )


def get_attempt(session: Session, public_id: str) -> DeliveryAttempt:
    query = select(DeliveryAttempt).where(DeliveryAttempt.public_id == public_id)
    return db.get_row(session, query, "delivery")


def list_attempts(session: Session, *, page: int = 1) -> tuple[Sequence[DeliveryAttempt], int]:
    """Return a page of attempts, the newest first; and how many there are."""
    total = session.scalar(select(func.count(DeliveryAttempt.id))) or 0
    attempts = session.scalars(
        select(DeliveryAttempt)
        .options(
            joinedload(DeliveryAttempt.campaign),
            joinedload(DeliveryAttempt.visit),
            *ATTEMPT_WITH_DESTINATION,
        )
        .order_by(*newest_first())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return attempts, total


def list_attempts_of(session: Session, bundle: Bundle) -> Sequence[DeliveryAttempt]:
    tried = select(DeliveryAttempt).where(DeliveryAttempt.bundle_id == bundle.id)
    return session.scalars(tried.order_by(*oldest_first())).all()


def list_companions(
    session: Session, bundle: Bundle, *, only_stopped: bool = False, limit: int = 8
) -> Sequence[Bundle]:
    """List bundles for the same destination that were not delivered there yet, no rehearsal.

    One that came back is carried again, unless its letters are in envelopes or went on elsewhere.
    Of a stopped campaign, those that may still be in somebody's bag: nobody said what became of it.
    """
    of_bundle = select(DeliveryAttempt.bundle_id).where(DeliveryAttempt.bundle_id.is_not(None))
    is_back = DeliveryAttempt.outcome.in_(CAME_BACK)
    tried = Bundle.id.in_(of_bundle.where(is_back))
    moved, split = select(Rerouting.from_bundle_id), select(EnvelopeRun.bundle_id)
    return session.scalars(
        select(Bundle)
        .join(Campaign, Campaign.id == Bundle.campaign_id)
        .where(
            is_for(bundle.destination),
            Bundle.id != bundle.id,
            Bundle.state == BundleState.READY,
            Bundle.id.not_in(of_bundle.where(~is_back)),
            Bundle.id.not_in(moved),
            Bundle.id.not_in(split),
            Campaign.status.not_in(lifecycle.HIDDEN),
            is_stopped_sql() if only_stopped else true(),
            or_(~is_stopped_sql(), is_unsettled()),
        )
        .options(contains_eager(Bundle.campaign))
        .order_by(tried, Bundle.id.desc())
        .limit(limit)
    ).all()


def list_ticked(session: Session, bundle: Bundle, ids: Collection[int]) -> Sequence[Bundle]:
    """List those of the ticked bundles that are for the same destination, whatever became of them.

    What was written down out of reach is sent later: by then they may be on no page any more.
    """
    same_place = (is_for(bundle.destination), Bundle.id != bundle.id)
    ticked = select(Bundle).where(Bundle.id.in_(ids), *same_place)
    by_id = ticked.options(joinedload(Bundle.campaign)).order_by(Bundle.id.desc())
    return session.scalars(by_id).all()


def has_later(session: Session, attempts: Collection[DeliveryAttempt]) -> bool:
    """Whether a record of the same bundle was made later that is about all letters then here.

    One of a part or of envelopes is about its own letters, whatever becomes of these records.
    """
    later = or_(
        false(),
        *(
            and_(DeliveryAttempt.bundle_id == attempt.bundle_id, DeliveryAttempt.id > attempt.id)
            for attempt in attempts
        ),
    )
    return db.has_row(session, select(DeliveryAttempt.id).where(later, ~went_in_part()))


def is_answered(session: Session, attempts: Collection[DeliveryAttempt]) -> bool:
    """Whether a published reply names one of these records."""
    ids = [attempt.id for attempt in attempts]
    published = (Reply.delivery_id.in_(ids), Reply.state == ReplyState.PUBLISHED)
    return db.has_row(session, select(Reply.id).where(*published))


def list_late(attempts: Sequence[DeliveryAttempt]) -> set[int]:
    """Return the ids of attempts with which letters went out after their campaign was stopped."""
    stopped = [attempt for attempt in attempts if is_stopped(attempt.campaign.status)]
    return {attempt.id for attempt in stopped if attempt.messages and went_after_stop(attempt)}


def list_late_of(session: Session, campaign: Campaign) -> list[DeliveryAttempt]:
    """List attempts by which letters of a campaign went out after its stop, newest first."""
    if not is_stopped(campaign.status):
        return []
    tried = select(DeliveryAttempt).where(DeliveryAttempt.campaign_id == campaign.id)
    tried = tried.options(*ATTEMPT_WITH_DESTINATION).order_by(*newest_first())
    attempts = session.scalars(tried).all()
    late = list_late(attempts)
    return [attempt for attempt in attempts if attempt.id in late]


def find_attempts(session: Session, ids: Sequence[int]) -> dict[int, DeliveryAttempt]:
    attempts = session.scalars(select(DeliveryAttempt).where(DeliveryAttempt.id.in_(ids)))
    return {attempt.id: attempt for attempt in attempts}


@dataclass(frozen=True, slots=True)
class BundleOutcome:
    """How a bundle fared: an outcome's slug, or `rerouted`; empty where nobody carried it."""

    slug: str
    posted: int = 0  # of its envelopes, where not all went yet
    envelopes: int = 0
    moved: str = ""  # what went on elsewhere: `part`, or the `rest` of what is not here
    earlier: tuple[str, ...] = ()  # other ways in which letters of it went before, each once
    outside: int = 0  # letters that are here, and in none of its envelopes
    held: str = ""  # what a stop did to the paper here: `held-back`, `destroyed` or `kept`

    @property
    def has_gone(self) -> bool:
        """Whether something of the bundle went out."""
        return bool(self.earlier) or self.slug in GONE_OUT


def find_outcomes(session: Session, bundles: Iterable[Bundle]) -> dict[int, BundleOutcome]:
    """Return how each of these bundles fared, by its id; those that nobody carried are left out."""
    rows = [
        bundle
        for bundle in bundles
        if bundle.state is BundleState.READY
        or (bundle.ready_at is not None and bundle.state is not BundleState.CANCELLED)
    ]
    ids = [row.id for row in rows]
    stopped = [row.id for row in rows if is_stopped(row.campaign.status)]
    held = _find_held_back(session, stopped)
    ends = _find_newest_outcomes(session, ids, held)
    for key, posted, total in _count_posted(session, ids):
        if posted and key in ends and ends[key].slug in SENT:
            others = tuple(slug for slug in ends[key].earlier if slug not in SENT)
            if posted < total or others != ends[key].earlier:
                ends[key] = BundleOutcome("posted", posted, total, earlier=others)
    for key, letters in _count_in_no_envelope(session, ids):
        ends[key] = replace(ends.get(key, BundleOutcome("")), outside=letters)
    for key, is_part in _find_moved(session, ids):
        end = ends.get(key, BundleOutcome(""))
        if is_part or end.has_gone:
            ends[key] = replace(end, moved="part" if is_part else "rest")
        else:
            ends[key] = BundleOutcome("rerouted")
    # After a stop nobody puts the others into envelopes.
    ends |= {
        key: replace(ends.get(key, BundleOutcome("")), outside=0, held=fate)
        for key, fate in held.items()
    }
    return ends


def _find_newest_outcomes(
    session: Session, ids: list[int], held: Container[int]
) -> dict[int, BundleOutcome]:
    """Find them; of bundles that a stop holds, what happened besides the stop."""
    # One of no letters was recorded before one that took them all earlier: it tells nothing.
    tried = session.execute(
        select(DeliveryAttempt.bundle_id, DeliveryAttempt.outcome)
        .where(DeliveryAttempt.bundle_id.in_(ids), DeliveryAttempt.messages > 0)
        .order_by(*oldest_first())
    )
    outcomes: dict[int, list[DeliveryOutcome]] = defaultdict(list)
    for bundle_id, outcome in tried:
        if outcome is not DeliveryOutcome.STOPPED or bundle_id not in held:
            outcomes[bundle_id or 0].append(outcome)
    return {
        bundle_id: BundleOutcome(
            newest.value,
            earlier=tuple(
                outcome.value
                for outcome in dict.fromkeys(before)
                if outcome in GONE_OUT and outcome is not newest
            ),
        )
        for bundle_id, (*before, newest) in outcomes.items()
    }


def _count_posted(session: Session, ids: list[int]) -> list[tuple[int, int, int]]:
    """Return bundles in envelopes: how many were posted, of how many."""
    rows = session.execute(
        select(EnvelopeRun.bundle_id, func.count(Envelope.attempt_id), func.count(Envelope.id))
        .join(Envelope, Envelope.run_id == EnvelopeRun.id)
        .where(EnvelopeRun.bundle_id.in_(ids))
        .group_by(EnvelopeRun.bundle_id)
    )
    return [(bundle_id, posted, total) for bundle_id, posted, total in rows]


def _count_in_no_envelope(session: Session, ids: list[int]) -> list[tuple[int, int]]:
    """Return bundles of which letters are here, and in none of their envelopes: how many."""
    some_left = select(EnvelopeRun.bundle_id).join(EnvelopeRun.bundle)
    some_left = some_left.where(EnvelopeRun.letter_count < Bundle.letter_count)
    ids = list(session.scalars(some_left.where(Bundle.id.in_(ids))))
    if not ids:
        return []
    columns = (Letter.bundle_id, func.count(Letter.id))
    letters = select_in_no_envelope(ids).with_only_columns(*columns, maintain_column_froms=True)
    rows = session.execute(letters.group_by(Letter.bundle_id))
    return [(bundle_id or 0, count) for bundle_id, count in rows]


def _find_moved(session: Session, ids: Sequence[int]) -> list[tuple[int, bool]]:
    """Return bundles of which letters went on elsewhere: whether others of them are here."""
    moved = select(Rerouting.from_bundle_id).where(Rerouting.from_bundle_id.in_(ids))
    rows = session.execute(select(Bundle.id, has_letters_here()).where(Bundle.id.in_(moved)))
    return [(bundle_id, is_part) for bundle_id, is_part in rows]


def _find_held_back(session: Session, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session.execute(
        select(Bundle.id, HeldBundle.fate)
        .outerjoin(HeldBundle, HeldBundle.bundle_id == Bundle.id)
        .where(Bundle.id.in_(ids), is_held_back())
    )
    return {key: fate.value if fate else "held-back" for key, fate in rows}


def announce_delivery(session: Session, attempt: DeliveryAttempt) -> None:
    jobs.enqueue(session, "following.delivery-recorded", attempt.id)
    announce(
        session,
        EventKind.DELIVERY_RECORDED,
        now=db.utcnow(),
        deed=attempt.public_id,
        delivery=attempt.public_id,
        action=attempt.campaign.slug,
        outcome=attempt.outcome.value,
        letters=attempt.messages,
        happened_on=attempt.happened_on.isoformat(),
    )
