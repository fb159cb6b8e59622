"""Collections, a page at a time: by number as in the dialect, and by key where a page leads on."""

import operator
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session
from werkzeug.datastructures import MultiDict

from campaign.api.action_json import Json
from campaign.api.osdi.filters import Clause
from campaign.core import clock, db
from campaign.core.db.batches import AnyQuery
from campaign.core.errors import BadQuery
from campaign.core.sealing import WrongKey
from campaign.core.text.desk_texts import read_number
from campaign.public.share_links import whole_url

PAGE_SIZE = 25
MOST_PAGES = 100
"""That a number leads to: behind them only the address of the next page does, which has a key."""
_PLACE = "api.page"
_QUERY = {"page", "per_page", "filter", "after"}
_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


@dataclass(frozen=True, slots=True)
class PageRequest:
    number: int
    size: int
    filter: str
    after: tuple[datetime, int] | None
    """Key of the last row of the page before it."""

    @classmethod
    def of(cls, query: MultiDict[str, str]) -> "PageRequest":
        """Read an address. Raises BadQuery."""
        if unknown := sorted(set(query) - _QUERY):
            raise BadQuery(f"{unknown[0]} is not known here. Use page, per_page and filter.")
        if repeated := [name for name in query if len(query.getlist(name)) > 1]:
            raise BadQuery(f"{repeated[0]} can be given once. Join comparisons by and.")
        after = _open_key(query["after"]) if "after" in query else None
        number = _read_number(query, "page", 1)
        if after is None and number > MOST_PAGES:
            raise BadQuery(
                f"page goes to {MOST_PAGES}. To read further, follow the link next of each page."
            )
        size = min(PAGE_SIZE, _read_number(query, "per_page", PAGE_SIZE))
        return cls(number, size, query.get("filter", ""), after)

    def load(
        self,
        session: Session,
        query: AnyQuery,
        key: tuple[InstrumentedAttribute[Any], InstrumentedAttribute[int]],
        *more: AnyQuery,
    ) -> tuple[Sequence[Any], bool]:
        """Return the page's rows in the order of the key, and whether there are more.

        Of several queries each is read in that order from its index, and no further than the page
        goes: joined by OR, or as a whole, all of them would be sorted.
        """
        parts = [query, *more]
        if self.after is not None:
            parts = [part.where(tuple_(*key) > tuple_(*self.after)) for part in parts]
        skip = 0 if self.after is not None else (self.number - 1) * self.size
        whole: Any = parts[0].order_by(*key)
        if more:
            most = skip + self.size + 1
            ordered = [part.order_by(*key).limit(most).subquery() for part in parts]
            whole = union_all(*(part.select() for part in ordered))
            whole = whole.order_by(*(whole.selected_columns[column.key] for column in key))
        rows = session.execute(whole.offset(skip).limit(self.size + 1)).all()
        return rows[: self.size], len(rows) > self.size


def compare_days(
    clause: Clause, column: InstrumentedAttribute[Any], zone: str
) -> ColumnElement[bool]:
    """Compare a column of days: who asks for what is newer than a moment gets all of that day."""
    moment = clause.read_moment()
    if clause.comparison in {"gt", "ge", "eq"}:
        day = clock.cut_to_day(moment, zone)
        return _COMPARE["eq" if clause.comparison == "eq" else "ge"](column, day)
    return compare(clause, column)


def compare(clause: Clause, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return _COMPARE[clause.comparison](column, clause.read_moment())


def make_collection(
    rel: str,
    resources: Sequence[Json],
    page: PageRequest,
    endpoint: str,
    *,
    next_key: tuple[datetime, int] | None = None,
    total: int | None = None,
    **values: str,
) -> Json:
    """Make the page of a collection; `next_key` is the last row's where there are more.

    Without a `total` it says none, as Action Network's people: counting them would take longer
    than reading.
    """

    def link(number: int, **more: str) -> dict[str, str]:
        query: dict[str, Any] = values | {"page": number} | more
        if page.size != PAGE_SIZE:
            query["per_page"] = page.size
        if page.filter:
            query["filter"] = page.filter
        return {"href": whole_url(endpoint, **query)}

    links: dict[str, object] = {
        "curies": list_curies(),
        "self": link(page.number),
        rel: [resource["_links"]["self"] for resource in resources],  # type: ignore[index]
    }
    if next_key is not None:
        links["next"] = link(page.number + 1, after=_seal_key(*next_key))
    if 1 < page.number <= MOST_PAGES + 1:
        links["previous"] = link(page.number - 1)
    body: Json = {"page": page.number, "per_page": page.size, "_links": links}
    if total is not None:
        body |= {"total_records": total, "total_pages": -(-total // page.size)}
    return body | {"_embedded": {rel: list(resources)}}


def list_curies() -> list[Json]:
    href = whole_url("api.show_docs") + "#{rel}"
    return [{"name": "osdi", "href": href, "templated": True}]


def _read_number(query: MultiDict[str, str], name: str, usual: int) -> int:
    number = read_number(query.get(name, str(usual)), 7)
    if not number:
        raise BadQuery(f"{name} must be a number from 1.")
    return number


def _seal_key(moment: datetime, row_id: int) -> str:
    """Seal it: the fraction of a member's second is a part of what their links are made of."""
    key = db.database().keyring.seal(f"{moment.isoformat()} {row_id}", _PLACE)
    return urlsafe_b64encode(key).decode()


def _open_key(text: str) -> tuple[datetime, int]:
    try:
        key = db.database().keyring.open(urlsafe_b64decode(text), _PLACE)
    except (ValueError, WrongKey, IndexError):
        raise BadQuery("after is not from a link of ours. Begin with the first page.") from None
    moment, _, row_id = key.partition(" ")
    return datetime.fromisoformat(moment), int(row_id)
