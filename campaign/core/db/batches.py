"""Rows and other things in batches: what is long takes no more memory than what is short."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Row, Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import db
from campaign.core.sealing import WrongKey

T = TypeVar("T")
AnyQuery = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]
Column = InstrumentedAttribute[Any]


def batched(things: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield the things in order, `size` at a time (`itertools.batched` of Python 3.12)."""
    remaining = iter(things)
    while batch := tuple(islice(remaining, size)):
        yield batch


def read_by_key(
    query: AnyQuery,
    key: Column,
    *,
    after: int = 0,
    size: int = 500,
    unreadable: Callable[[], None] | None = None,
) -> Iterator[AnyRow]:
    """Yield rows in the order of `key`, a column of them that tells each from the others.

    `unreadable` is told of each that does not open; without it, WrongKey is raised.
    """
    while True:
        batch = query.where(key > after).order_by(key).limit(size)
        # A session for each batch: a long list must not hold one transaction for minutes.
        with db.reading() as session:
            try:
                rows = list(session.execute(batch))
                keys = [getattr(row, key.key) for row in rows]
            except WrongKey:
                if unreadable is None:
                    raise
                keys = list(session.scalars(batch.with_only_columns(key)))
                rows = []
                for _, row in read_each(session, query, key, keys):
                    if row is None:
                        unreadable()
                    else:
                        rows.append(row)
        yield from rows
        if len(keys) < size:
            return
        after = keys[-1]


def read_each(
    session: Session, query: AnyQuery, key: Column, keys: Sequence[int]
) -> Iterator[tuple[int, AnyRow | None]]:
    """Yield the rows of these keys, in this order; None for one that does not open.

    One that is damaged, or sealed with another key, must not hold up the others.
    """
    try:
        rows = {getattr(row, key.key): row for row in session.execute(query.where(key.in_(keys)))}
    except WrongKey:
        for number in keys:
            try:
                yield number, session.execute(query.where(key == number)).one()
            except WrongKey:
                yield number, None
    else:
        yield from ((number, rows[number]) for number in keys if number in rows)
