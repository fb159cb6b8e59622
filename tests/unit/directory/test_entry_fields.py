"""The table of fields holds all that is kept, and each is a column."""

import dataclasses

import pytest
from babel.messages.pofile import read_po

from campaign.core.i18n import language_name
from campaign.core.language_facts import FOLDER, translated_languages
from campaign.directory.directory_export import COLUMNS as EXPORTED
from campaign.directory.entry_fields import (
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
from campaign.directory.imports.guess_columns import MEANINGS, WORDS, guess
from campaign.directory.imports.tables import Table
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
    kept = {field.name for field in dataclasses.fields(draft)} - apart
    assert kept == set(names_with(directory, *Rule)) - {"source_id"}
    assert set(names_with(directory, *Rule)) <= set(model.__table__.columns.keys())


@BOTH
def test_a_column_of_a_file_means_one_thing(
    directory: Directory, model: type[Mission | Official], draft: type
) -> None:
    heads = [head for field in FIELDS[directory] for head in COLUMN_NAMES.get(field.meaning, ())]
    assert len(heads) == len(set(heads))
    assert set(MEANINGS[directory]) <= set(LABELS)


def test_a_limit_is_that_of_the_column() -> None:
    assert limit_of(Mission, "hours") == 300
    assert limit_of(Official, "postal_code") == 20
    assert limit_of(Mission, "name") == WORDS_LENGTH


def translated_labels(directory: Directory, code: str) -> dict[str, str]:
    """What a page in that language calls each meaning that a column can have."""
    labels = {field.meaning: str(field.label) for field in FIELDS[directory]}
    if code != "en":
        with (FOLDER / code / "LC_MESSAGES/messages.po").open("rb") as file:
            catalog = read_po(file)
        labels = {meaning: str(catalog[label].string) for meaning, label in labels.items()}
    return {meaning: labels[meaning] for meaning in MEANINGS[directory]}


@pytest.mark.parametrize("code", translated_languages())
@BOTH
def test_a_column_called_as_our_pages_call_it_is_recognized(
    directory: Directory, model: type[Mission | Official], draft: type, code: str
) -> None:
    labels = translated_labels(directory, code)
    meanings = guess(Table(list(labels.values())), directory)
    assert [meaning.partition(":")[0] for meaning in meanings] == list(labels)
    in_words = {meaning: label for meaning, label in labels.items() if meaning in WORDS}
    language = language_name("fr", code)
    between = {"en": "in", "fr": "en", "es": "en", "ar": "ب"}[code]
    gap = "" if code == "ar" else " "
    heads = [f"{label} {between}{gap}{language}" for label in in_words.values()]
    assert guess(Table(heads), directory) == [f"{meaning}:fr" for meaning in in_words]


@BOTH
def test_each_column_of_an_export_is_recognized(
    directory: Directory, model: type[Mission | Official], draft: type
) -> None:
    assert all(guess(Table(list(EXPORTED[directory])), directory))


def test_beside_one_half_of_a_name_the_other_is_no_whole_name() -> None:
    assert guess(Table(["Nombre", "Apellidos"]), Directory.OFFICIALS) == [
        "given_name",
        "family_name",
    ]
    assert guess(Table(["Prénom", "Nom"]), Directory.OFFICIALS) == ["given_name", "family_name"]
    assert guess(Table(["Nombre", "Cargo"]), Directory.OFFICIALS) == ["full_name", "office:es"]
