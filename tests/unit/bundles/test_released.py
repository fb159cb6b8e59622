"""What is kept of letters that were released from a bundle."""

import re
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from campaign.core.db import Json
from campaign.models.released import ReleasedColumn, ReleasedLetter

STORED: list[tuple[Json, ReleasedLetter]] = [
    (
        {"number": "00004", "reason": "withdrawn"},
        ReleasedLetter(number="00004", reason="withdrawn"),
    ),
    (
        {
            "number": "00004",
            "reason": "address-does-not-fit",
            "letter": 7,
            "at": "2026-03-01T10:00:00",
            "page": 4,
            "left_out": True,
            "volume": 1,
            "pages": 2,
        },
        ReleasedLetter(
            number="00004",
            reason="address-does-not-fit",
            letter=7,
            at="2026-03-01T10:00:00",
            page=4,
            left_out=True,
            volume=1,
            pages=2,
        ),
    ),
]


@pytest.mark.parametrize(("stored", "entry"), STORED)
def test_an_entry_is_stored_and_read_as_it_is(stored: Json, entry: ReleasedLetter) -> None:
    column, dialect = ReleasedColumn(), sqlite.dialect()
    assert column.process_bind_param([entry], dialect) == [stored]
    assert column.process_result_value([stored], dialect) == [entry]


def test_what_was_stored_as_unknown_is_read_as_what_is_not_stored() -> None:
    stored = {"number": "00004", "reason": "withdrawn", "page": None, "left_out": False}
    entries = ReleasedColumn().process_result_value([stored], sqlite.dialect())
    assert entries == [ReleasedLetter(number="00004", reason="withdrawn")]


def test_no_other_module_reads_the_column() -> None:
    package = Path(__file__).parents[3] / "campaign"
    apart = re.compile(r"ReleasedColumn|\breleased\b.*\[\"|\.released\b.*\.get\(")
    paths = [
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if apart.search(path.read_text("utf-8"))
    ]
    assert sorted(paths) == ["models/bundle.py", "models/released.py"]
