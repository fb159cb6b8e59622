"""What names a row in an address cannot be guessed: 128 random bits (trust.md 5)."""

import base64
from itertools import pairwise

import pytest
from sqlalchemy import Column

from campaign import models
from campaign.core import db
from campaign.core.db import new_public_id

assert models
_COLUMNS = {
    table.name: table.c.public_id
    for table in db.Base.metadata.sorted_tables
    if "public_id" in table.c
}


def _read(public_id: str) -> int:
    raw = base64.urlsafe_b64decode(f"{public_id}==")
    assert len(raw) == 16
    return int.from_bytes(raw)


def test_a_public_id_is_128_bits_each_of_which_is_drawn() -> None:
    """A bit that always fell alike among 400 would do so by chance once in 10^118."""
    drawn = [_read(new_public_id()) for _ in range(400)]
    assert len(set(drawn)) == len(drawn)
    always, never = (1 << 128) - 1, 0
    for number in drawn:
        always &= number
        never |= number
    assert (always, never) == (0, (1 << 128) - 1)
    steps = {after - before for before, after in pairwise(drawn)}
    assert len(steps) == len(drawn) - 1, "none follows from the one before"


@pytest.mark.parametrize("table", _COLUMNS)
def test_each_table_draws_its_public_ids_so(table: str) -> None:
    column: Column[str] = _COLUMNS[table]
    assert column.default is not None, "an id that is given by hand may be guessed"
    drawn = {_read(column.default.arg(None)) for _ in range(3)}
    assert len(drawn) == 3
    assert (
        column.unique
        or column.primary_key
        or any(list(index.columns) == [column] and index.unique for index in column.table.indexes)
    )


def test_the_tables_with_public_ids_are_seen() -> None:
    assert {"signature", "letter", "staff_user", "bundle", "network_member"} <= _COLUMNS.keys()
