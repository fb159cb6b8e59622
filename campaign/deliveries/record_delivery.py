"""Recording what happened at the gate: a visit, and an attempt for each bundle carried."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain
from typing import cast

from sqlalchemy import ColumnElement, exists, func, select, true, update
from sqlalchemy.orm import Session, selectinload

from campaign.bundles import bundle_status
from campaign.bundles.freeze import signed_sheets
from campaign.campaigns import lifecycle
from campaign.core import audit, clock, db, jobs
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.deliveries import attachments, carried_paper, paper_notes
from campaign.deliveries.attempt_order import newest_first, oldest_first
from campaign.deliveries.deleted_news import end_news, tell_mistake
from campaign.deliveries.moved_letters import find_moved, refuse_moved
from campaign.deliveries.recording_rules import (
    GONE_OUT,
    SENT,
    CountedAttempt,
    Numbers,
    find_stop,
    recount,
    refuse_impossible_day,
    refuse_impossible_time,
    refuse_no_stop,
    refuse_too_many,
    refuse_wrong_part,
)
from campaign.deliveries.remaining_letters import (
    count_left,
    find_unnamed_part,
    is_before_visit,
    is_gone,
    set_aside_left_out,
)
from campaign.deliveries.visits import announce_delivery
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import Envelope, GateVisit, Rerouting
from campaign.models.signature import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """What was written down of a visit, and can be corrected."""

    happened_on: date
    happened_time: time | None = None
    place: str = ""
    received_by: str = ""
    delegates: str = ""
    notes: str = ""
    tracking: str = ""  # of what was posted or sent by courier

    def as_data(self) -> dict[str, object]:
        """Return it by the names of the form's fields, which are those of a visit."""
        return {name: getattr(self, name) for name in RecordFacts.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts(RecordFacts):
    outcome: DeliveryOutcome
    files: tuple[attachments.RedrawnFile, ...] = ()


@dataclass(frozen=True, slots=True)
class CarriedBundle:
    """A bundle that was carried there; of a part, how many letters were taken."""

    bundle: Bundle
    taken: int | None = None
    paper: str = ""
    """Where letters were withdrawn since it was printed: which paper it was (`carried_paper`)."""
    removed: Sequence[Numbers] = ()
    """Of sheets removed by hand, those that were; none are named where all were."""
    sheets_back: bool | None = None
    """Of a part: whether the signature sheets came back; None where nobody said it."""


class CompanionRefused(Refused):
    """A bundle that came along cannot be recorded, and so nothing was."""

    def __init__(self, bundle: Bundle, why: Invalid | Refused) -> None:
        super().__init__("companion-refused", bundle=bundle.id, why=why.slug)
        self.bundle, self.why = bundle, why


class RecordedBefore(Invalid):
    """A colleague who was there as well has recorded the same, as this attempt."""

    def __init__(self, attempt: DeliveryAttempt) -> None:
        super().__init__(fields={"outcome": "delivery-recorded"})
        self.attempt = attempt


class GoneBefore(Refused):
    """Nothing of it is here: it went with this attempt, or in a way that no record tells."""

    def __init__(self, slug: str, attempt: DeliveryAttempt | None) -> None:
        super().__init__(slug)
        self.attempt = attempt


def record_visit(
    session: Session,
    *,
    carried: Sequence[CarriedBundle],
    happened: VisitFacts,
    key: str,
    actor: str,
) -> GateVisit:
    """Record a visit; with a `key` that was recorded before, give that visit and change nothing.

    All bundles are for the destination of the first, and either each of them gets an attempt or
    nothing is recorded. It is taken as of its day and time: what a colleague recorded of a later
    visit meanwhile does not stand against it. Signers of what is out of our hands are told by a
    job. Raises Refused: `key-taken`, `bundle-not-ready`, `not-open` (a rehearsal), `nothing-here`
    (every letter had gone out, or elsewhere), `moved-since` (MovedSince), `part-unnamed` (as long
    as nobody knows which letters went with a part, none goes after it); Invalid: a moment that
    cannot be, a part that is none, paper of which nobody said whether withdrawn letters were in
    it (`paper_` and the bundle's id), a part of which nobody said what happened to the signature
    sheets (`sheets_` and that), or recorded before by somebody else. CompanionRefused says one of
    these of a bundle that is not the first.
    """
    _lock_bundles(session, [item.bundle for item in carried])
    # After the wait: the same may have been sent twice at one moment.
    recorded_before = find_visit(session, key)
    if recorded_before is not None:
        if recorded_before.created_by_id != audit.staff_id(actor):
            raise Refused("key-taken")
        return recorded_before
    own, *others = carried
    attempts = [_judge_attempt(session, own, happened)]
    for other in others:
        try:
            attempts.append(_judge_attempt(session, other, happened))
        except (Invalid, Refused) as problem:
            raise CompanionRefused(other.bundle, problem) from problem
    before = list_counted(session, [item.bundle.id for item in carried])
    day, at, went = happened.happened_on, happened.happened_time, happened.outcome in GONE_OUT
    chosen = [
        (item.bundle, paper, attempt)
        for item, attempt in zip(carried, attempts, strict=True)
        if (paper := _find_paper(session, item, happened)) is not None
    ]
    paper_notes.note_papers(session, chosen, day, at, went=went, actor=actor)
    visit = make_visit(own.bundle, happened, key, actor)
    session.add(visit)
    visit.attempts.extend(attempts)
    session.flush()
    for bundle, paper, attempt in chosen if not went else ():
        paper_notes.note_came_back(bundle, paper, attempt)
    for drawn in happened.files:
        attachments.keep_file(session, visit, drawn)
    recount_attempts(session, before, actor)
    for attempt in attempts:
        announce_delivery(session, attempt)
        facts = {"by_hand": ",".join(attempt.by_hand)} if attempt.by_hand else {}
        _audit(session, attempt, actor, "delivery.record", **facts)
    return visit


def _lock_bundles(session: Session, bundles: Sequence[Bundle]) -> None:
    """Keep letters from a withdrawal, campaigns from a stop, volumes from being remade meanwhile.

    Then each bundle is seen as those before have left it.
    """
    for bundle in sorted(bundles, key=lambda candidate: (candidate.campaign_id, candidate.id)):
        bundle_status.lock_bundle(session, bundle)


def make_visit(bundle: Bundle, happened: VisitFacts, key: str, actor: str) -> GateVisit:
    facts = happened.as_data()
    if happened.outcome not in SENT:
        facts["tracking"] = ""
    by_id = audit.staff_id(actor)
    return GateVisit(key=key, mission_id=bundle.mission_id, created_by_id=by_id, **facts)


def make_attempt(bundle: Bundle, happened: VisitFacts, messages: int) -> DeliveryAttempt:
    return DeliveryAttempt(
        campaign_id=bundle.campaign_id,
        mission_id=bundle.mission_id,
        bundle_id=bundle.id,
        happened_on=happened.happened_on,
        place=happened.place,
        messages=messages,
        outcome=happened.outcome,
    )


def find_visit(session: Session, key: str) -> GateVisit | None:
    return session.scalar(select(GateVisit).where(GateVisit.key == key))


def lock_visit(session: Session, visit: GateVisit) -> None:
    """Wait for others who change a record, and see it as they left it. Raises NotFound."""
    _lock_bundles(
        session, [attempt.bundle for attempt in visit.attempts if attempt.bundle is not None]
    )
    still_there = (
        select(GateVisit)
        .where(GateVisit.id == visit.id)
        .options(selectinload(GateVisit.attempts), selectinload(GateVisit.files))
    )
    if not db.has_row(session, still_there.execution_options(populate_existing=True)):
        raise NotFound("visit")


def remove_visit(
    session: Session,
    visit: GateVisit,
    *,
    actor: str,
    only: DeliveryAttempt | None = None,
    tells: bool = False,
) -> bool:
    """Take a record back that was a mistake, or `only` one of its attempts. Mails stay sent.

    `tells`: who got one is told that it was a mistake. Return whether nothing of the record is
    left. Envelopes that went with it are to be posted again. Raises Refused (`visit-published`)
    while a post tells of it, NotFound where a colleague was quicker.
    """
    lock_visit(session, visit)
    removed = [attempt for attempt in visit.attempts if only is None or attempt is only]
    if not removed:
        raise NotFound("delivery")
    if any(attempt.update_id is not None for attempt in removed):
        raise Refused("visit-published")
    before = list_counted(session, {attempt.bundle_id for attempt in removed if attempt.bundle_id})
    # All notices first: whoever tells one writes into the audit after it.
    told = {attempt: end_news(session, attempt) for attempt in removed}
    for attempt, news in told.items():
        _audit(session, attempt, actor, "delivery.remove", bundle=attempt.bundle_id, **news)
        again_to_post = update(Envelope).where(Envelope.attempt_id == attempt.id)
        session.execute(again_to_post.values(attempt_id=None, tracking=""))
        if attempt.campaign.risk_flags:  # some may have been set while its letters were gone
            jobs.enqueue(session, "screening.check-flags", attempt.campaign_id)
        session.delete(attempt)
    is_gone = len(removed) == len(visit.attempts)
    if is_gone:
        attachments.delete_files(session, visit)
        session.flush()
        session.delete(visit)
    session.flush()
    for attempt in removed:
        if attempt.bundle:
            _undo_removed_sheets(session, attempt.bundle)
            paper_notes.undo_carried(session, attempt.bundle)
            paper_notes.note_nothing_gone(session, attempt.bundle)
            set_aside_left_out(session, attempt.bundle)
            if tells:
                tell_mistake(session, attempt.bundle, actor=actor)
    recount_attempts(session, before, actor)
    return is_gone


def _undo_removed_sheets(session: Session, bundle: Bundle) -> None:
    """Note that withdrawn sheets are here again that no record left says were removed by hand.

    What a record left says is gone was removed before that went.
    """
    attempts = select(DeliveryAttempt.by_hand).where(DeliveryAttempt.bundle_id == bundle.id)
    removed = set(chain.from_iterable(session.scalars(attempts)))
    is_unnamed = Letter.sequence.not_in([*map(int, filter(carried_paper.is_letter, removed))])
    paper_notes.undo_removed_sheets(session, bundle, is_unnamed, ~is_gone())


def _find_paper(
    session: Session, carried: CarriedBundle, happened: VisitFacts
) -> carried_paper.Paper | None:
    """Return the paper that was carried; None where there is but one. Raises Invalid."""
    if happened.outcome is DeliveryOutcome.STOPPED:
        return None
    day, at = happened.happened_on, happened.happened_time
    went = happened.outcome in GONE_OUT
    return carried_paper.find_paper(
        session, carried.bundle, day, at, carried.paper, carried.removed, went=went
    )


def _judge_attempt(
    session: Session, carried: CarriedBundle, happened: VisitFacts
) -> DeliveryAttempt:
    """Make the attempt for one bundle. Raises what `record_visit` does."""
    bundle, campaign = carried.bundle, carried.bundle.campaign
    if lifecycle.is_rehearsal(campaign.status):
        raise Refused("not-open", campaign=campaign.slug)
    if bundle.state is not BundleState.READY:
        raise Refused("bundle-not-ready")
    refuse_impossible(bundle, happened.happened_on, happened.happened_time)
    refuse_no_stop(happened.outcome, find_stop(campaign))
    if recorded := _find_recorded(session, bundle, happened):
        raise RecordedBefore(recorded)
    # What nobody knows drops no refusal.
    surely = happened.outcome in bundle_status.STILL_HERE
    by_then = is_before_visit(happened.happened_on, happened.happened_time, surely=surely)
    messages = _count_letters(session, carried, happened, by_then)
    if (
        happened.outcome in GONE_OUT
        and find_unnamed_part(session, bundle, when=by_then) is not None
    ):
        raise Refused("part-unnamed")
    here, field = messages, "outcome"
    if happened.outcome is DeliveryOutcome.PART:
        # Sheets alone have no numbers by which a part could be named.
        field = f"taken_{bundle.id}"
        here += _count_rerouted_since(session, bundle, happened, time.max)
        messages = refuse_wrong_part(carried.taken, here if bundle.letter_count else 0, field=field)
    if happened.outcome in GONE_OUT and (later := _count_later(session, bundle, by_then)):
        refuse_too_many(messages + later, here, field=field)
    attempt = make_attempt(bundle, happened, messages)
    if happened.outcome is DeliveryOutcome.PART:
        if carried.sheets_back is None and signed_sheets.list_with_sheets_here(
            session, [bundle], when=by_then
        ):
            raise Invalid(fields={f"sheets_{bundle.id}": "sheets-unsaid"})
        attempt.sheets_back = bool(carried.sheets_back)
    return attempt


def refuse_impossible(
    bundle: Bundle, day: date, at: time | None = None, *, field: str = "happened_on", zone: str = ""
) -> None:
    """Refuse a moment at which nothing can have happened to the bundle, by the clocks in `zone`."""
    zone = zone or bundle.zone
    frozen_on = clock.day_of(bundle.created_at, zone)
    refuse_impossible_day(day, frozen_on=frozen_on, today=clock.today(zone), field=field)
    if at is not None:
        refuse_impossible_time(day, at, zone, frozen_at=bundle.created_at)


def _count_later(session: Session, bundle: Bundle, by_then: ColumnElement[bool]) -> int:
    """Count letters that went in parts or envelopes that are recorded of a later moment."""
    later = select(func.sum(DeliveryAttempt.messages)).where(
        DeliveryAttempt.bundle_id == bundle.id, bundle_status.went_in_part(), ~by_then
    )
    return session.scalar(later) or 0


def _count_letters(
    session: Session, carried: CarriedBundle, happened: VisitFacts, by_then: ColumnElement[bool]
) -> int:
    """Count the letters of a bundle that were with a visit. Raises MovedSince, GoneBefore."""
    bundle, went = carried.bundle, happened.outcome in GONE_OUT
    letters = left = count_left(session, bundle, when=by_then)
    if went:
        _refuse_moved(session, carried, happened, left)
    else:
        letters += _count_rerouted_since(session, bundle, happened, time.min)
    if (paper := _find_paper(session, carried, happened)) is not None:
        letters += carried_paper.count_in(session, bundle, paper, when=by_then)
    # Withdrawn letters alone are not what went, where the others are elsewhere.
    is_empty = went and not left and db.is_true_of(session, bundle, bundle_status.moved_on())
    if is_empty or not letters:
        raise GoneBefore("nothing-here", find_last_gone(session, bundle))
    return letters


def _refuse_moved(
    session: Session, carried: CarriedBundle, happened: VisitFacts, left: int
) -> None:
    """Refuse that letters went out that a colleague moved since. Raises MovedSince.

    A part may have been of those that are still here. What has no time was the last of its day.
    """
    if happened.outcome is DeliveryOutcome.PART and (carried.taken or 0) <= left > 0:
        return
    since = _get_moment(carried.bundle, happened, time.max)
    refuse_moved(session, carried.bundle, since, some_left=left > 0)


def _get_moment(bundle: Bundle, happened: VisitFacts, untimed: time) -> datetime:
    """Return when it happened; without a time, at `untimed` of its day."""
    at = happened.happened_time or untimed
    return clock.moment_of(happened.happened_on, at, bundle.zone)


def _count_rerouted_since(
    session: Session, bundle: Bundle, happened: VisitFacts, untimed: time
) -> int:
    """Count letters that a colleague sent through another mission after it, or `untimed`."""
    begun = _get_moment(bundle, happened, untimed)
    rows = session.scalars(select(Rerouting).where(Rerouting.from_bundle_id == bundle.id))
    since = [row for row in rows if row.created_at >= begun]
    if not bundle.letter_count:
        return sum(signed_sheets.count_carried(session, row.to_bundle_id) for row in since)
    return sum(row.letters for row in since)


def list_counted(session: Session, bundle_ids: Collection[int]) -> dict[int, list[CountedAttempt]]:
    """List attempts of these bundles in order, for a recount once they changed."""
    counted: dict[int, list[CountedAttempt]] = {bundle_id: [] for bundle_id in bundle_ids}
    rows = session.execute(
        select(DeliveryAttempt, DeliveryAttempt.happened_time, bundle_status.went_in_part())
        .where(DeliveryAttempt.bundle_id.in_(counted))
        .order_by(*oldest_first())
    )
    for attempt, at, exact in rows:
        went_out = attempt.outcome in GONE_OUT
        facts = CountedAttempt(
            attempt.id, attempt.happened_on, at, went_out, exact, attempt.messages
        )
        counted[cast("int", attempt.bundle_id)].append(facts)
    return counted


def recount_attempts(
    session: Session, before: Mapping[int, Sequence[CountedAttempt]], actor: str
) -> None:
    """Count anew: letters that went with an attempt were not there at later ones.

    Raises Invalid (`happened_on`) where more letters went out than were there.
    """
    for bundle_id, after in list_counted(session, before).items():
        for ident, messages in recount(before[bundle_id], after).items():
            attempt = session.get_one(DeliveryAttempt, ident)
            if attempt.messages == messages:
                continue
            audit.record(
                session,
                actor,
                "delivery.recount",
                f"delivery:{ident}",
                before=attempt.messages,
                after=messages,
            )
            attempt.messages = messages


def find_last_gone(session: Session, bundle: Bundle) -> DeliveryAttempt | None:
    """Find the record with which the last of a bundle went, unless some went on elsewhere."""
    gone = select(DeliveryAttempt).where(
        DeliveryAttempt.bundle_id == bundle.id,
        DeliveryAttempt.visit_id.is_not(None),
        DeliveryAttempt.outcome.in_(GONE_OUT - {DeliveryOutcome.PART}),
        ~exists().where(Rerouting.from_bundle_id == bundle.id),
    )
    return session.scalar(gone.order_by(*newest_first()).limit(1))


def _find_recorded(
    session: Session, bundle: Bundle, happened: VisitFacts
) -> DeliveryAttempt | None:
    """Find the attempt in which a colleague who was there as well has recorded the same.

    All letters of a bundle go once: of the same day and place, another time of day is the same,
    unless some were moved since. Envelopes are some of it: what is left goes beside them.
    """
    at_that_time = GateVisit.happened_time.is_not_distinct_from(happened.happened_time)
    went_once = (
        happened.outcome in GONE_OUT - {DeliveryOutcome.PART}
        and not count_left(session, bundle)
        and not find_moved(session, bundle, _get_moment(bundle, happened, time.max))
    )
    same = (
        select(DeliveryAttempt)
        .join(GateVisit, GateVisit.id == DeliveryAttempt.visit_id)
        .where(
            DeliveryAttempt.bundle_id == bundle.id,
            DeliveryAttempt.happened_on == happened.happened_on,
            DeliveryAttempt.outcome == happened.outcome,
            DeliveryAttempt.place == happened.place,
            true() if went_once else at_that_time,
            ~bundle_status.went_in_envelopes(),
        )
    )
    return session.scalar(same.limit(1))


def _audit(
    session: Session, attempt: DeliveryAttempt, actor: str, action: str, **more: object
) -> None:
    audit.record(
        session,
        actor,
        action,
        f"delivery:{attempt.id}",
        outcome=attempt.outcome.value,
        messages=attempt.messages,
        **({"sheets_back": True} if attempt.sheets_back else {}),
        **more,
    )
