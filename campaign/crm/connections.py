"""Connections to other programs: made, looked at and ended by admins."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, case, func, select, true
from sqlalchemy.orm import Session, defer

from campaign.core import audit, db, jobs
from campaign.core.db.batches import AnyRow, read_each
from campaign.core.errors import Invalid, Refused
from campaign.core.outgoing_http import Limits, OutgoingFailed, open_http, refuse_address
from campaign.core.sealing import WrongKey
from campaign.core.settings import current_settings
from campaign.crm.programs import CallFailed, program_of
from campaign.mail.bad_addresses import is_bad
from campaign.mail.suppression_list import is_suppressed_sql
from campaign.models.crm import (
    ConnectionState,
    CrmConnection,
    CrmKind,
    CrmPerson,
    CrmPersonState,
    CrmTask,
)
from campaign.models.network import MemberState, NetworkMember
from campaign.models.staff import Role, StaffUser
from campaign.staff.deciders import refuse_approver, refuse_role
from campaign.staff.staff_users import actor_name
from campaign.web.outgoing_sentences import OUTGOING_SENTENCES

_ADMINS = frozenset({Role.ADMIN})
_SHOWN = 200
_IS_KNOWN = select(NetworkMember.id).where(NetworkMember.public_id == CrmPerson.member).exists()
STANDS = (
    NetworkMember.state == MemberState.ACTIVE,
    ~is_bad(NetworkMember.email_hmac),
    ~is_suppressed_sql(NetworkMember.email_hmac),
)
"""Whose consent stands and whom we may write to: whom other programs are told of."""
_LIMITS = Limits(connect_seconds=3, whole_seconds=5)
_SECONDS = 6
"""For all that a program is asked while somebody waits for the page."""
_FIELDS = {"key-refused": "key", "tag-missing": "list_name"}
_SAID = {*OUTGOING_SENTENCES, *_FIELDS, "too-many", "http-500"}
"""What pages have a sentence for; anything else is no answer of such a program."""


@dataclass(frozen=True, slots=True)
class PersonTold:
    row: CrmPerson
    texts: AnyRow | None
    """Their number there and what the program said; None where these do not open."""
    is_erased: bool


def list_connections(session: Session) -> Sequence[CrmConnection]:
    return session.scalars(_select_connections().order_by(CrmConnection.id)).all()


def get_connection(session: Session, public_id: str, *, lock: bool = False) -> CrmConnection:
    query = _select_connections().where(CrmConnection.public_id == public_id)
    if lock:
        query = query.with_for_update(key_share=True)
    return db.get_row(session, query, "crm-connection")


def _select_connections() -> Select[CrmConnection]:
    """Select them whether or not what is sealed of them opens: it is read where it is needed."""
    sealed = (defer(CrmConnection.address), defer(CrmConnection.key))
    return select(CrmConnection).options(*sealed)


def read_address(connection: CrmConnection) -> str:
    """Return its address; empty where what is sealed of it does not open."""
    try:
        return connection.address if connection.key else ""
    except WrongKey:
        return ""


def add_connection(
    session: Session, kind: CrmKind, address: str, key: str, list_name: str, *, by: StaffUser
) -> CrmConnection:
    """Raises Invalid."""
    refuse_role(by, _ADMINS, "crm-connection")
    refuse_new(session, kind, list_name)
    facts = {"kind": kind, "address": address.strip(), "key": key, "list_name": list_name}
    if (row := db.insert_new(session, CrmConnection, **facts, added_by_id=by.id)) is None:
        raise Invalid(fields={"kind": "kind-twice"})  # added meanwhile
    connection = session.get_one(CrmConnection, row.id)
    _note(session, connection, by, "crm.connect", kind=kind.value)
    jobs.enqueue(session, "crm.push")
    return connection


def refuse_new(session: Session, kind: CrmKind, list_name: str) -> None:
    """Raise Invalid for what is wrong whatever the program says."""
    if not current_settings().crm_provider:
        # The privacy notice would be silent about whom members are given to.
        raise Invalid(fields={"kind": "provider-missing"})
    if kind is CrmKind.CIVICRM and not (list_name.isascii() and list_name.isdigit()):
        raise Invalid(fields={"list_name": "group-number"})
    if db.has_row(session, select(CrmConnection.id).where(CrmConnection.kind == kind)):
        raise Invalid(fields={"kind": "kind-twice"})


def change_key(session: Session, connection: CrmConnection, *, key: str, by: StaffUser) -> None:
    """Use another key, which is approved anew: it may lead elsewhere."""
    refuse_role(by, _ADMINS, "crm-connection")
    connection.key = key
    connection.added_by_id, connection.approved_by_id = by.id, None
    connection.failing_since = connection.failure = None
    people = _send_now(session, connection)
    _note(session, connection, by, "crm.change-key", people=people)


def try_out(kind: CrmKind, address: str, key: str, list_name: str) -> None:
    """Raise Invalid where the program refuses the key, has no such tag or does not answer soon."""
    try:
        refuse_address(address, current_settings().outgoing_hosts)
    except OutgoingFailed as problem:
        raise Invalid(fields={"address": problem.slug}) from problem
    http, slugs = open_http(_LIMITS), list[str]()
    facts = {"kind": kind, "address": address, "key": key, "list_name": list_name}
    program = program_of(CrmConnection(**facts), http)

    def ask() -> None:
        with http:
            try:
                slugs.append("" if program.has_list() else "tag-missing")
            except CallFailed as problem:
                slugs.append(problem.slug)

    # A name is looked up, and a page asked for after the other: each in its time is not enough.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_SECONDS)
    # One that fell over something unforeseen has no answer either.
    if slug := next(iter(slugs), "too-slow" if asking.is_alive() else "no-api"):
        raise Invalid(fields={_FIELDS.get(slug, "address"): slug if slug in _SAID else "no-api"})


def waits_for_approval(connection: CrmConnection) -> bool:
    """Whether nobody but who made it has agreed that it gets members."""
    return connection.approved_by_id is None and current_settings().exports_need_second_person


def is_approved_sql() -> ColumnElement[bool]:
    if not current_settings().exports_need_second_person:
        return true()
    return CrmConnection.approved_by_id.is_not(None)


def mark_of_connection(connection: CrmConnection) -> str:
    """Mark where it leads, so that a second person approves what was there when they looked."""
    if not (address := read_address(connection)):
        return ""
    leads_to = f"{address}\n{connection.key}\n{connection.list_name}"
    return db.database().keyring.prove(leads_to, "crm-approval").hex()


def approve_connection(
    session: Session, connection: CrmConnection, *, by: StaffUser, seen: str
) -> None:
    """Let it have members. Raises Refused as `refuse_approver`, or `connection-changed`.

    `seen`: the mark of what its page showed.
    """
    refuse_role(by, _ADMINS, "crm-connection")
    refuse_approver(by, asker_id=connection.added_by_id)
    if seen != mark_of_connection(connection):
        raise Refused("connection-changed")
    if waits_for_approval(connection):
        connection.approved_by_id = by.id
        _note(session, connection, by, "crm.approve", kind=connection.kind.value)
        jobs.enqueue(session, "crm.push")


def remove_connection(session: Session, connection: CrmConnection, *, by: StaffUser) -> None:
    """Tell it nothing any more; what it has stays there."""
    refuse_role(by, _ADMINS, "crm-connection")
    _note(session, connection, by, "crm.disconnect", kind=connection.kind.value)
    session.delete(connection)


def try_again(session: Session, connection: CrmConnection, *, by: StaffUser) -> None:
    """Send what was refused, and what waits, now."""
    refuse_role(by, _ADMINS, "crm-connection")
    people = _send_now(session, connection)
    _note(session, connection, by, "crm.try-again", people=people)


def _send_now(session: Session, connection: CrmConnection) -> int:
    open_states = (CrmPersonState.REFUSED, CrmPersonState.WAITING)
    mine = (CrmPerson.connection_id == connection.id, CrmPerson.state.in_(open_states))
    # Of whom nothing was sent yet, nothing is to be taken back if they leave.
    attempts = case((CrmPerson.attempts > 0, 1), else_=0)
    again = {"state": CrmPersonState.WAITING, "due_at": db.utcnow(), "attempts": attempts}
    # While a worker tells it of people, no other does.
    rests = CrmConnection.state == ConnectionState.READY
    db.update_row(session, CrmConnection, connection.id, rests, lease_until=None)
    jobs.enqueue(session, "crm.push")
    return db.update_rows(session, CrmPerson, *mine, **again)


def forget_person(
    session: Session, connection: CrmConnection, row_id: int, *, by: StaffUser
) -> None:
    """Forget somebody whom staff have deleted there, too."""
    refuse_role(by, _ADMINS, "crm-connection")
    db.delete_rows(
        session, CrmPerson, CrmPerson.id == row_id, CrmPerson.connection_id == connection.id
    )
    _note(session, connection, by, "crm.forget-person")


def count_states(session: Session, connection: CrmConnection) -> Mapping[str, int]:
    """Count people by state, `waiting` also who is not listed yet.

    `later` are those waiting of whom a try has failed.
    """
    rows = session.execute(
        select(CrmPerson.state, CrmPerson.failure.is_not(None), func.count())
        .where(CrmPerson.connection_id == connection.id)
        .group_by(CrmPerson.state, CrmPerson.failure.is_not(None))
    )
    counts = dict.fromkeys(("waiting", "later", "sent", "refused"), 0)
    new = select_new(connection.id).with_only_columns(NetworkMember.id)
    counts["waiting"] = db.count_rows(session, new)
    for state, has_failed, count in rows:
        is_later = state is CrmPersonState.WAITING and has_failed
        counts["later" if is_later else state.value] += count
    return counts


def select_new(connection_id: int) -> Select[int, str]:
    """Select members who are to be added there and not listed yet."""
    listed = select(CrmPerson.id).where(
        CrmPerson.connection_id == connection_id, CrmPerson.member == NetworkMember.public_id
    )
    new = select(NetworkMember.id, NetworkMember.public_id)
    return new.where(*STANDS, ~listed.exists())


def count_erased(session: Session, connection: CrmConnection) -> int:
    """Count those whom staff have still to delete there."""
    erased = select(CrmPerson.id).where(
        CrmPerson.connection_id == connection.id, CrmPerson.task == CrmTask.REMOVE, ~_IS_KNOWN
    )
    return db.count_rows(session, erased)


def list_open(session: Session, connection: CrmConnection) -> list[PersonTold]:
    """List who was refused, waits or was erased: what staff may have to do something about."""
    is_open = CrmPerson.state != CrmPersonState.SENT
    sealed = (CrmPerson.remote_id, CrmPerson.failure_words)
    rows = session.execute(
        select(CrmPerson, _IS_KNOWN)
        .options(*map(defer, sealed))
        .where(
            CrmPerson.connection_id == connection.id,
            is_open | ((CrmPerson.task == CrmTask.REMOVE) & ~_IS_KNOWN),
        )
        .order_by(CrmPerson.state, CrmPerson.id)
        .limit(_SHOWN)
    ).all()
    ids = [row.id for row, _known in rows]
    texts = dict(read_each(session, select(CrmPerson.id, *sealed), CrmPerson.id, ids))
    return [PersonTold(row, texts.get(row.id), not known) for row, known in rows]


def _note(
    session: Session, connection: CrmConnection, by: StaffUser, action: str, **facts: object
) -> None:
    audit.record(session, actor_name(by), action, f"crm-connection:{connection.id}", **facts)
