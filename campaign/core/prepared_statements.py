"""Statements that are compiled once and sent with ever other values, for what every signature does.

SQLAlchemy makes a statement ready anew each time, which takes longer than the database takes for
it. Values are converted, sealed and filled up from the defaults of columns all the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

from campaign.core import db


@dataclass(frozen=True, slots=True)
class _Prepared:
    text: str
    order: tuple[str, ...] | None
    """The names of its values, where the database knows them by their places alone."""
    constants: Mapping[str, object]
    """Values that stand in the statement itself."""
    defaults: Mapping[str, Callable[[], object]]
    converters: Mapping[str, Callable[[Any], object]]

    def parameters(self, values: Mapping[str, object]) -> Any:
        filled = {**self.constants, **values}
        for name, default in self.defaults.items():
            filled[name] = default()
        for name, convert in self.converters.items():
            filled[name] = convert(filled[name])
        return filled if self.order is None else [filled[name] for name in self.order]


def fetch_first(
    session: Session, statement: CompilerElement, values: Mapping[str, object]
) -> tuple[Any, ...] | None:
    """Run a statement; return its first row as the database's driver gives it."""
    connection = db.connection_of(session)
    prepared = _prepare(statement, tuple(values), connection.dialect)
    cursor = _cursor_of(connection)
    try:
        cursor.execute(prepared.text, prepared.parameters(values))
        return cast("tuple[Any, ...] | None", cursor.fetchone())
    finally:
        cursor.close()


def insert_rows(
    session: Session, statement: CompilerElement, rows: Iterable[Mapping[str, object]]
) -> None:
    """Run a statement once for each row; all of them have the same names."""
    connection = db.connection_of(session)
    given = list(rows)
    prepared = _prepare(statement, tuple(given[0]), connection.dialect)
    cursor = _cursor_of(connection)
    try:
        cursor.executemany(prepared.text, [prepared.parameters(row) for row in given])
    finally:
        cursor.close()


def _cursor_of(connection: Connection) -> Any:
    return connection.connection.cursor()


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
    return _Prepared(str(compiled), order, constants, defaults, converters)


def _default_of(column: Any) -> Callable[[], object]:
    default = column.default
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)
