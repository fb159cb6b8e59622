"""Telling other programs of members: each has a state, and nothing is lost or told twice.

One worker at a time tells a program. What one that died had sent is found there before it is sent
again. Only members whose consent stands at that moment are told of; who left is unsubscribed.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from campaign.core import db, jobs
from campaign.core.db.batches import batched, read_by_key
from campaign.core.db.leases import Lease
from campaign.core.outgoing_http import open_http
from campaign.core.sealing import WrongKey
from campaign.crm.connections import STANDS, is_approved_sql, select_new
from campaign.crm.programs import (
    CallFailed,
    Person,
    PersonRefused,
    Program,
    ProgramAway,
    program_of,
)
from campaign.exports.consent_list import find_names, name_outside
from campaign.mail.sender import RETRY_MINUTES
from campaign.models.crm import ConnectionState, CrmConnection, CrmPerson, CrmPersonState, CrmTask
from campaign.models.network import MemberState, NetworkMember

log = structlog.get_logger()
_CONNECTIONS = Lease(CrmConnection, held=ConnectionState.SENDING, waiting=(ConnectionState.READY,))
_BATCH = 500
_AT_ONCE = 100  # people who are told of in one lease
_SECONDS = 120.0
"""For which a run tells programs: those that take their time would hold up all other work."""
_MISSES = 3  # in a row, after which a program is left alone for a while
_OF_PROGRAM = {"too-many", "key-refused"}
_NO_FAILURE: dict[str, object] = {"failure": None, "failure_words": None}


@dataclass(slots=True)
class _Run:
    """What came of the people of one lease."""

    sent: int = 0
    misses: int = 0  # in a row
    problem: ProgramAway | None = None

    @property
    def is_over(self) -> bool:
        stops = self.problem is not None and self.problem.slug in _OF_PROGRAM
        return stops or self.misses >= _MISSES


@jobs.job("crm.push", every_minutes=10)
def push() -> None:
    due = select(CrmConnection.id).where(_CONNECTIONS.is_due(), is_approved_sql())
    due = due.order_by(CrmConnection.ran_at.nulls_first(), CrmConnection.id)
    until = time.monotonic() + _SECONDS
    with db.reading() as session:
        connection_ids = session.scalars(due).all()
    for connection_id in connection_ids:
        try:
            with db.transaction() as session:
                compare_people(session, connection_id, db.utcnow())
            list_new(connection_id, db.utcnow(), until)
            while push_some(connection_id, until):
                pass
        except Exception as problem:
            # One whose key does not open, say, must not hold up the others.
            log.error("not told", connection=connection_id, problem=type(problem).__name__)
            if isinstance(problem, WrongKey):
                _note_unreadable(connection_id)
        if time.monotonic() > until:
            return


def _note_unreadable(connection_id: int) -> None:
    since = func.coalesce(CrmConnection.failing_since, db.utcnow())
    values: dict[str, object] = {"failing_since": since, "failure": "unreadable"}
    values["ran_at"] = db.utcnow()
    with db.transaction() as session:
        db.update_row(session, CrmConnection, connection_id, **values)


def compare_people(session: Session, connection_id: int, now: datetime) -> None:
    """Note which of those listed are to be taken off there, and which to be added again."""
    mine = CrmPerson.connection_id == connection_id
    member = _select_active(CrmPerson.member)
    again = {"state": CrmPersonState.WAITING, "due_at": now, "attempts": 0} | _NO_FAILURE
    is_added, is_member = CrmPerson.task == CrmTask.ADD, member.exists()
    # Of whom nothing was ever sent, nothing is to be taken back.
    never_sent = (CrmPerson.remote_id.is_(None), CrmPerson.attempts == 0)
    db.delete_rows(session, CrmPerson, mine, is_added, ~is_member, *never_sent)
    db.update_rows(session, CrmPerson, mine, is_added, ~is_member, task=CrmTask.REMOVE, **again)
    is_removed = CrmPerson.task == CrmTask.REMOVE
    db.update_rows(session, CrmPerson, mine, is_removed, is_member, task=CrmTask.ADD, **again)


def list_new(connection_id: int, now: datetime, until: float) -> None:
    """Note who is to be added there, a batch in each transaction: others write meanwhile.

    `until`: of the monotonic clock; the next run goes on.
    """
    new = read_by_key(select_new(connection_id), NetworkMember.id, size=_BATCH)
    for some in batched(new, _BATCH):
        common = {"connection_id": connection_id, "due_at": now}
        rows = [common | {"member": member.public_id} for member in some]
        with db.transaction() as session:
            session.execute(db.insert_into(session, CrmPerson).on_conflict_do_nothing(), rows)
        if time.monotonic() > until:
            return


def push_some(connection_id: int, until: float) -> bool:
    """Tell the program of those that are due; False where there is no more to be done now.

    `until`: of the monotonic clock; who is left then waits for the next run.
    """
    with db.transaction() as session:
        row = _CONNECTIONS.claim(session, connection_id, ran_at=db.utcnow())
        if row is None:
            return False
        connection = session.get_one(CrmConnection, connection_id)
        session.expunge(connection)
        # Who is to be taken off comes first.
        people = session.scalars(
            select(CrmPerson.id)
            .where(
                CrmPerson.connection_id == connection_id,
                CrmPerson.state == CrmPersonState.WAITING,
                CrmPerson.due_at <= db.utcnow(),
            )
            .order_by(CrmPerson.task.desc(), CrmPerson.due_at, CrmPerson.id)
            .limit(_AT_ONCE)
        ).all()
    run = _Run()
    with _CONNECTIONS.keep_alive(row), open_http() as http:
        program = program_of(connection, http)
        for person_id in people:
            _tell(program, person_id, run)
            if run.is_over or time.monotonic() > until:
                break
    problem = run.problem if not run.sent or run.is_over else None
    with db.transaction() as session:
        values: dict[str, object] = {"state": ConnectionState.READY, "ran_at": db.utcnow()}
        if people:
            since = (connection.failing_since or db.utcnow()) if problem else None
            values |= {"failing_since": since, "failure": problem.slug if problem else None}
        if problem and problem.rest:
            rest = timedelta(seconds=problem.rest)
            _CONNECTIONS.give_back(session, row, rest, **values)
        else:
            _CONNECTIONS.finish(session, row, **values)
    return len(people) == _AT_ONCE and not run.is_over and time.monotonic() < until


def _tell(program: Program, person_id: int, run: _Run) -> None:
    try:
        with db.reading() as session:
            # Words that do not open keep nobody from being told of, or taken off.
            row = session.get(CrmPerson, person_id, options=[defer(CrmPerson.failure_words)])
            if row is None:
                return  # staff noted meanwhile that they deleted them there
            person = _find_person(session, row.member) if row.task is CrmTask.ADD else None
            session.expunge(row)
    except WrongKey:
        # One that is damaged must not hold up the others.
        refused = {"state": CrmPersonState.REFUSED, "failure": "unreadable"}
        with db.transaction() as session:
            db.update_row(session, CrmPerson, person_id, **refused)
        return
    values: dict[str, object]
    try:
        if row.task is CrmTask.REMOVE:
            program.remove(name_outside(row.member), row.remote_id or "")
            values = {"taken_off": True}
        elif person is None:
            _let_wait(person_id)
            return
        else:
            remote_id = program.add(person, resubscribe=row.taken_off)
            values = {"taken_off": False, "remote_id": remote_id, "seal_id": row.seal_id}
        values |= {"state": CrmPersonState.SENT} | _NO_FAILURE
        run.sent, run.misses = run.sent + 1, 0
    except PersonRefused as problem:
        values = {"state": CrmPersonState.REFUSED} | _describe(row, problem)
    except ProgramAway as problem:
        run.problem, run.misses = problem, run.misses + 1
        values = _try_later(row, problem, run) | _describe(row, problem)
    with db.transaction() as session:
        # What was chosen for the person meanwhile stays.
        same = (CrmPerson.task == row.task, CrmPerson.state == CrmPersonState.WAITING)
        attempts = row.attempts + 1
        # Of who left or was erased no words are kept; who does so meanwhile waits for this row.
        session.execute(select(CrmPerson.id).where(CrmPerson.id == person_id).with_for_update())
        if not db.has_row(session, _select_active(row.member)):
            values["failure_words"] = None
        db.update_row(session, CrmPerson, person_id, *same, attempts=attempts, **values)


def _let_wait(person_id: int) -> None:
    """Ask tomorrow again about one who left meanwhile, or whom emails do not reach any more."""
    with db.transaction() as session:
        db.update_row(session, CrmPerson, person_id, due_at=db.utcnow() + timedelta(days=1))


def _try_later(row: CrmPerson, problem: ProgramAway, run: _Run) -> dict[str, object]:
    if row.attempts >= len(RETRY_MINUTES) and run.sent:
        return {"state": CrmPersonState.REFUSED}  # others are taken
    minutes = RETRY_MINUTES[min(row.attempts, len(RETRY_MINUTES) - 1)]
    wait = max(timedelta(minutes=minutes), timedelta(seconds=problem.rest))
    return {"due_at": db.utcnow() + wait}


def _describe(row: CrmPerson, problem: CallFailed) -> dict[str, object]:
    return {"failure": problem.slug, "failure_words": problem.words or None, "seal_id": row.seal_id}


def _select_active(member: InstrumentedAttribute[str] | str) -> Select[int]:
    active = NetworkMember.state == MemberState.ACTIVE
    return select(NetworkMember.id).where(NetworkMember.public_id == member, active)


def _find_person(session: Session, public_id: str) -> Person | None:
    member = session.scalar(
        select(NetworkMember).where(NetworkMember.public_id == public_id, *STANDS)
    )
    if member is None or not member.email:
        return None
    names = find_names(session, [member.email_hmac]).get(member.email_hmac, {})
    return Person(name_outside(public_id), member.email, member.locale, **names)
