"""Rows of a sheet and of a file: tidied, or found wrong with how to mend it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from campaign.core.errors import UnreadableFile
from campaign.paper_signatures.check_row import Details, check_row, is_blank, replace_dittos
from campaign.paper_signatures.read_file import (
    find_mapping_problem,
    guess_meanings,
    list_wrong_rows,
    open_list,
    read_table,
)

ROW = {
    "given_name": "Ana",
    "family_name": "Núñez",
    "locality": "Ottawa",
    "postal_code": "K1A 0A1",
    "country": "CA",
}


def test_a_row_is_tidied() -> None:
    details, problems = check_row({**ROW, "given_name": "  Ana \u200b Lía "})
    assert problems == {}
    assert details is not None
    assert details.name == "Ana Lía Núñez"


@pytest.mark.parametrize(
    ("change", "field", "slug"),
    [
        ({"given_name": "", "family_name": ""}, "given_name", "give-name"),
        ({"given_name": "12"}, "given_name", "no-letter"),
        ({"family_name": "see evil.example.com"}, "family_name", "link"),
        ({"locality": "", "postal_code": ""}, "locality", "place-missing"),
        ({"country": "XX"}, "country", "choose-country"),
        ({"postal_code": "123"}, "postal_code", "wrong-code"),
        ({"email": "ana@"}, "email", "not-an-email"),
        ({"news": "y"}, "email", "news-needs-email"),
        ({"given_name": "A\u202ena"}, "given_name", "bidi-control"),
    ],
)
def test_what_is_wrong_is_said_by_its_field(change: dict[str, str], field: str, slug: str) -> None:
    details, problems = check_row({**ROW, **change})
    assert details is None
    assert problems[field].slug == slug


@given(st.dictionaries(st.sampled_from([*ROW, "email", "news"]), st.text(max_size=300)))
def test_whatever_is_typed_is_taken_whole_or_refused_by_field(values: dict[str, str]) -> None:
    details, problems = check_row(values)
    assert (details is None) == bool(problems)
    if details is not None:
        assert Details.of_json(details.to_json()) == details


def test_a_ditto_mark_takes_what_stands_above() -> None:
    typed = {"given_name": "José", "locality": "”", "postal_code": '"', "email": ""}
    row = replace_dittos(
        typed, {"locality": "Hull", "postal_code": "J8X", "email": "a@example.org"}
    )
    assert row == {"given_name": "José", "locality": "Hull", "postal_code": "J8X", "email": ""}


def test_a_row_with_no_more_than_what_is_carried_over_is_blank() -> None:
    assert is_blank({"locality": "Ottawa", "country": "CA"})
    assert not is_blank({"given_name": "Ana"})


def test_columns_are_understood_by_their_names_in_three_languages() -> None:
    assert guess_meanings(["Prénom", "Nom de famille", "Ville", "Code postal", "Pays", "Note"]) == {
        0: "given_name",
        1: "family_name",
        2: "locality",
        3: "postal_code",
        4: "country",
    }
    assert guess_meanings(["Nombre completo", "Ciudad", "Ciudad"]) == {0: "name", 1: "locality"}


@pytest.mark.parametrize(
    ("meanings", "slug"),
    [
        ({0: "name", 1: "locality"}, ""),
        ({0: "name", 1: "name", 2: "locality"}, "meaning-twice"),
        ({0: "name", 1: "family_name", 2: "locality"}, "name-twice"),
        ({0: "locality"}, "name-missing"),
        ({0: "name"}, "place-missing"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(meanings: dict[int, str], slug: str) -> None:
    assert find_mapping_problem(meanings) == slug


def test_a_file_is_read_with_its_mark_its_encoding_and_its_delimiter() -> None:
    for data in (
        "\ufeffname;town\r\nAna Núñez;Ottawa\r\n".encode(),
        "name\ttown\nAna Núñez\tOttawa\n".encode("utf-16"),
        "name,town\nAna Núñez,Ottawa\n".encode("windows-1252"),
    ):
        reading = read_table(open_list(data)[1], {0: "name", 1: "locality"}, "CA")
        assert reading.faults == []
        assert [details.name for _row, details in reading.rows] == ["Ana Núñez"]


def test_wrong_rows_are_told_by_row_and_column() -> None:
    data = (
        "Name,Town,Land\nAna Núñez,Ottawa,Canada\n=cmd|x,Ottawa,Canada\nEva,,Canada\n"
        "Max,Ottawa,Nowhere\nToo,many,cells,here\n"
    )
    reading = read_table(open_list(data.encode())[1], {0: "name", 1: "locality", 2: "country"}, "")
    assert [row for row, _ in reading.rows] == [1]
    assert [(fault.row, fault.column, fault.slug) for fault in reading.faults] == [
        (2, "Name", "formula"),
        (3, "Town", "place-missing"),
        (4, "Land", "country-unknown"),
        (5, "", ""),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7 x",
        b"PK\x03\x04x",
        b"<html><table>",
        b"name\nAna\n",
        b"[{}]",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_table_of_people_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(UnreadableFile) as caught:
        open_list(data)[1]
    assert str(caught.value).endswith(".")


@given(st.lists(st.lists(st.text(max_size=40), min_size=2, max_size=4), max_size=8))
def test_any_table_gives_each_row_as_a_person_or_a_fault(cells: list[list[str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "town"])
    writer.writerows(cells)
    try:
        table = open_list(out.getvalue().encode("utf-8", "surrogatepass"))[1]
    except UnreadableFile:
        return
    reading = read_table(table, {0: "name", 1: "locality"}, "CA")
    told = {row for row, _ in reading.rows} | {fault.row for fault in reading.faults}
    assert told == set(range(1, len(table.rows) + len(table.problems) + 1))


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        ("Ana,Berlin,D-10115,Deutschland,,", ("Ana", "10115", "DE", False)),
        ("Ana,Strasbourg,F-67000,France,,", ("Ana", "67000", "FR", False)),
        ("Ana,Wien,A-1010,Österreich,,", ("Ana", "1010", "AT", False)),
        ("Ana,Bern,3000,Schweiz,,", ("Ana", "3000", "CH", False)),
        ("Ana,Bern,3000,CH,,x", ("Ana", "3000", "CH", False)),
        ("Ana,Bern,3000,CH,a@example.org,x", ("Ana", "3000", "CH", True)),
        ("Ana 🌹❤️,Bern,3000,CH,,", ("Ana", "3000", "CH", False)),
    ],
)
def test_what_need_not_cost_a_signature_does_not(
    cells: str, kept: tuple[str, str, str, bool]
) -> None:
    data = f"Name,Ort,PLZ,Land,E-Mail,news\n{cells}\n"
    table = open_list(data.encode())[1]
    reading = read_table(table, guess_meanings(table.columns), "")
    assert reading.faults == []
    ((_row, details),) = reading.rows
    assert (details.name, details.postal_code, details.country, details.news) == kept
    assert bool(reading.unticked) == (cells.endswith("x") and "@" not in cells)


def _read_ticks(word: str) -> tuple[list[bool], list[tuple[str, str]]]:
    data = f"Name,Ort,Land,E-Mail,news,network\nAna,Bern,CH,a@example.org,{word},\n"
    data += f"Eva,Bern,CH,e@example.org,no,{word}\n"
    table = open_list(data.encode())[1]
    reading = read_table(table, guess_meanings(table.columns), "")
    ticks = [tick for _row, details in reading.rows for tick in (details.news, details.network)]
    return ticks, [(fault.column, fault.slug) for fault in reading.faults]


@pytest.mark.parametrize(
    "word", ["x", "X", " 1 ", "Oui", "sí", "SI", "yes", "☑", "☑\ufe0f", "✔", "نعم", "True"]
)
def test_a_clear_yes_is_a_tick(word: str) -> None:
    assert _read_ticks(word) == ([True, False, False, True], [])


@pytest.mark.parametrize("word", ["", "Non", "no", "NEIN", "0", "–", "☐", "لا", "False"])
def test_a_clear_no_is_none(word: str) -> None:
    assert _read_ticks(word) == ([False] * 4, [])


@pytest.mark.parametrize(
    "word", ["Non merci", "refuse", "désabonnée", "N/A", "peut-être", "?", "☒", "2", "o"]
)
def test_nobody_is_written_to_by_a_word_that_is_neither(word: str) -> None:
    assert _read_ticks(word) == ([], [("news", "tick-unclear"), ("network", "tick-unclear")])


def test_wrong_rows_are_given_as_they_were() -> None:
    table = open_list(b"name,town,land\nAna,Hull,Nowhere\nEva,Hull,CA\nToo,many,cells,here\n")[1]
    reading = read_table(table, guess_meanings(table.columns) | {2: "country"}, "CA")
    assert [(row, cells) for row, _faults, cells in list_wrong_rows(table, reading)] == [
        (1, ["Ana", "Hull", "Nowhere"]),
        (3, ["Too", "many", "cells", "here"]),
    ]


def test_a_workbook_of_people_is_read() -> None:
    book = Workbook()
    assert book.active is not None
    for row in (["Signatures"], ["name", "town", "PLZ"], ["Ana", "Berlin", 10115]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    table = open_list(out.getvalue())[1]
    reading = read_table(table, guess_meanings(table.columns), "DE")
    assert [(row, details.name, details.postal_code) for row, details in reading.rows] == [
        (1, "Ana", "10115")
    ]
