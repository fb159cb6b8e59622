"""Letters that were set aside in a bundle and wait again, or are in another by now.

Here alone the JSON of `Bundle.released` is read and written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from campaign.models.taken_out import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedLetter:
    """What has a default is not known of those released long ago."""

    number: str
    reason: str  # as of `Letter.set_aside`
    letter: int | None = None  # the row's id
    at: str = ""  # when it went
    page: int | None = None  # in the newest files; None: in none
    left_out: bool = False  # whether its sheet lay with the others: see `LEFT_OUT`
    volume: int | None = None  # the row's id; None also: it was changed since
    pages: int | None = None


class ReleasedColumn(TypeDecorator[list[ReleasedLetter]]):
    impl = sa.JSON
    cache_ok = True

    def process_bind_param(
        self, value: Sequence[ReleasedLetter] | None, dialect: sa.Dialect
    ) -> Any:
        return [to_json(entry) for entry in value or ()]

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> list[ReleasedLetter] | None:
        # Nothing where a query joins a bundle that is not there.
        return None if value is None else [ReleasedLetter(**entry) for entry in value]
