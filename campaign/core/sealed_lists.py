"""Lists of texts that may name people, as a column."""

import json

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from campaign.core.db import keyring_of


class SealedList(TypeDecorator[list[str]]):
    """Texts that may name people: a list in Python, sealed JSON in the column, NULL where empty."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        """`place` names the column, as with `Sealed`."""
        super().__init__()
        self.place = place

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> bytes | None:
        """To the database: sealed."""
        if not value:
            return None
        return keyring_of(dialect).seal(json.dumps(value, ensure_ascii=False), self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> list[str]:
        """From the database: opened."""
        if value is None:
            return []
        found: list[str] = json.loads(keyring_of(dialect).open(bytes(value), self.place))
        return found
