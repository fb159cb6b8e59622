"""The work of invalidations: batch by batch, by key; cancelled between two batches.

A slice is read without a lock, then written in short transactions with pauses between: on SQLite
people who sign wait for some milliseconds, on PostgreSQL for nobody. The row of the invalidation is
the ledger: a batch moves its position and does its work at once, or neither; two workers share the
batches, and a job that died is taken up again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import cast

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.clock import LONGEST_DAY
from campaign.core.text.person_names import full_name
from campaign.models.screening import Decision, Hold, Invalidation, InvalidationState
from campaign.models.signature import ExactTimes, Signature, SignatureState, WordsPrint
from campaign.screening.invalidate import AT_WORK
from campaign.signing.checks.conditions import Conditions, wanted_bands
from campaign.signing.checks.review_decision import lock_silent_holds
from campaign.signing.checks.similar import are_alike
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
    )
    rows = session.execute(
        select(*columns, *(_OPENED if opened else ()))
        .where(Signature.id > after, Signature.id <= upto, *_filters(conditions, campaign_id))
        .order_by(Signature.id)
    ).all()
    if opened:
        alike = _alike(session, conditions, [row.id for row in rows])
        rows = [row for row in rows if _fits(cast("Signature", row), conditions, alike)]
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
        # Of those that are confirmed the column tells the day, and `_fits` asks the moment.
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
    prints: dict[int, list[int]] = {}
    for signature_id, value in session.execute(
        select(WordsPrint.signature_id, WordsPrint.value)
        .where(WordsPrint.signature_id.between(ids[0], ids[-1]))
        .order_by(WordsPrint.signature_id, WordsPrint.band)
    ):
        prints.setdefault(signature_id, []).append(value)
    return {one: are_alike(bands, values) for one, values in prints.items()}


def _fits(signature: Signature, conditions: Conditions, alike: dict[int, bool]) -> bool:
    times = ExactTimes.of(signature.signed_at, signature.confirmed_at, signature.exact_times)
    if not conditions.fit_time(times.signed_at):
        return False
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
    return session.scalars(
        update(Invalidation)
        .where(Invalidation.state == InvalidationState.UNDONE, left.exists())
        .values(state=InvalidationState.UNDOING, position=0, worked_at=db.utcnow())
        .returning(Invalidation.id)
        .execution_options(synchronize_session=False)
    ).all()


def work_once(invalidation_id: int, pace: Pace) -> bool:
    with db.reading() as session:
        invalidation = session.get(Invalidation, invalidation_id)
        if invalidation is None or invalidation.state not in AT_WORK:
            return False
        undoing = invalidation.state is InvalidationState.UNDOING
        aside = _aside(session, invalidation) if undoing else ()
        upto = min(invalidation.position + READ_AT_ONCE, invalidation.last_id)
        matches = [] if undoing else _found(session, invalidation, upto)
    if undoing:
        return _restore(invalidation, aside, pace)
    if invalidation.state is InvalidationState.COUNTING:
        return _count(invalidation, matches, upto, pace)
    return _set_aside(invalidation, matches, upto, pace)


def _found(session: Session, invalidation: Invalidation, upto: int) -> list[FoundSignature]:
    conditions, place = Conditions.from_json(invalidation.conditions), invalidation.campaign_id
    return find(session, conditions, campaign_id=place, after=invalidation.position, upto=upto)


def _aside(session: Session, invalidation: Invalidation) -> Sequence[int]:
    return session.scalars(
        select(Signature.id)
        .where(Signature.invalidation_id == invalidation.id, Signature.id > invalidation.position)
        .order_by(Signature.id)
        .limit(RESTORE_AT_ONCE)
    ).all()


def _count(seen: Invalidation, matches: list[FoundSignature], upto: int, pace: Pace) -> bool:
    counts = {one: dict(states) for one, states in seen.counts.items()}
    for match in matches:
        states = counts.setdefault(str(match.campaign_id), {})
        state = SignatureState.CONFIRMED if match.counts else match.state
        states[state.value] = states.get(state.value, 0) + 1
    ends = upto >= seen.last_id
    with pace.turn() as session:
        claimed = _claim(session, seen, upto)
        if claimed is None:
            return True
        claimed.counts = counts
        claimed.sample = [*seen.sample, *(one.public_id for one in matches)][:_SAMPLE]
        claimed.found = seen.found + len(matches)
        if ends:
            claimed.state = InvalidationState.COUNTED
    return not ends


def _set_aside(seen: Invalidation, matches: list[FoundSignature], upto: int, pace: Pace) -> bool:
    states = states_of(Conditions.from_json(seen.conditions))
    rest = [one.id for one in matches]
    while True:
        ids, rest = rest[: pace.size], rest[pace.size :]
        ends = not rest and upto >= seen.last_id
        with pace.turn() as session:
            claimed = _claim(session, seen, ids[-1] if rest else upto)
            if claimed is None:
                return True
            silent = and_(
                Signature.state == SignatureState.HELD,
                Signature.id.in_(lock_silent_holds(session, ids)),
            )
            done = session.scalars(
                update(Signature)
                # Confirmed, withdrawn or renewed since it was read: judged as it stands now.
                .where(Signature.id.in_(ids), db.unindexed(Signature.state).in_(states))
                .values(
                    state_before=case(
                        (silent, SignatureState.CONFIRMED.value), else_=Signature.state
                    ),
                    state=SignatureState.INVALID,
                    invalidation_id=seen.id,
                )
                .returning(Signature.id)
                .execution_options(synchronize_session=False)
            ).all()
            claimed.done += len(done)
            _hide_holds(session, done)
            if ends:
                _end(session, claimed, InvalidationState.DONE)
        if not rest:
            return not ends
        seen = claimed


def _restore(seen: Invalidation, ids_aside: Sequence[int], pace: Pace) -> bool:
    rest = list(ids_aside)
    while True:
        ids, rest = rest[: pace.size], rest[pace.size :]
        ends = not rest and len(ids_aside) < RESTORE_AT_ONCE
        with pace.turn() as session:
            claimed = _claim(session, seen, ids[-1] if ids else seen.position)
            if claimed is None:
                return True
            silent = Signature.id.in_(lock_silent_holds(session, ids))
            restored = session.scalars(
                update(Signature)
                .where(
                    Signature.id.in_(ids),
                    db.unindexed(Signature.invalidation_id) == seen.id,
                    db.unindexed(Signature.state) == SignatureState.INVALID,
                )
                .values(
                    state=case(
                        (silent, SignatureState.HELD.value),
                        else_=func.coalesce(Signature.state_before, SignatureState.CONFIRMED.value),
                    ),
                    state_before=case((silent, SignatureState.CONFIRMED.value), else_=None),
                    invalidation_id=None,
                )
                .returning(Signature.id)
                .execution_options(synchronize_session=False)
            ).all()
            claimed.restored += len(restored)
            _show_holds(session, restored)
            if ends:
                _end(session, claimed, InvalidationState.UNDONE)
                # Of what was printed without them meanwhile, letters wait for the next bundle.
                jobs.enqueue(session, "bundles.restore")
        if not rest:
            return not ends
        seen = claimed


def _hide_holds(session: Session, ids: Sequence[int]) -> None:
    waiting = (Decision.OPEN, Decision.RETURNED)
    session.execute(
        update(Hold)
        .where(Hold.signature_id.in_(ids), Hold.decision.in_(waiting))
        .values(decision=Decision.ASIDE)
        .execution_options(synchronize_session=False)
    )


def _show_holds(session: Session, ids: Sequence[int]) -> None:
    """Put them back; only what was sent back keeps what was asked."""
    session.execute(
        update(Hold)
        .where(Hold.signature_id.in_(ids), Hold.decision == Decision.ASIDE)
        .values(
            decision=case(
                (Hold.note.is_not(None), Decision.RETURNED.value), else_=Decision.OPEN.value
            )
        )
        .execution_options(synchronize_session=False)
    )


def _claim(session: Session, seen: Invalidation, upto: int) -> Invalidation | None:
    """Take the batch; None where another worker took it, or somebody cancelled."""
    as_seen = (Invalidation.state == seen.state, Invalidation.position == seen.position)
    taken = db.update_row(
        session, Invalidation, seen.id, *as_seen, position=upto, worked_at=db.utcnow()
    )
    return session.get_one(Invalidation, seen.id, populate_existing=True) if taken else None


def _end(session: Session, claimed: Invalidation, state: InvalidationState) -> None:
    claimed.state = state
    claimed.ended_at = db.utcnow()
    jobs.enqueue(session, "campaigns.count")


def progress_of(invalidation: Invalidation) -> tuple[int, int]:
    if invalidation.state is InvalidationState.UNDOING:
        return invalidation.restored, invalidation.done
    return invalidation.position, invalidation.last_id


def is_idle(invalidation: Invalidation, now: datetime) -> bool:
    return invalidation.worked_at < now - timedelta(seconds=20)
