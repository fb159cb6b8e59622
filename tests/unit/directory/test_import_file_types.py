"""Files that people upload: understood, or refused with how to mend them; never a crash."""

import codecs
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.errors import UnreadableFile
from campaign.directory.imports.read_list import MAX_BYTES, Shape, open_file
from campaign.directory.imports.read_rows import MissionRecord, OfficialRecord, Reading
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.row_problems import RowProblem
from campaign.directory.imports.uploads import ImportSource, open_source
from campaign.models.directory import Directory
from tests.deadlines import with_a_reader

TODAY = date(2026, 11, 24)
MISSIONS, OFFICIALS = Directory.MISSIONS, Directory.OFFICIALS
CARD3 = """BEGIN:VCARD
VERSION:3.0
N:Otieno;Wanjiru;;Dr.;
FN:Wanjiru Otieno
ORG:Ministry of Justice
TITLE:Minister
EMAIL;TYPE=INTERNET:mailto:w@example.org
TEL;TYPE=WORK,VOICE:+254 20 555 0100
TEL;TYPE=FAX:+254 20 555 0101
ADR;TYPE=WORK:;;1 Sample Road;Nairobi;;00100;Kenya
END:VCARD
"""
CARD4 = """begin:vcard
VERSION:4.0
KIND:org
FN:Office of the Ombudsman
EMAIL:post@example.org
ADR:;;2 Sample Road;Nairobi;;;Kenya
END:VCARD
"""


def read(data: bytes | str, directory: Directory, **fixed: str) -> list[Any]:
    source = open_source(data if isinstance(data, bytes) else data.encode(), directory)
    return list(read_source(source, **fixed))


def read_source(source: ImportSource, **fixed: str) -> list[Any]:
    choices = source.guesses("x.csv")
    choices.fixed |= fixed
    return list(source.readings(choices, today=TODAY, languages=("en", "fr")))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "file is empty"),
        (b"\xef\xbb\xbf \n", "file is empty"),
        (b"<!DOCTYPE html><html><body>Sign in", "This file is a web page"),
        (b"\n <table><tr><td>operator", "This file is a web page"),
        (b"PK\x03\x04rest", "damaged"),
        (b"\xd0\xcf\x11\xe0rest", "save the list as CSV"),
        (b"%PDF-1.7", "This file is a PDF"),
        (b"\x1f\x8b\x08", "Unpack it"),
        (b"a;b\n\x01\x00\x02\x03", "not a text file"),
        (b'{"persons": [', "Fix line 1, character"),
        (b'[{"a": 1}\n{"b": 2}]', "Fix line 2, character 1"),
        (b"[" * 100_000, "nested too deep"),
        (b"[" + b"9" * 5000 + b"]", "a number in it is too long"),
        (b"[1, 2, 3]", "has no objects"),
        (b'{"a": 1}', "has no list"),
        (b"x" * (MAX_BYTES + 1), "Split it into files of at most 12"),
        (b"operator;country;type\n", "no rows below it"),
        (b'a,b\n"' + b"x" * 200_000, "quotation mark"),
        (b"a,b\n" + b"1,2\n" * 30_001, "more than 30000 rows"),
        (b",".join(b"c" for _ in range(200)) + b"\n1", "Use at most 120"),
        ("\ufeffa;b\nKöln".encode("utf-16-le")[:-1], "not in utf-16"),
    ],
)
def test_what_is_no_list_says_what_it_is_and_how_to_mend_it(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        open_source(data, MISSIONS)
    assert words in str(refused.value)


def test_a_file_of_a_hundred_megabytes_is_refused_by_its_beginning() -> None:
    with pytest.raises(UnreadableFile, match="has 100 MB"):
        open_file(b"operator", size=100 * 1024 * 1024)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_delimiter_and_unicode_encoding_is_understood(delimiter: str, encoding: str) -> None:
    lines = ["operator,country,city,type", "Kenya,Côte d’Ivoire,Abidjan,embassy"]
    text = "\r\n".join(line.replace(",", delimiter) for line in lines)
    (record,) = read(text.encode(encoding), MISSIONS)
    assert isinstance(record, MissionRecord)
    assert (record.draft.host_country, record.draft.locality) == ("CI", "Abidjan")


def test_western_letters_are_guessed_and_the_place_is_named() -> None:
    data = "operator;country;city;type\nKenya;Germany;Köln;consulate\n".encode("latin-1")
    source = open_source(data, MISSIONS)
    assert source.opened.guessed_from is not None
    assert source.opened.guessed_from[0] == 2
    assert "Köln" in source.opened.guessed_from[1]
    with pytest.raises(UnreadableFile, match=r"not in UTF-8 \(row 2, at “.*Köln.*”\)"):
        open_source(data, MISSIONS, encoding="utf-8")


def test_the_place_that_is_no_utf_8_is_quoted_from_the_beginning_of_a_word() -> None:
    heads = "Nom;Fonction;Pays;Depuis;Jusqu'à;Rue\nA;Juge;Kenya;2020;;\n".encode("windows-1252")
    assert open_source(heads, OFFICIALS).opened.guessed_from == (1, "Jusqu'à;Rue A;Juge")


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ("Wanjiru Otieno;Minister;Atlantis;;;", "country", "We do not know the country"),
        (";;Kenya;;;", "name", "no name and no office"),
        ("Wanjiru Otieno;Minister;;;;", "country", "is empty"),
        ("Wanjiru Otieno;Minister;Kenya;;2026-02-31;", "end", "is not a date"),
        ("Wanjiru Otieno;Minister;Kenya;;31.02.2026;", "end", "is not a date"),
        ("Wanjiru Otieno;Minister;Kenya;;01/02/2021;", "end", "can be two dates"),
        ("Wanjiru Otieno;Minister;Kenya;;31/02/2021;", "end", "is not a date"),
        ("Wanjiru Otieno;Minister;Kenya;;12/25-2021;", "end", "is not a date"),
        ("Wanjiru Otieno;Minister;Kenya;2026-05;2026-04;", "end", "before the first day"),
        ("MarÃ\xada Otieno;Minister;Kenya;;;", "name", "should be “María Otieno”"),
        ("Mar\ufffda Otieno;Minister;Kenya;;;", "name", "has lost letters"),
        ("Wanjiru Otieno;Minister;Kenya;;;;stray", "", "has 7 cells, but the first line names 6"),
    ],
)
def test_a_bad_row_names_its_field_and_how_to_mend_it(line: str, field: str, words: str) -> None:
    heading = "name;office;country;start;end;email"
    good = "Ben Kiptoo;Speaker;Kenya;2020;;a@example.org, mailto:b@example.org"
    readings = read(f"{heading}\n{good}\n{line}\n", OFFICIALS)
    (problem,) = [reading for reading in readings if isinstance(reading, RowProblem)]
    assert (problem.row, problem.field) == (3, field)
    assert words in str(problem.fault)
    (record,) = [reading for reading in readings if isinstance(reading, OfficialRecord)]
    assert [contact.value for contact in record.draft.contacts] == [
        "a@example.org",
        "b@example.org",
    ]
    assert record.held[0].started_on == date(2020, 1, 1)


def test_rows_are_numbered_by_the_line_they_begin_on() -> None:
    text = 'name,country,street\nAna,Kenya,"1 Road\nNairobi"\n\nBen,Nowhere,x\n'
    record, problem = read(text, OFFICIALS)
    assert (record.row, record.draft.address) == (2, ["1 Road", "Nairobi"])
    assert problem.row == 5


def test_columns_of_one_name_are_refused_by_the_command_and_named_for_the_desk() -> None:
    text = "operator,country,type,city,city\nKenya,Canada,embassy,Ottawa,Toronto\n"
    source = open_source(text.encode(), MISSIONS)
    assert source.table is not None
    assert source.table.list_repeated_names() == ["city"]
    assert source.guesses("x").mapping == [
        "sending_country",
        "host_country",
        "kind",
        "locality",
        "",
    ]
    with pytest.raises(UnreadableFile, match=r"two columns “city” \(columns 4 and 5\)"):
        source.refuse_incomplete(source.guesses("x"))


def test_words_in_several_languages_are_mapped_by_their_columns() -> None:
    text = "Nom complet;office_en;office (fr);Salutation ES;Pays\nAna P;Judge;Juge;Señora:;Kenya"
    (record,) = read(text, OFFICIALS)
    assert record.draft.office == {"en": "Judge", "fr": "Juge"}
    assert record.draft.salutation == {"en": "Dear Ana P:", "es": "Señora:"}


def test_a_list_of_objects_is_a_table_with_what_lies_within() -> None:
    items = [
        {
            "operator": "Kenya",
            "country": "Canada",
            "type": "embassy",
            "phones": ["+1 613 555 0100"],
            "address": {"city": "Ottawa"},
        },
        "stray",
    ]
    source = open_source(json.dumps({"missions": items}).encode(), MISSIONS)
    assert source.table is not None
    assert source.table.columns == ["operator", "country", "type", "phones", "address.city"]
    choices = ImportChoices(
        mapping=["sending_country", "host_country", "kind", "voice", "locality"]
    )
    problem, record = source.readings(choices, today=TODAY, languages=("en",))
    assert (problem.row, str(problem.fault)[:25]) == (2, "This row is not an object")
    assert record.draft.locality == "Ottawa"


def test_cards_of_persons_and_offices_are_read_and_a_broken_one_is_a_bad_row() -> None:
    broken = "BEGIN:VCARD\nVERSION:3.0\nthis is no line of a card\nEND:VCARD\n"
    problem, person, office = read(CARD3 + broken + CARD4, OFFICIALS)
    assert (problem.row, "vCard" in str(problem.fault)) == (2, True)
    assert (person.draft.name, person.draft.office) == (
        "Dr. Wanjiru Otieno",
        {"en": "Minister, Ministry of Justice"},
    )
    assert [(contact.type, contact.value) for contact in person.draft.contacts] == [
        ("voice", "+254 20 555 0100"),
        ("fax", "+254 20 555 0101"),
        ("email", "w@example.org"),
    ]
    assert (person.draft.address, person.draft.locality) == (["1 Sample Road"], "Nairobi")
    assert (office.draft.name, office.draft.office) == ("", {"en": "Office of the Ombudsman"})


def test_popolo_names_per_language_and_offices_with_their_days_are_read() -> None:
    data = {
        "persons": [
            {
                "id": "Q7",
                "name": {"lang:es_MX": "Ana Núñez", "lang:en": "Ana Nunez"},
                "identifiers": [{"scheme": "wikidata", "identifier": "Q7"}],
            }
        ],
        "organizations": [{"id": "c", "name": {"lang:es": "Congreso", "lang:en": "Congress"}}],
        "memberships": [
            {
                "person_id": "Q7",
                "organization_id": "c",
                "start_date": "2012",
                "end_date": "2018-08",
                "role": {"lang:en": "member", "lang:es": "diputada"},
            },
            {
                "person_id": "Q7",
                "organization_id": "c",
                "start_date": "2018-09-01",
                "role": {"lang:en": "speaker", "lang:es": "presidenta"},
            },
        ],
    }
    source = open_source(json.dumps(data).encode(), OFFICIALS)
    assert (source.opened.shape, source.languages()) == (Shape.POPOLO, ["es", "en"])
    choices = ImportChoices(fixed={"country": "MX"}, language="es")
    (record,) = source.readings(choices, today=TODAY, languages=("en",))
    assert (record.draft.name, record.source_id, record.left_on) == ("Ana Núñez", "Q7", None)
    assert record.draft.office == {"en": "Speaker, Congress", "es": "Presidenta, Congreso"}
    assert [(office.started_on, office.ended_on) for office in record.held] == [
        (date(2012, 1, 1), date(2018, 8, 31)),
        (date(2018, 9, 1), None),
    ]


def test_a_file_for_the_other_part_of_the_directory_says_where_it_belongs() -> None:
    with pytest.raises(UnreadableFile, match="Import it with the officials"):
        open_source(b'{"persons": []}', MISSIONS)
    with pytest.raises(UnreadableFile, match="Import it with the missions"):
        open_source(b'[{"type_of": "embassy", "address": "x"}]', OFFICIALS)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "persons",
                    "memberships",
                    "name",
                    "type_of",
                    "address",
                    "id",
                    "person_id",
                    "contact_details",
                    "identifiers",
                    "consulates",
                    "start_date",
                    "website",
                    "other_names",
                    "lang",
                    "email",
                    "areas",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
_CELLS = st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=6), min_size=1, max_size=5)


@with_a_reader
@given(
    st.one_of(
        st.binary(max_size=300),
        _JSON.map(lambda value: json.dumps(value).encode()),
        _CELLS.map(lambda rows: "\n".join(map(";".join, rows)).encode("utf-8", "replace")),
        st.text(max_size=200).map(lambda text: f"BEGIN:VCARD\n{text}\nEND:VCARD".encode()),
        st.binary(max_size=80).map(lambda data: codecs.BOM_UTF16_LE + data),
    ),
    st.sampled_from(list(Directory)),
)
def test_whatever_is_uploaded_is_read_or_refused_with_a_sentence(
    data: bytes, directory: Directory
) -> None:
    try:
        source = open_source(data, directory)
    except UnreadableFile:
        return  # the sentences are looked at above
    for reading in read_source(
        source, country="KE", sending_country="KE", host_country="CA", kind="embassy"
    ):
        assert isinstance(reading, Reading)
        if isinstance(reading, RowProblem):
            assert str(reading.fault)


def test_a_ministrys_list_names_missions_in_every_language_of_the_site() -> None:
    items = [{"type_of": "embassy", "name": "Kenya", "address": "1 Sample Road, Nairobi, Kenya"}]
    (record,) = read(json.dumps(items), Directory.MISSIONS, sending_country="IE")
    assert record.draft.name["fr"].startswith("Ambassade\u00a0: Irlande, ")
