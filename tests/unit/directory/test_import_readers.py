"""Readers of files: missions from CSV and JSON, officials from Popolo."""

from datetime import date
from typing import Any

import pytest

from campaign.core.errors import UnreadableFile
from campaign.core.language_facts import languages_read
from campaign.directory.imports.read_list import open_file
from campaign.directory.imports.read_missions import _OWN_NAMES, read_json, sending_country_of
from campaign.directory.imports.read_officials import country_of, read_popolo
from campaign.directory.imports.read_rows import MissionRecord, OfficialRecord, Repeated
from campaign.directory.imports.row_parts import parse_one_line
from campaign.directory.imports.row_problems import RowProblem
from campaign.models.directory import MissionKind
from tests.mission_tables import read_csv

HEADING = "operator;jurisdictions;country;city;address;phone;email;website;type;QID;"
GOOD = (
    "Mexico;Canada|Bahamas|Ontario;Canada;Ottawa;45 Sample Street, Ottawa;"
    "+1 613 555 0100|+1 613 555 0101;mailto:post@example.org;embassy.example.org;embassy;"
    "http://www.wikidata.org/entity/Q1001;"
)


def rows(*lines: str, heading: str = HEADING) -> list[MissionRecord | RowProblem]:
    return list(read_csv("\r\n".join((heading, *lines)) + "\r\n"))


def test_a_row_becomes_a_mission() -> None:
    (record,) = rows(GOOD)
    assert isinstance(record, MissionRecord)
    draft = record.draft
    assert (record.row, record.source_id) == (2, "Q1001")
    assert draft.kind is MissionKind.EMBASSY
    assert draft.name == {"en": "Embassy of Mexico in Ottawa"}
    assert (draft.sending_country, draft.host_country, draft.accredited_to) == ("MX", "CA", ["BS"])
    assert (draft.address, draft.locality) == (["45 Sample Street"], "Ottawa")
    assert [(contact.type, contact.value) for contact in draft.contacts] == [
        ("voice", "+1 613 555 0100"),
        ("voice", "+1 613 555 0101"),
        ("email", "post@example.org"),
        ("url", "https://embassy.example.org"),
    ]


@pytest.mark.parametrize(
    ("row", "names"),
    [
        (
            "Algeria,Kenya,Nairobi,embassy",
            (
                "Embassy of Algeria in Nairobi",
                "Ambassade\u00a0: Algérie, Nairobi",
                "Embajada: Argelia, Nairobi",
                "سفارة الجزائر في Nairobi",
            ),
        ),
        (
            "Mexico,United States,,consulate general",
            (
                "Consulate General of Mexico in the United States",
                "Consulat général\u00a0: Mexique, États-Unis",
                "Consulado General: México, Estados Unidos",
                "قنصلية المكسيك العامة في الولايات المتحدة",
            ),
        ),
        (
            "Holy See,Kenya,Nairobi,apostolic nunciature",
            (
                "Apostolic Nunciature in Nairobi",
                "Nonciature apostolique\u00a0: Nairobi",
                "Nunciatura Apostólica: Nairobi",
                "السفارة البابوية في Nairobi",
            ),
        ),
    ],
)
def test_a_mission_without_a_name_gets_it_in_every_language_of_the_site(
    row: str, names: tuple[str, ...]
) -> None:
    languages = ("en", "fr", "es", "ar")
    (record,) = read_csv(f"operator,country,city,type\n{row}\n", languages)
    assert isinstance(record, MissionRecord)
    assert record.draft.name == dict(zip(languages, names, strict=True))
    assert record.made_names == set(languages)


def test_every_kind_of_mission_is_called_so_in_every_language() -> None:
    for kind in ("embassy", "high commission", "consulate", "permanent mission", *_OWN_NAMES):
        (record,) = read_csv(f"operator,country,type\nKenya,Canada,{kind}\n", languages_read())
        assert isinstance(record, MissionRecord)
        assert record.draft.name.keys() == set(languages_read())


def test_a_name_that_the_file_has_stays_alone_but_for_english() -> None:
    text = "operator,country,type,name fr\nKenya,Canada,embassy,Ambassade du Kenya\n"
    (record,) = read_csv(text, ("en", "fr", "es"))
    assert isinstance(record, MissionRecord)
    assert record.draft.name == {"en": "Embassy of Kenya in Canada", "fr": "Ambassade du Kenya"}
    assert record.made_names == {"en"}


def test_commas_and_a_byte_order_mark_are_understood() -> None:
    data = "\ufeffoperator,country,city,type\nKenya,Canada,Ottawa,high commission\n".encode()
    (record,) = read_csv(open_file(data).text)
    assert isinstance(record, MissionRecord)
    assert record.draft.name == {"en": "High Commission of Kenya in Ottawa"}
    assert record.source_id == "KE-high-commission-CA-ottawa"


def test_two_rows_without_an_id_get_two_the_same_at_every_reading() -> None:
    line = "Kenya;;Italy;Rome;{};;;;consulate;;"
    lines = (line.format(street) for street in ("1 Via Uno", "2 Via Due"))
    ids = [record.source_id for record in rows(*lines) if isinstance(record, MissionRecord)]
    assert ids == ["KE-consulate-IT-rome", "KE-consulate-IT-rome-2"]


def test_a_mission_that_is_listed_twice_counts_once_also_with_its_name() -> None:
    text = "name;operator;country;city;type;street\n" + "".join(
        f"{name};Kenya;Canada;Toronto;consulate;1 Sample Road\n"
        for name in ("", "Consulate of Kenya in Toronto")
    )
    first, second = read_csv(text, languages=("en", "fr", "es", "ar"))
    assert isinstance(first, MissionRecord)
    assert len(first.draft.name) == 4
    assert isinstance(second, Repeated)


def test_a_mission_that_is_listed_twice_counts_once() -> None:
    embassy, consulate = (
        f"Kenya;;Italy;Rome;{{}};;;;{kind};;" for kind in ("embassy", "consulate")
    )
    streets = ("1 Via Uno", "2 Via Due", "1, VIA UNO")
    lines = [line.format(street) for line in (embassy, consulate) for street in streets]
    repeated = [(row.row, row.of_row) for row in rows(*lines) if isinstance(row, Repeated)]
    assert repeated == [(3, 2), (4, 2), (7, 5)]


@pytest.mark.parametrize(
    ("word", "kind", "name"),
    [
        ("consulate general", MissionKind.CONSULATE, "Consulate General of Kenya in Lyon"),
        ("de facto embassy", MissionKind.EMBASSY, "Embassy of Kenya in Lyon"),
        (
            "British High Commission",
            MissionKind.HIGH_COMMISSION,
            "High Commission of Kenya in Lyon",
        ),
        ("permanent mission", MissionKind.PERMANENT_MISSION, "Permanent Mission of Kenya in Lyon"),
        ("apostolic Nunciature", MissionKind.EMBASSY, "Apostolic Nunciature in Lyon"),
    ],
)
def test_types_are_understood(word: str, kind: MissionKind, name: str) -> None:
    (record,) = rows(f"Kenya;;France;Lyon;;;;;{word};;")
    assert isinstance(record, MissionRecord)
    assert (record.draft.kind, record.draft.name["en"]) == (kind, name)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "Atlantis;;Canada;Ottawa;;;;;embassy;;",
            "operator: We do not know the country “Atlantis”",
        ),
        ("Kenya;;;Ottawa;;;;;embassy;;", "country: This field is empty"),
        ("Kenya;;Canada;Ottawa;;;;;bakery;;", "type: We do not know the kind “bakery”"),
        (f"Kenya;;Canada;{'O' * 101};;;;;embassy;;", "Shorten it to 100"),
        ("Kenya;;Canada;Ott\u202eawa;;;;;embassy;;", "control characters"),
    ],
)
def test_a_bad_row_says_its_number_and_how_to_mend_it(line: str, words: str) -> None:
    good, bad = rows(GOOD, line)
    assert isinstance(good, MissionRecord)
    assert isinstance(bad, RowProblem)
    assert str(bad).startswith("row 3: ")
    assert words in str(bad)


def test_a_file_without_its_columns_is_refused_with_their_names() -> None:
    with pytest.raises(UnreadableFile, match=r"operator, country and type. Missing: type"):
        rows("x;y", heading="operator;country")
    with pytest.raises(UnreadableFile, match="Save it as UTF-8"):
        open_file("Köln".encode("latin-1"))


def ministry_list() -> list[Any]:
    consulate = {
        "type_of": "consulate",
        "name": "newport",
        "head_of_mission": "Ama Boateng",
        "address": "5 Sample Avenue, Newport, MA 02116, USA",
        "tel": "+1 617 555 0100",
        "website": "https://missions.example.ie/en/usa/newport/",
    }
    embassy = {
        "type_of": "embassy",
        "name": "United States of America",
        "head_of_mission": "",
        "address": "2 Sample Ave, NW Washington DC 20008, USA",
        "tel": "+1 202 555 0100",
        "website": "https://missions.example.ie/en/usa/washington/",
        "consulates": [consulate],
    }
    return [consulate, embassy, embassy]


def test_a_ministrys_list_counts_each_mission_once() -> None:
    items = ministry_list()
    assert sending_country_of(items) == "IE"
    again, embassy, consulate, twice, _within = read_json(items, "IE", ("en", "fr"))
    assert isinstance(embassy, MissionRecord)
    assert isinstance(consulate, MissionRecord)
    assert again == Repeated(1, 2, consulate.draft.name)
    assert twice == Repeated(3, 2, embassy.draft.name)
    assert embassy.draft.name == {
        "en": "Embassy of Ireland in Washington",
        "fr": "Ambassade\u00a0: Irlande, Washington",
    }
    assert consulate.draft.name["en"] == "Consulate of Ireland in Newport"
    assert (embassy.source_id, consulate.source_id) == ("IE-embassy-US", "IE-consulate-US-newport")
    place = consulate.draft
    assert (place.address, place.locality, place.region, place.postal_code) == (
        ["5 Sample Avenue"],
        "Newport",
        "MA",
        "02116",
    )
    assert place.head_of_mission == "Ama Boateng"


def test_a_head_of_mission_is_taken_from_the_row_that_names_one() -> None:
    consulate, embassy, _again = ministry_list()
    headed = [consulate, embassy, embassy | {"head_of_mission": "Ama  Mensah"}]
    records = [reading for reading in read_json(headed, "IE") if isinstance(reading, MissionRecord)]
    assert [record.draft.head_of_mission for record in records] == ["Ama Mensah", "Ama Boateng"]


def test_a_head_of_mission_that_cannot_be_kept_is_a_bad_row_alone() -> None:
    consulate = ministry_list()[0] | {"head_of_mission": ""}
    records = list(read_json([consulate, consulate | {"head_of_mission": "A" * 500}], "IE"))
    assert [type(record) for record in records] == [MissionRecord, RowProblem]
    assert str(records[1]).startswith("row 2: head_of_mission: This text has 500 characters")


@pytest.mark.parametrize(
    ("town", "address", "named"),
    [
        ("newport", "2 Sample Point, Newport Bay, CF10 4DQ, Wales", "Newport"),
        ("portonovo", "20/F, 33 Sample Road, Pôrto Novo", "Pôrto Novo"),
        ("elsewhere", "16 Sample Crescent", "Elsewhere"),
    ],
)
def test_a_consulate_is_called_by_its_town_also_where_the_address_hides_it(
    town: str, address: str, named: str
) -> None:
    consulate = {"type_of": "consulate", "name": town, "address": address}
    embassy = {"type_of": "embassy", "name": "Great Britain", "consulates": [consulate]}
    readings = list(read_json([embassy], "IE"))
    assert isinstance(readings[1], MissionRecord)
    assert readings[1].draft.name == {"en": f"Consulate of Ireland in {named}"}


def test_an_item_that_is_none_is_a_bad_row() -> None:
    readings = list(read_json(["nonsense", {"type_of": "embassy", "name": "Nowhere"}], "IE"))
    assert sorted(str(reading)[:5] for reading in readings) == ["row 1", "row 2"]
    assert all(isinstance(reading, RowProblem) for reading in readings)


@pytest.mark.parametrize(
    ("address", "country", "hint", "parts"),
    [
        ("Platz 1, 10117 Berlin, Germany", "DE", "berlin", (["Platz 1"], "Berlin", "", "10117")),
        ("Weg 2, A-1010 Vienna", "AT", "vienna", (["Weg 2"], "Vienna", "", "1010")),
        (
            "Straat 3, 2584 AE The Hague",
            "NL",
            "thehague",
            (["Straat 3"], "The Hague", "", "2584 AE"),
        ),
        ("1 Road, Nairobi", "KE", "elsewhere", (["1 Road, Nairobi"], "", "", "")),
        ("", "KE", "nairobi", ([], "", "", "")),
    ],
)
def test_an_address_in_one_line_is_taken_apart_only_where_that_is_sure(
    address: str, country: str, hint: str, parts: tuple[Any, ...]
) -> None:
    place = parse_one_line(address, country, "", hint)
    assert (place.address, place.locality, place.region, place.postal_code) == parts


def popolo(**person: Any) -> dict[str, Any]:
    return {
        "persons": [{"id": "p1", "name": "Wanjiru Otieno"} | person],
        "posts": [{"id": "speaker", "label": "Speaker"}],
        "organizations": [{"id": "house", "name": "House of Examples"}],
        "areas": [{"id": "ocd-division/country:ke/area:x", "name": "Sampleton"}],
        "memberships": [
            {
                "person_id": "p1",
                "organization_id": "house",
                "role": "member",
                "area_id": "ocd-division/country:ke/area:x",
            }
        ],
    }


def test_a_person_with_a_post_becomes_an_official() -> None:
    (record,) = read_popolo(
        popolo(
            honorific_prefix="Dr.",
            email="w@example.org",
            contact_details=[
                {"type": "email", "value": "w@example.org"},
                {"type": "cell", "value": "+254 20 555 0100"},
                {"type": "pigeon", "value": "grey"},
            ],
        ),
        "KE",
    )
    assert isinstance(record, OfficialRecord)
    assert record.draft.name == "Dr. Wanjiru Otieno"
    assert record.draft.office == {"en": "Member, House of Examples, Sampleton"}
    assert record.draft.salutation == {"en": "Dear Wanjiru Otieno:"}
    assert [(contact.type, contact.value) for contact in record.draft.contacts] == [
        ("email", "w@example.org"),
        ("voice", "+254 20 555 0100"),
    ]


def test_a_post_says_more_than_a_role() -> None:
    data = popolo()
    data["memberships"][0]["post_id"] = "speaker"
    (record,) = read_popolo(data, "KE")
    assert isinstance(record, OfficialRecord)
    assert record.draft.office == {"en": "Speaker, House of Examples, Sampleton"}


def test_who_has_died_or_left_office_is_read_as_gone() -> None:
    (dead,) = read_popolo(popolo(death_date="2014-07-06"), "KE")
    assert isinstance(dead, OfficialRecord)
    assert dead.left_on == date(2014, 7, 6)
    data = popolo()
    data["memberships"][0]["end_date"] = "2014-03"
    (gone,) = read_popolo(data, "KE")
    assert isinstance(gone, OfficialRecord)
    assert gone.left_on == date(2014, 3, 31)


def test_a_person_without_a_name_is_a_bad_row_and_one_with_a_broken_address_is_not() -> None:
    (problem,) = read_popolo(popolo(name=""), "KE")
    assert isinstance(problem, RowProblem)
    (record,) = read_popolo(popolo(email="nobody at all"), "KE")
    assert isinstance(record, OfficialRecord)
    assert record.left_out == (("email", "nobody at all"),)


def test_the_country_of_a_popolo_file_is_in_its_areas_or_its_name() -> None:
    assert country_of(popolo(), "x.json") == "KE"
    assert country_of({}, "ep_south_africa.json") == "ZA"
    assert country_of({}, "people.json") is None
    with pytest.raises(UnreadableFile, match="not a Popolo file"):
        list(read_popolo([], "KE"))
