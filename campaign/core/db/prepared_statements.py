"""Statements that are compiled once and sent with ever other values, for what every signature does.

SQLAlchemy makes a statement ready anew each time, which takes longer than the database takes for
it. Values are converted, sealed and filled up from the defaults of columns all the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

from campaign.core import db
from campaign.core.db.open_transactions import note_change, writes_or_locks
from campaign.core.db.personal_columns import bind_to_row, list_sealed


@dataclass(frozen=True, slots=True)
class _Prepared:
    text: str
    is_change: bool  # or a lock
    order: tuple[str, ...] | None
    """The names of its values, where the database knows them by their places alone."""
    constants: Mapping[str, object]
    defaults: Mapping[str, Callable[[], object]]
    converters: Mapping[str, Callable[[Any], object]]
    sealed: tuple[str, ...]  # the names of values that are bound to the row

    def parameters(self, values: Mapping[str, object]) -> Any:
        filled = {**self.constants, **values}
        for name, default in self.defaults.items():
            filled[name] = default()
        bind_to_row(filled, self.sealed)
        for name, convert in self.converters.items():
            filled[name] = convert(filled[name])
        return filled if self.order is None else [filled[name] for name in self.order]


def fetch_first(
    session: Session, statement: CompilerElement, values: Mapping[str, object]
) -> tuple[Any, ...] | None:
    connection = db.connection_of(session)
    prepared = _prepare(statement, tuple(values), connection.dialect)
    parameters = prepared.parameters(values)
    with _cursor_for(connection, prepared) as cursor:
        cursor.execute(prepared.text, parameters)
        return cast("tuple[Any, ...] | None", cursor.fetchone())


def insert_rows(
    session: Session, statement: CompilerElement, rows: Iterable[Mapping[str, object]]
) -> None:
    connection = db.connection_of(session)
    given = list(rows)
    prepared = _prepare(statement, tuple(given[0]), connection.dialect)
    parameters = [prepared.parameters(row) for row in given]
    with _cursor_for(connection, prepared) as cursor:
        cursor.executemany(prepared.text, parameters)


@contextmanager
def _cursor_for(connection: Connection, prepared: _Prepared) -> Iterator[Any]:
    """Open a cursor; what the driver raises is raised as SQLAlchemy raises it elsewhere.

    A connection that is lost is given up, so that the rollback does not fail over it as well.
    """
    if prepared.is_change:
        note_change(connection)
    dialect, driver, cursor = connection.dialect, connection.connection, None
    errors = dialect.loaded_dbapi.Error
    try:
        cursor = driver.cursor()
        yield cursor
    except errors as problem:
        is_lost = dialect.is_disconnect(problem, driver, cursor)
        if is_lost:
            connection.invalidate(problem)
        raise DBAPIError.instance(
            prepared.text,
            None,
            problem,
            errors,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from problem
    finally:
        if cursor is not None:
            cursor.close()


@lru_cache(maxsize=128)
def _prepare(statement: CompilerElement, names: tuple[str, ...], dialect: Dialect) -> _Prepared:
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=list(names)))
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise ValueError("a list of values would have to be written into the statement anew")
    converters = {
        name: convert
        for name, value in compiled.binds.items()
        if (convert := value.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    order = tuple(compiled.positiontup or ()) if compiled.positional else None
    constants = {
        name: value.effective_value for name, value in compiled.binds.items() if not value.required
    }
    defaults = {column.key: _default_of(column) for column in compiled.insert_prefetch}
    sealed = list_sealed({name: value.type for value, name in compiled.bind_names.items()})
    is_change = writes_or_locks(statement)
    return _Prepared(str(compiled), is_change, order, constants, defaults, converters, sealed)


def _default_of(column: Any) -> Callable[[], object]:
    default = column.default
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)
