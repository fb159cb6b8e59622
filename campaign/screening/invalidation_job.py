"""The work of invalidations: batch by batch, by key; cancelled between two batches.

A slice is read without a lock, then written in short transactions with pauses between: on SQLite
people who sign wait for some milliseconds, on PostgreSQL for nobody. The row of the invalidation is
the ledger: a batch moves its position and does its work at once, or neither; two workers share the
batches, and a job that died is taken up again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic, sleep
from typing import cast

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.core.clock import LONGEST_DAY
from campaign.core.db.batches import AnyRow
from campaign.core.text.person_names import full_name
from campaign.models.campaign import Campaign
from campaign.models.screening import Decision, Hold, Invalidation, InvalidationState
from campaign.models.signature import ExactTimes, Origin, Signature, SignatureState
from campaign.screening.invalidate import AT_WORK
from campaign.signing.checks.conditions import Conditions, wanted_bands
from campaign.signing.checks.review_decision import lock_silent_holds
from campaign.signing.checks.similar import are_alike, list_noted_bands
from campaign.signing.states import list_sources

_OPENED = (
    Signature.given_name,
    Signature.family_name,
    Signature.email,
    Signature.trace,
    Signature.own_words,
    Signature.full_text,
    Signature.exact_times,
)
READ_AT_ONCE = 10_000  # Ids that are looked through at once; reading holds up nobody
RESTORE_AT_ONCE = 5_000  # Rows that an undo looks up at once
WRITE_AT_ONCE = 1_000  # Rows that one transaction changes at most
_FIRST_WRITE = 100
_LEAST_WRITE = 25
_HOLD_SECONDS = 0.05
"""For so long a transaction may hold SQLite's lock: it takes more rows or fewer by that."""
_LONGEST_PAUSE_SECONDS = 0.25
_SAMPLE = 12
_LOST_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class FoundSignature:
    id: int
    public_id: str
    campaign_id: int
    state: SignatureState
    counts: bool


def states_of(conditions: Conditions) -> tuple[SignatureState, ...]:
    if conditions.unconfirmed:
        return (SignatureState.PENDING,)
    return list_sources(SignatureState.INVALID)


def find(
    session: Session, conditions: Conditions, *, campaign_id: int | None, after: int, upto: int
) -> list[FoundSignature]:
    """List those that fit among the signatures whose ids are beyond `after`, up to `upto`."""
    opened = conditions.reads or bool(conditions.domains or conditions.since or conditions.until)
    columns = (
        Signature.id,
        Signature.public_id,
        Signature.campaign_id,
        Signature.state,
        Signature.state_before,
        Signature.signed_at,
        Signature.confirmed_at,
        Signature.origin,
        Campaign.timezone,
    )
    rows = session.execute(
        select(*columns, *(_OPENED if opened else ()))
        .join(Signature.campaign)
        .where(Signature.id > after, Signature.id <= upto, *_filters(conditions, campaign_id))
        .order_by(Signature.id)
    ).all()
    if opened:
        alike = _alike(session, conditions, [row.id for row in rows])
        rows = [
            row
            for row in rows
            if _fits_time(row, conditions) and _fits(cast("Signature", row), conditions, alike)
        ]
    return [
        FoundSignature(
            row.id,
            row.public_id,
            row.campaign_id,
            row.state,
            counts=SignatureState.CONFIRMED in {row.state, row.state_before},
        )
        for row in rows
    ]


def _filters(conditions: Conditions, campaign_id: int | None) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [db.unindexed(Signature.state).in_(states_of(conditions))]
    if campaign_id is not None:
        filters.append(db.unindexed(Signature.campaign_id) == campaign_id)
    if conditions.since is not None:
        # Of those that are confirmed the column tells the day, and `_fits_time` asks the moment.
        first = conditions.since - LONGEST_DAY
        filters.append(db.unindexed(Signature.signed_at) >= first)
    if conditions.until is not None:
        filters.append(db.unindexed(Signature.signed_at) < conditions.until)
    for name, marks in conditions.marks(db.database().keyring).items():
        column = getattr(Signature, name)
        if name == "domain_mark":
            # Signed before marks were kept: the address itself tells.
            filters.append(or_(column.in_(marks), column.is_(None)))
        else:
            filters.append(column.in_(marks))
    return filters


def _alike(session: Session, conditions: Conditions, ids: Sequence[int]) -> dict[int, bool]:
    if not conditions.similar_to or not ids:
        return {}
    bands = wanted_bands(conditions.similar_to, db.database().keyring)
    noted = list_noted_bands(session, ids[0], ids[-1])
    return {signature_id: are_alike(bands, theirs) for signature_id, theirs in noted.items()}


def _fits_time(row: AnyRow, conditions: Conditions) -> bool:
    times = ExactTimes.of(row.signed_at, row.confirmed_at, row.exact_times)
    if row.origin is Origin.ONLINE:
        return conditions.fit_time(times.signed_at)
    # On a sheet stands the day alone: all of it has to fit.
    day = clock.day_of(times.signed_at, row.timezone)
    ends = (clock.moment_of(day, at, row.timezone) for at in (time.min, time.max))
    return all(map(conditions.fit_time, ends))


def _fits(signature: Signature, conditions: Conditions, alike: dict[int, bool]) -> bool:
    if not conditions.fit_origin(signature.email, signature.trace):
        return False
    if not conditions.fit_name(full_name(signature.given_name, signature.family_name)):
        return False
    if not conditions.similar_to:
        return True
    if signature.id in alike:
        return alike[signature.id]
    text = signature.full_text or signature.own_words
    return bool(text) and conditions.fit_words(text, db.database().keyring)


@dataclass
class Pace:
    size: int = _FIRST_WRITE

    @contextmanager
    def turn(self) -> Iterator[Session]:
        """One transaction; on SQLite then as long a pause, in which whoever signs gets the lock."""
        with db.transaction() as session:
            session.connection()  # takes the lock: how long others held it says nothing of us
            began = monotonic()
            yield session
        if db.database().engine.dialect.name != "sqlite":
            self.size = WRITE_AT_ONCE // 2  # only the rows themselves are locked
            return
        took = monotonic() - began
        if took > _HOLD_SECONDS:
            self.size = max(_LEAST_WRITE, self.size // 2)
        elif took < _HOLD_SECONDS / 2:
            self.size = min(WRITE_AT_ONCE, self.size * 2)
        sleep(min(took, _LONGEST_PAUSE_SECONDS))


@jobs.job("screening.work")
def work(invalidation_id: int) -> None:
    pace = Pace()
    while work_once(invalidation_id, pace):
        pass


@jobs.job("screening.resume", every_minutes=1)
def resume() -> None:
    with db.transaction() as session:
        lost = session.scalars(
            select(Invalidation.id).where(
                Invalidation.state.in_(AT_WORK), Invalidation.worked_at < db.utcnow() - _LOST_AFTER
            )
        ).all()
        for invalidation_id in (*lost, *_late(session)):
            jobs.enqueue(session, "screening.work", invalidation_id)


def _late(session: Session) -> Sequence[int]:
    """Reopen undone ones that still keep somebody aside, who confirmed in that very moment."""
    left = select(Signature.id).where(
        Signature.invalidation_id == Invalidation.id, Signature.state == SignatureState.INVALID
    )
    undone = (Invalidation.state == InvalidationState.UNDONE, left.exists())
    return db.update_returning(
        session,
        Invalidation,
        *undone,
        state=InvalidationState.UNDOING,
        position=0,
        worked_at=db.utcnow(),
    )


def work_once(invalidation_id: int, pace: Pace) -> bool:
    with db.reading() as session:
        invalidation = session.get(Invalidation, invalidation_id)
        if invalidation is None or invalidation.state not in AT_WORK:
            return False
        undoing = invalidation.state is InvalidationState.UNDOING
        aside = _aside(session, invalidation) if undoing else ()
        upto = min(invalidation.position + READ_AT_ONCE, invalidation.last_id)
        matches = [] if undoing else _find_next(session, invalidation, upto)
    if undoing:
        is_last, upto = len(aside) < RESTORE_AT_ONCE, max(aside, default=invalidation.position)
        return _work_through(invalidation, aside, upto, pace, _restore, is_last=is_last)
    is_last = upto >= invalidation.last_id
    if invalidation.state is InvalidationState.COUNTING:
        return _count(invalidation, matches, upto, pace, is_last=is_last)
    ids = [match.id for match in matches]
    return _work_through(invalidation, ids, upto, pace, _set_aside, is_last=is_last)


def _find_next(session: Session, invalidation: Invalidation, upto: int) -> list[FoundSignature]:
    conditions, place = Conditions.from_json(invalidation.conditions), invalidation.campaign_id
    return find(session, conditions, campaign_id=place, after=invalidation.position, upto=upto)


def _aside(session: Session, invalidation: Invalidation) -> Sequence[int]:
    return session.scalars(
        select(Signature.id)
        .where(Signature.invalidation_id == invalidation.id, Signature.id > invalidation.position)
        .order_by(Signature.id)
        .limit(RESTORE_AT_ONCE)
    ).all()


def _count(
    seen: Invalidation, matches: list[FoundSignature], upto: int, pace: Pace, *, is_last: bool
) -> bool:
    counts = {campaign_id: dict(states) for campaign_id, states in seen.counts.items()}
    for match in matches:
        states = counts.setdefault(str(match.campaign_id), {})
        state = SignatureState.CONFIRMED if match.counts else match.state
        states[state.value] = states.get(state.value, 0) + 1
    with pace.turn() as session:
        claimed = _claim(session, seen, upto)
        if claimed is None:
            return True
        claimed.counts = counts
        claimed.sample = [*seen.sample, *(match.public_id for match in matches)][:_SAMPLE]
        claimed.found = seen.found + len(matches)
        if is_last:
            claimed.state = InvalidationState.COUNTED
    return not is_last


def _work_through(
    seen: Invalidation,
    ids: Sequence[int],
    upto: int,
    pace: Pace,
    write: Callable[[Session, Invalidation, Sequence[int]], None],
    *,
    is_last: bool,
) -> bool:
    """Write to as many at once as the pace allows; False once there is nothing left to do."""
    rest = list(ids)
    while True:
        batch, rest = rest[: pace.size], rest[pace.size :]
        with pace.turn() as session:
            claimed = _claim(session, seen, batch[-1] if rest else upto)
            if claimed is None:
                return True
            write(session, claimed, batch)
            if is_last and not rest:
                is_undone = claimed.state is InvalidationState.UNDOING
                claimed.state = InvalidationState.UNDONE if is_undone else InvalidationState.DONE
                claimed.ended_at = db.utcnow()
                jobs.enqueue(session, "campaigns.count")
                if is_undone:
                    # Of what was printed without them meanwhile, letters wait for the next bundle.
                    jobs.enqueue(session, "bundles.restore")
        if not rest:
            return not is_last
        seen = claimed


def _set_aside(session: Session, invalidation: Invalidation, ids: Sequence[int]) -> None:
    states = states_of(Conditions.from_json(invalidation.conditions))
    silent_ids = Signature.id.in_(lock_silent_holds(session, ids))
    silent = and_(Signature.state == SignatureState.HELD, silent_ids)
    newly_aside = db.update_returning(
        session,
        Signature,
        Signature.id.in_(ids),
        # Confirmed, withdrawn or renewed since it was read: judged as it stands now.
        db.unindexed(Signature.state).in_(states),
        state_before=case((silent, SignatureState.CONFIRMED.value), else_=Signature.state),
        state=SignatureState.INVALID,
        invalidation_id=invalidation.id,
    )
    invalidation.done += len(newly_aside)
    waiting = (Decision.OPEN, Decision.RETURNED)
    held = (Hold.signature_id.in_(newly_aside), Hold.decision.in_(waiting))
    db.update_rows(session, Hold, *held, decision=Decision.ASIDE)


def _restore(session: Session, invalidation: Invalidation, ids: Sequence[int]) -> None:
    """Put them back; of letters under review only what was sent back keeps what was asked."""
    silent = Signature.id.in_(lock_silent_holds(session, ids))
    before = func.coalesce(Signature.state_before, SignatureState.CONFIRMED.value)
    restored = db.update_returning(
        session,
        Signature,
        Signature.id.in_(ids),
        db.unindexed(Signature.invalidation_id) == invalidation.id,
        db.unindexed(Signature.state) == SignatureState.INVALID,
        state=case((silent, SignatureState.HELD.value), else_=before),
        state_before=case((silent, SignatureState.CONFIRMED.value), else_=None),
        invalidation_id=None,
    )
    invalidation.restored += len(restored)
    hidden = (Hold.signature_id.in_(restored), Hold.decision == Decision.ASIDE)
    asked = (Hold.note.is_not(None), Decision.RETURNED.value)
    db.update_rows(session, Hold, *hidden, decision=case(asked, else_=Decision.OPEN.value))


def _claim(session: Session, seen: Invalidation, upto: int) -> Invalidation | None:
    """Take the batch; None where another worker took it, or somebody cancelled."""
    as_seen = (Invalidation.state == seen.state, Invalidation.position == seen.position)
    taken = db.update_row(
        session, Invalidation, seen.id, *as_seen, position=upto, worked_at=db.utcnow()
    )
    return session.get_one(Invalidation, seen.id, populate_existing=True) if taken else None


def progress_of(invalidation: Invalidation) -> tuple[int, int]:
    if invalidation.state is InvalidationState.UNDOING:
        return invalidation.restored, invalidation.done
    return invalidation.position, invalidation.last_id


def is_idle(invalidation: Invalidation, now: datetime) -> bool:
    return invalidation.worked_at < now - timedelta(seconds=20)
