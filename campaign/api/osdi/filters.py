"""The part of OData that Action Network's `filter` has: comparisons joined by `and`. Pure."""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime

from campaign.core.errors import BadQuery

_CLAUSE = re.compile(r"\s*(\w+)\s+(\w+)\s+'((?:[^']|'')*)'\s*")
_AND = re.compile(r"and\b", re.IGNORECASE)
_COMPARISONS = ("eq", "gt", "ge", "lt", "le")


@dataclass(frozen=True, slots=True)
class Clause:
    field: str
    comparison: str
    value: str

    def read_moment(self) -> datetime:
        """Return the value as a moment; one without a zone is in UTC."""
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(self.value)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            if 1 < moment.year < MAXYEAR:  # then its day can be told in every zone
                return moment
        raise BadQuery(
            f"{self.field} must be compared with a date such as '2026-11-27' or "
            "'2026-11-27T09:30:00Z'."
        )


def parse_filter(text: str, fields: Collection[str]) -> list[Clause]:
    """Return what `text` compares. Raises BadQuery for what is not understood."""
    clauses: list[Clause] = []
    position = 0
    while text.strip():
        match = _CLAUSE.match(text, position)
        if match is None:
            raise BadQuery(
                f"filter is not understood from character {position + 1} on. Write it like "
                "modified_date gt '2026-11-27', with single quotes; join several by and."
            )
        clause = Clause(match[1], match[2], match[3].replace("''", "'"))
        if clause.field not in fields:
            raise BadQuery(f"filter knows {' and '.join(sorted(fields))} here.")
        if clause.comparison not in _COMPARISONS:
            raise BadQuery(f"filter compares by {', '.join(_COMPARISONS)}.")
        clauses.append(clause)
        if match.end() == len(text):
            break
        joined = _AND.match(text, match.end())
        position = joined.end() if joined else match.end()
        if joined is None:
            raise BadQuery(f"filter needs the word and at character {position + 1}.")
    return clauses
