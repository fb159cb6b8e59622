"""What left the files and lists of a bundle: three kinds in one column, read in one place."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy.dialects import sqlite

from campaign.models.bundle import Bundle
from campaign.models.taken_out import Entry, InFiles, LetterOut, PersonOff, TakenOut

LETTER = {
    "number": "00003",
    "volume": 1,
    "page": 3,
    "reason": "withdrawn",
    "on": "2026-11-28",
    "sha256": "aa",
    "code": "bb",
}
PERSON = {"number": "P00002", "reason": "invalid", "on": "2026-11-28", "sha256": "cc"}
STORED: dict[type, list[dict[str, Any]]] = {
    LetterOut: [
        LETTER,
        LETTER | {"went": True, "carried": False},
        # As rows were before codes, and before hashes.
        {"number": "00004", "volume": 1, "page": 4, "reason": "erased", "on": "2026-11-01"},
    ],
    PersonOff: [PERSON, PERSON | {"went": True, "carried": True}],
    InFiles: [{"number": "00005", "carried": True}, {"number": "00006", "carried": False}],
}
"""Rows as the database holds them, of each kind."""
column = Bundle.__table__.c.taken_out.type


def read(*rows: dict[str, Any]) -> TakenOut:
    return column.process_result_value(list(rows), sqlite.dialect())


@pytest.mark.parametrize("kind", get_args(Entry))
def test_a_row_is_read_as_its_kind_and_written_as_it_was(kind: type) -> None:
    entries = read(*STORED[kind])
    assert {type(entry) for entry in entries} == {kind}
    assert column.process_bind_param(entries, sqlite.dialect()) == STORED[kind]


@pytest.mark.parametrize(
    ("kind", "is_of_earlier_print", "told_as_carried"),
    [(LetterOut, True, set()), (PersonOff, True, {"P00002"}), (InFiles, False, {"00005"})],
)
def test_each_question_is_answered_of_each_kind(
    kind: type, is_of_earlier_print: bool, told_as_carried: set[str]
) -> None:
    entries = read(*STORED[kind])
    numbers = {entry.number for entry in entries}
    assert entries.of_earlier_prints == (list(entries) if is_of_earlier_print else [])
    assert entries.went_earlier is is_of_earlier_print
    assert entries.went_with(numbers).went_earlier is is_of_earlier_print
    assert entries.carried == told_as_carried
    assert entries.marked(numbers, carried=True).carried == numbers
    assert entries.marked(numbers, carried=False).carried == set()
    assert not entries.with_nothing_gone().carried
    assert not entries.with_nothing_gone().went_earlier
    assert bool(entries.with_nothing_gone()) is is_of_earlier_print
    assert entries.minus(numbers) == ()


def test_beside_a_delivery_that_was_not_made_here_there_is_nothing_to_read() -> None:
    """A query that joins its bundle finds none."""
    assert column.process_result_value(None, sqlite.dialect()) is None


def test_every_kind_is_asked_about() -> None:
    assert set(STORED) == set(get_args(Entry))


def test_no_other_module_reads_the_column_or_tells_its_kinds_apart() -> None:
    package = Path(__file__).parents[3] / "campaign"
    kinds = "|".join(kind.__name__ for kind in get_args(Entry))
    apart = re.compile(rf"\bBundle\.taken_out|TakenOutColumn|(isinstance|case).*({kinds})")
    paths = [
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if apart.search(path.read_text("utf-8"))
    ]
    assert sorted(paths) == ["models/bundle.py", "models/taken_out.py"]
