"""Which columns tell of a person: erasures, exports and changes go by the mark alone.

Each is marked in its model: `mapped_column(…, info=personal(""))`. Pure.
"""

import os
from typing import NamedTuple

from campaign.core.db import Base

_MARK = "personal"


class _Personal(NamedTuple):
    empty: object
    counted: bool
    asked: bool


def personal(empty: object, *, counted: bool = False) -> dict[str, _Personal]:
    """Return a personal column's mark, for its `info`.

    `empty` is what it holds once nobody is in its row. Figures are made of what is `counted`: it
    goes only at the person's own wish.
    """
    return {_MARK: _Personal(empty, counted, asked=False)}


def asked(empty: object, *, counted: bool = False) -> dict[str, _Personal]:
    """Return the mark of a personal column that the person fills in, in a form."""
    return {_MARK: _Personal(empty, counted, asked=True)}


def _marks(model: type[Base]) -> dict[str, _Personal]:
    columns = model.__table__.columns
    return {column.key: column.info[_MARK] for column in columns if _MARK in column.info}


def empty_values(model: type[Base], *, counted: bool) -> dict[str, object]:
    """Return what empties a row's personal columns; those that figures are made of if `counted`."""
    marks = _marks(model).items()
    return {name: mark.empty for name, mark in marks if counted or not mark.counted}


def asked_columns(model: type[Base]) -> tuple[str, ...]:
    """Return the names of the columns that a form asks for, in their order."""
    return tuple(name for name, mark in _marks(model).items() if mark.asked)


def no_fingerprint() -> bytes:
    """Return what stands for a fingerprint, which tells to who has the key who signed."""
    return os.urandom(32)
