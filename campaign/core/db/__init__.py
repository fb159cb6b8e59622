"""The database: base class, column types, sessions, and the one place that commits.

SQLite (WAL) and PostgreSQL behave alike here: foreign keys hold, times are UTC, a unit of work
that writes takes its lock at the start, so that it waits for others instead of failing halfway.
"""

import enum
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, TypeVar, cast

import sqlalchemy as sa
import structlog
from flask import Flask, Response, current_app, g, has_request_context, request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedColumn,
    Session,
    declared_attr,
    mapped_column,
    sessionmaker,
)

from campaign.core import slow_work
from campaign.core.clock import utcnow as utcnow
from campaign.core.db.commit_actions import after_commit as after_commit
from campaign.core.db.commit_actions import forget_actions
from campaign.core.db.commit_actions import on_rollback as on_rollback
from campaign.core.db.commit_actions import run_after_commit as run_after_commit
from campaign.core.db.missing_key import note_missing_key
from campaign.core.db.open_transactions import fail_if_begun, leave_transaction, watch_transactions
from campaign.core.db.personal_columns import LookUp as LookUp
from campaign.core.db.personal_columns import RowBinding, bind_objects, sealed_columns
from campaign.core.db.personal_columns import Sealed as Sealed
from campaign.core.db.personal_columns import SealedList as SealedList
from campaign.core.db.personal_columns import SealedWords as SealedWords
from campaign.core.db.personal_columns import SealId as SealId
from campaign.core.db.personal_columns import keyring_of as keyring_of
from campaign.core.db.sqlite_engine import make_engine as sqlite_engine
from campaign.core.db.utc_date_time import UtcDateTime as UtcDateTime
from campaign.core.errors import DomainError, NotFound
from campaign.core.sealing import Keyring, KeyState, MissingKey
from campaign.core.settings import Settings, current_settings

log = structlog.get_logger()

_READING = {"GET", "HEAD", "OPTIONS"}
_FAILED_BEFORE = "25P02"  # PostgreSQL's code where an earlier statement of the transaction failed
_KEYS_HOLD = 5.0
"""Seconds for which nobody asks again how far the keys have turned; each commit does besides."""
_writing: ContextVar[bool | None] = ContextVar("writing", default=None)
"""What the block says that is being run; None: in none of them."""
PrimaryKey = Annotated[int, mapped_column(primary_key=True)]
Slug = Annotated[str, mapped_column(sa.String(80))]
Locale = Annotated[str, mapped_column(sa.String(12))]
Country = Annotated[str, mapped_column(sa.String(2))]
Created = Annotated[datetime, mapped_column(default=utcnow)]
Json = dict[str, Any]  # what a column holds as JSON; what is in it, the column's docstring says
Words = dict[str, str]
T = TypeVar("T")


def new_public_id() -> str:
    return secrets.token_urlsafe(16)


PublicId = Annotated[str, mapped_column(sa.String(22), unique=True, default=new_public_id)]


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


class Base(DeclarativeBase):
    """Base of every model; names of constraints are the same on every database."""

    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        enum.Enum: sa.Enum(
            enum.Enum, native_enum=False, create_constraint=True, values_callable=_values, length=24
        ),
        Json: sa.JSON,
        Words: sa.JSON,
        list[str]: sa.JSON,
        list[Json]: sa.JSON,
    }

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        """Call the table as the class: `OutboxMail` is `outbox_mail`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


bind_objects(Base)


class NumberedRow(Base):
    """A row with an id that no later row is given: the audit names what is deleted by it."""

    __abstract__ = True

    id: Mapped[PrimaryKey]

    def __init_subclass__(cls, **options: Any) -> None:
        """Have SQLite count as PostgreSQL does, instead of taking the id after the highest."""
        super().__init_subclass__(**options)
        if "__table__" in vars(cls):
            cast("sa.Table", cls.__table__).dialect_options["sqlite"]["autoincrement"] = True


class PublicRow(NumberedRow):
    """A row that addresses name."""

    __abstract__ = True

    public_id: Mapped[PublicId]


class SealedRow:
    """Beside a row's base: it has sealed columns."""

    seal_id: Mapped[SealId]


def parent_key(target: str, **options: Any) -> MappedColumn[Any]:
    """Return the column of a row that is deleted with the row it refers to."""
    return mapped_column(sa.ForeignKey(target, ondelete="CASCADE"), **options)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(
        name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


class KeyRecord(Base):
    """How far the instance has turned its keys; without a row: as at its first start."""

    __tablename__ = "key_state"

    id: Mapped[PrimaryKey]
    sealing: Mapped[int]
    bound: Mapped[int]
    look_ups: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(10))


_KEY_STATE = str(sa.select(KeyRecord.sealing, KeyRecord.bound, KeyRecord.look_ups, KeyRecord.name))


class KeysTurned(DomainError):
    """Keys have turned since this unit of work began: what it looked for goes by another name."""

    status = 503


@dataclass
class Database:
    """One instance's database: the engine, its sessions and its keys."""

    engine: sa.Engine
    sessions: sessionmaker[Session]
    keyring: Keyring
    keys_read_at: float = float("-inf")
    lacks_key: bool = False
    """Whether a data key was missing when this process last asked."""

    @classmethod
    def of(cls, settings: Settings) -> "Database":
        keyring = Keyring(*settings.data_secrets)
        engine = make_engine(settings.sqlalchemy_url)
        engine.dialect.campaign_keyring = keyring  # type: ignore[attr-defined]
        sessions = sessionmaker(engine, expire_on_commit=False)
        sa.event.listen(sessions, "after_soft_rollback", forget_actions)
        watch_transactions(engine, sessions)
        return cls(engine, sessions, keyring)

    def close(self) -> None:
        self.engine.dispose()

    def read_keys(self) -> None:
        """Learn how far the keys have turned, if that was not asked lately. Raises MissingKey."""
        if time.monotonic() - self.keys_read_at < _KEYS_HOLD and not self.lacks_key:
            return
        with suppress(OperationalError, ProgrammingError), self.engine.connect() as connection:
            # In a database of an earlier revision keys have no versions.
            row = connection.execute(sa.text(_KEY_STATE)).first()
            self.enter_keys(KeyState(*row) if row else KeyState())
            self.keys_read_at = time.monotonic()

    def enter_keys(self, state: KeyState) -> None:
        """Go by what the database says. Raises MissingKey."""
        self.keyring.enter(state)
        self.lacks_key = False


def read_key_state(connection: sa.Connection) -> KeyState:
    """Return how far the keys have turned, as this transaction sees it."""
    cursor = connection.connection.cursor()  # without SQLAlchemy, for what every signature does
    try:
        cursor.execute(_KEY_STATE)
        row = cursor.fetchone()
    finally:
        cursor.close()
    return KeyState(*row) if row else KeyState()


def refuse_turned_keys(session: Session) -> None:
    """Raise KeysTurned, before a commit, where what was written may be of keys that have turned."""
    if not session.in_transaction():
        return
    before = _note_keys()
    try:
        state = read_key_state(connection_of(session))
    except Exception as problem:
        if getattr(problem, "sqlstate", "") == _FAILED_BEFORE:
            return  # its commit keeps nothing
        raise
    if state.look_ups != before.look_ups or before.sealing < state.bound:
        g.pop("key_state")
        with _key_needed():
            database().enter_keys(state)
        raise KeysTurned("keys-turned")
    if state != before:
        with _key_needed():
            database().enter_keys(state)


def _note_keys() -> KeyState:
    """Return how far the keys had turned when this request or job first asked."""
    if "key_state" not in g:
        with _key_needed():
            database().read_keys()
        g.key_state = database().keyring.state
    return cast(KeyState, g.key_state)


@contextmanager
def _key_needed() -> Iterator[None]:
    """Note for others that this process lacks a data key. Raises MissingKey."""
    try:
        yield
    except MissingKey as problem:
        if not database().lacks_key:
            log.error("data key missing: restart this process", **problem.data)
        database().lacks_key = True
        note_missing_key(current_settings().folder)
        raise


def make_engine(url: str) -> sa.Engine:
    """Make an engine with the behaviour that this module promises."""
    if url.startswith("sqlite"):
        engine = sqlite_engine(url, writing=_is_writing)
    else:
        # What was to be kept has no place in the message of a failure: it may be logged.
        engine = sa.create_engine(
            url, pool_pre_ping=True, pool_size=10, max_overflow=10, hide_parameters=True
        )
    dialect = engine.dialect
    contexts = (RowBinding, dialect.execution_ctx_cls)
    dialect.execution_ctx_cls = type("SealingContext", contexts, {})
    return engine


def database() -> Database:
    return cast(Database, current_app.extensions["database"])


def session() -> Session:
    if "session" not in g:
        _note_keys()
        g.session = database().sessions()
        if _is_writing():
            g.leave_session = partial(leave_transaction, g.session)
            slow_work.note_transaction(g.leave_session)
    return cast(Session, g.session)


def _is_writing() -> bool:
    """Whether what begins now is going to write: a block says so, else the request of a session."""
    writing = _writing.get()
    if writing is None:
        return has_request_context() and "session" in g and request.method not in _READING
    return writing


@contextmanager
def transaction() -> Iterator[Session]:
    _note_keys()
    token = _writing.set(True)
    try:
        with (
            database().sessions() as session,
            session.begin(),
            slow_work.within_transaction(partial(fail_if_begun, session)),
        ):
            yield session
            refuse_turned_keys(session)
    finally:
        _writing.reset(token)
    run_after_commit(session)


@contextmanager
def reading() -> Iterator[Session]:
    _note_keys()
    token = _writing.set(False)
    try:
        with database().sessions() as session:
            yield session
    finally:
        _writing.reset(token)


def connection_of(session: Session) -> sa.Connection:
    """Return the session's connection without a search: for what every signature does."""
    connection: sa.Connection | None = session.info.get("connection")
    if connection is None or connection.closed:
        connection = session.info["connection"] = session.connection()
    return connection


def table_of(model: type[Base]) -> sa.Table:
    return cast(sa.Table, model.__table__)


def references_to(model: type[Base]) -> list[sa.Column[Any]]:
    """List the columns of whatever table by which a row refers to one of the model."""
    target = table_of(model)
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table is target for key in column.foreign_keys)
    ]


def unindexed(column: Any) -> Any:
    """Return a column without its index: what the ids name is much less.

    SQLite would rather read every signature of a state than look up twenty-five by their ids.
    """
    return sa.func.coalesce(column, column)


def add_row(session: Session, row: T) -> T:
    """Add a row and write it, so that it has its id."""
    session.add(row)
    session.flush()
    return row


def insert_into(session: Session, model: type[Base]) -> Any:
    """Return an INSERT that can say `on_conflict_do_…`, in the words of the session's database."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(model)


def insert_new(session: Session, model: type[Any], **values: object) -> sa.Row[Any] | None:
    """Add a row unless one stands in its way; return its primary key, or None."""
    insert = insert_into(session, model).values(**values).on_conflict_do_nothing()
    row: sa.Row[Any] | None = session.execute(
        insert.returning(*table_of(model).primary_key.columns)
    ).first()
    return row


def get_row(session: Session, query: sa.Select[T], slug: str, /, **data: object) -> T:
    """Return the one row that the query is for. Raises NotFound, with this slug and data."""
    row = session.scalar(query)
    if row is None:
        raise NotFound(slug, **data)
    return row


def has_row(session: Session, query: sa.Select[Any]) -> bool:
    return session.scalar(query.limit(1)) is not None


def is_true_of(session: Session, row: NumberedRow, *conditions: sa.ColumnElement[bool]) -> bool:
    """Return whether what is asked of rows in a query is true of this one."""
    model = type(row)
    return has_row(session, sa.select(model.id).where(model.id == row.id, *conditions))


def update_rows(
    session: Session, model: type[Any], *conditions: sa.ColumnElement[bool], **values: object
) -> int:
    """Write to rows, unknown to objects of the session; how many they were."""
    return _write(session, sa.update(model).where(*conditions).values(values))


def update_returning(
    session: Session, model: type[Any], *conditions: sa.ColumnElement[bool], **values: object
) -> Sequence[int]:
    """Write to rows as `update_rows` does; return their primary keys."""
    statement = sa.update(model).where(*conditions).values(values)
    keys = statement.returning(*table_of(model).primary_key.columns)
    return session.scalars(keys.execution_options(synchronize_session=False)).all()


def delete_rows(session: Session, model: type[Any], *conditions: sa.ColumnElement[bool]) -> int:
    """Delete rows, unknown to objects of the session; how many they were."""
    return _write(session, sa.delete(model).where(*conditions))


def _write(session: Session, statement: sa.Update | sa.Delete) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("sa.CursorResult[Any]", result).rowcount


def count_rows(session: Session, query: sa.Select[Any]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def update_row(
    session: Session,
    model: type[Any],
    row_id: int,
    *conditions: sa.ColumnElement[bool],
    **values: object,
) -> bool:
    """Write to a row, unknown to objects of the session; False where the conditions do not hold."""
    if "seal_id" not in values and any(
        values.get(column.key) for column in sealed_columns(table_of(model))
    ):
        values["seal_id"] = session.scalar(sa.select(model.seal_id).where(model.id == row_id))
    return update_rows(session, model, model.id == row_id, *conditions, **values) == 1


def init_app(app: Flask, settings: Settings) -> None:
    """Connect, commit at the end of a request that succeeded, close the session."""
    app.extensions["database"] = Database.of(settings)
    app.before_request(_begin)
    app.after_request(_commit)
    app.teardown_appcontext(_close)


def _begin() -> None:
    if request.method not in _READING:
        _note_keys()


def _commit(response: Response) -> Response:
    session = g.get("session")
    if session is None or request.method in _READING:
        return response
    if response.status_code < 400:
        try:
            refuse_turned_keys(session)
        except (KeysTurned, MissingKey) as problem:
            session.rollback()
            return current_app.make_response(current_app.handle_user_exception(problem))
        session.commit()
        g.has_committed = True
        run_after_commit(session)
    else:
        session.rollback()
    return response


def has_committed() -> bool:
    """Whether this request's session has been committed; of one that only reads it never is."""
    return "has_committed" in g


def _close(_problem: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()
    if (leave := g.pop("leave_session", None)) is not None:
        slow_work.forget_transaction(leave)
