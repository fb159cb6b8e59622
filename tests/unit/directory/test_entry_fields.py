"""The table of fields holds all that is kept, and each is a column."""

import dataclasses

import pytest

from campaign.directory.entries import (
    COLUMN_NAMES,
    FIELDS,
    LABELS,
    WORDS_LENGTH,
    MissionDraft,
    OfficialDraft,
    Rule,
    limit_of,
    names_with,
)
from campaign.directory.imports.columns import MEANINGS
from campaign.models.directory import Directory, Mission, Official

BOTH = pytest.mark.parametrize(
    ("directory", "model", "draft"),
    [(Directory.MISSIONS, Mission, MissionDraft), (Directory.OFFICIALS, Official, OfficialDraft)],
)


@BOTH
def test_a_field_of_a_draft_is_in_the_table(
    directory: Directory, model: type[Mission | Official], draft: type
) -> None:
    apart = {"contacts", "timezone"}  # rows of their own; goes with the address
    kept = {one.name for one in dataclasses.fields(draft)} - apart
    assert kept == set(names_with(directory, *Rule)) - {"source_id"}
    assert set(names_with(directory, *Rule)) <= set(model.__table__.columns.keys())


@BOTH
def test_a_column_of_a_file_means_one_thing(
    directory: Directory, model: type[Mission | Official], draft: type
) -> None:
    heads = [head for one in FIELDS[directory] for head in COLUMN_NAMES.get(one.meaning, ())]
    assert len(heads) == len(set(heads))
    assert set(MEANINGS[directory]) <= set(LABELS)


def test_a_limit_is_that_of_the_column() -> None:
    assert limit_of(Mission, "hours") == 300
    assert limit_of(Official, "postal_code") == 20
    assert limit_of(Mission, "name") == WORDS_LENGTH
