"""Columns of personal data, each value bound to its row, and columns by which people are found.

A row with sealed columns has a random name (`seal_id`), made before it is inserted. It is part of
what a value is sealed for: a value that was copied to another row or column does not open. Every
statement that writes a sealed text therefore writes the row's `seal_id` too: INSERTs and flushes of
objects do so by themselves, an UPDATE names it. Whoever reads a sealed column is given both.

What tells of a person is marked in its model (`info=personal("")`): erasures, exports and changes
go by the mark alone.
"""

import json
import os
from typing import Annotated, Any, NamedTuple, cast
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import cast as sql_cast
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapper, mapped_column
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from campaign.core.sealing import ROW_BYTES, SHORTEST, Keyring

ROW = "seal_id"
_sealed_names: WeakKeyDictionary[SQLCompiler, tuple[str, ...]] = WeakKeyDictionary()
_MARK = "personal"


class _InRow(NamedTuple):
    value: object
    row: bytes


class SealedColumn(TypeDecorator[Any]):
    """What sealed columns share: bytes in the database, bound to row and column."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, place: str, least: int = SHORTEST) -> None:
        """`place` names the column (`signature.email`); a value moved elsewhere does not open.

        `least`: bytes to which each text is padded, where lengths are to tell less.
        """
        super().__init__()
        self.place, self.least = place, least

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        together = _row_name_beside(column).op("||")(sa.type_coerce(column, sa.LargeBinary))
        return sa.type_coerce(sql_cast(together, sa.LargeBinary), self)

    def process_bind_param(self, value: object, dialect: sa.Dialect) -> bytes | None:
        row = b""
        if isinstance(value, _InRow):
            value, row = value
        text = self._to_text(value)
        if text is None:
            return None
        if not row and text:
            raise TypeError(f"{self.place}: the statement does not name the row ({ROW})")
        return keyring_of(dialect).seal(text, self.place, row or bytes(ROW_BYTES), self.least)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return self._from_text(None)
        row, sealed = bytes(value[:ROW_BYTES]), bytes(value[ROW_BYTES:])
        return self._from_text(keyring_of(dialect).open(sealed, self.place, row))

    def _to_text(self, value: object) -> str | None:
        return cast("str | None", value)

    def _from_text(self, text: str | None) -> Any:
        return text


class Sealed(SealedColumn):
    """Personal data: text in Python, AES-GCM in the column, bound to that column and row."""

    cache_ok = True


class SealedList(SealedColumn):
    """Texts that may name people: a list in Python, sealed JSON in the column, NULL where empty."""

    cache_ok = True

    def _to_text(self, value: object) -> str | None:
        return json.dumps(value, ensure_ascii=False) if value else None

    def _from_text(self, text: str | None) -> list[str]:
        return cast("list[str]", json.loads(text)) if text else []


class SealedWords(SealedColumn):
    """Texts by language: a dict in Python, sealed JSON in the column, NULL where empty."""

    cache_ok = True

    def _to_text(self, value: object) -> str | None:
        return json.dumps(value, ensure_ascii=False) if value else None

    def _from_text(self, text: str | None) -> dict[str, str]:
        return cast("dict[str, str]", json.loads(text)) if text else {}


class LookUp(TypeDecorator[bytes]):
    """Fingerprints by which people are found (`Keyring.fingerprint`); they turn with the keys."""

    impl = sa.LargeBinary
    cache_ok = True


def keyring_of(dialect: sa.Dialect) -> Keyring:
    """Return the keys of the database that `dialect` speaks to (`Database` put them there)."""
    return cast(Keyring, dialect.campaign_keyring)  # type: ignore[attr-defined]


def new_seal_id() -> bytes:
    """Return a random name for a row: 128 bits, never changed while the row has sealed values."""
    return os.urandom(ROW_BYTES)


SealId = Annotated[bytes, mapped_column(sa.LargeBinary(ROW_BYTES), default=new_seal_id)]


def sealed_columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, SealedColumn)]


def place_of(column: sa.Column[Any]) -> str:
    """Return what a sealed column's values are bound to, besides their row."""
    return cast(SealedColumn, column.type).place


def shortest_of(column: sa.Column[Any]) -> int:
    """Return to how many bytes a sealed column's texts are padded at least."""
    return cast(SealedColumn, column.type).least


def look_up_columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, LookUp)]


def _row_name_beside(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    """Return the `seal_id` of the row that a column is of, in a table, alias or subquery."""
    element = column.element if isinstance(column, sa.Label) else column
    of_table = next(iter(element.base_columns))
    if isinstance(of_table, sa.Column) and isinstance(element, sa.ColumnElement):
        name = of_table.table.c.get(ROW)
        source = getattr(element, "table", None)
        if name is not None and source is not None:
            beside = source.corresponding_column(name)
            if beside is not None:
                return cast("sa.ColumnElement[bytes]", beside)
    raise TypeError(f"{column}: a sealed value opens only where {ROW} of its row is beside it")


class RowBinding(DefaultExecutionContext):
    """Tells each sealed value of an INSERT or UPDATE its row, before values are converted."""

    def create_cursor(self) -> Any:
        """Here values are complete, unless columns have defaults that are still to be made."""
        compiled = self.compiled
        if isinstance(compiled, SQLCompiler) and not (
            compiled.insert_prefetch or compiled.update_prefetch
        ):
            self._bind_rows(compiled)
        return super().create_cursor()

    def _process_execute_defaults(self) -> None:
        super()._process_execute_defaults()  # type: ignore[no-untyped-call]
        self._bind_rows(cast(SQLCompiler, self.compiled))

    def _bind_rows(self, compiled: SQLCompiler) -> None:
        if not (compiled.isinsert or compiled.isupdate):
            return
        names = _sealed_names.get(compiled)
        if names is None:
            names = _sealed_names[compiled] = list_sealed(
                {name: value.type for value, name in compiled.bind_names.items()}
            )
        if names:
            for parameters in self.compiled_parameters:
                bind_to_row(parameters, names)


def list_sealed(types: dict[str, TypeEngine[Any]]) -> tuple[str, ...]:
    return tuple(name for name, kind in types.items() if isinstance(kind, SealedColumn))


def bind_to_row(parameters: Any, names: tuple[str, ...]) -> None:
    """Have the values of these names know the row that is among them."""
    row = parameters.get(ROW)
    if row is not None:
        for name in names:
            # What is empty stays as it is: defaults are, and objects get those back.
            if parameters[name]:
                parameters[name] = _InRow(parameters[name], row)


def bind_objects(base: type[DeclarativeBase]) -> None:
    """Have the UPDATE of an object's sealed attributes name its row."""

    def name_row(mapper: Mapper[Any], _connection: object, target: Any) -> None:
        state = sa.inspect(target)
        sealed = [column.key for column in sealed_columns(cast(sa.Table, mapper.local_table))]
        touched = set(sealed) - state.unmodified_intersection(sealed)
        if any(state.attrs[name].history.has_changes() for name in touched):
            _ = target.seal_id
            flag_modified(target, ROW)

    sa.event.listen(base, "before_update", name_row, propagate=True)


class _Personal(NamedTuple):
    empty: object
    counted: bool
    asked: bool


def personal(empty: object, *, counted: bool = False) -> dict[str, _Personal]:
    """Return a column's mark: its value once nobody is in the row; `counted`: figures need it."""
    return {_MARK: _Personal(empty, counted, asked=False)}


def asked(empty: object, *, counted: bool = False) -> dict[str, _Personal]:
    """Return the mark of a personal column that the person fills in, in a form."""
    return {_MARK: _Personal(empty, counted, asked=True)}


def _marks(model: type[DeclarativeBase]) -> dict[str, _Personal]:
    columns = model.__table__.columns
    return {column.key: column.info[_MARK] for column in columns if _MARK in column.info}


def empty_values(model: type[DeclarativeBase], *, counted: bool) -> dict[str, object]:
    """Return what empties a row's personal columns; those that figures are made of if `counted`."""
    marks = _marks(model).items()
    return {name: mark.empty for name, mark in marks if counted or not mark.counted}


def asked_columns(model: type[DeclarativeBase]) -> tuple[str, ...]:
    """Return the names of the columns that a form asks for, in their order."""
    return tuple(name for name, mark in _marks(model).items() if mark.asked)


def no_fingerprint() -> bytes:
    """Return what stands for a fingerprint, which tells to who has the key who signed."""
    return os.urandom(32)
