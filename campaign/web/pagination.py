"""Long lists, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, false, func, literal
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import i18n
from campaign.core.db import count_rows
from campaign.core.text.desk_texts import read_number
from campaign.core.text.fold import fold_name

T = TypeVar("T")
PAGE_SIZE = 50
MOST_FOUND = 20
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    rows: Sequence[T]
    total: int
    page: int
    pages: int


def rank_of_country(session: Session, column: InstrumentedAttribute[str]) -> ColumnElement[int]:
    """Return where the country's name stands among all, in the language of the page."""
    codes = literal(",".join(code for code, _name in i18n.senders()))
    postgresql = session.get_bind().dialect.name == "postgresql"
    return func.strpos(codes, column) if postgresql else func.instr(codes, column)


def load_page(
    session: Session, query: Select[T], page: int, *, total: int | None = None
) -> Listing[T]:
    """Return the page `page` (from 1) of a query's rows, the last one where there are fewer."""
    if page <= 1:
        # What a search finds is looked for once; only where there is more is it counted.
        rows: Sequence[T] = session.scalars(query.limit(PAGE_SIZE + 1)).all()
        if len(rows) <= PAGE_SIZE:
            return Listing(rows, len(rows), 1, 1)
        total = count_rows(session, query.order_by(None)) if total is None else total
        return Listing(rows[:PAGE_SIZE], total, 1, count_pages(total))
    total = count_rows(session, query.order_by(None)) if total is None else total
    page = min(page, count_pages(total))
    rows = session.scalars(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    return Listing(rows, total, page, count_pages(total))


def count_pages(total: int, size: int = PAGE_SIZE) -> int:
    return max(1, -(-total // size))


def read_page(arguments: Mapping[str, str]) -> int:
    """Return which page an address asks for, from 1; what it says wrongly counts as not said."""
    return read_number(arguments.get("page", ""), 5) or 1


def contains_words(query: str, column: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Return that each of the first words of `query` is in the folded text of `column`."""
    words = fold_name(query).split()[:MOST_WORDS]
    if query.strip() and not words:
        return [false()]
    return [column.contains(word, autoescape=True) for word in words]
