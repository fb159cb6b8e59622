"""What imports forgive: numbers, encodings, titles, several lists, kinds and countries by name."""

import io
import json
import re
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from campaign.core import i18n
from campaign.core.errors import UnreadableFile
from campaign.core.text.inert_cells import inert, plain
from campaign.directory.contacts import split_values
from campaign.directory.countries import country_code_anywhere
from campaign.directory.directory_export import COLUMNS as EXPORTED
from campaign.directory.imports.guess_columns import WHICH, guess
from campaign.directory.imports.plan import find_crowded_offices
from campaign.directory.imports.read_list import guess_encoding, open_file, samples_of
from campaign.directory.imports.read_officials import read_popolo
from campaign.directory.imports.read_rows import MissionRecord, OfficialRecord
from campaign.directory.imports.row_parts import find_kind, parse_one_line, read_day
from campaign.directory.imports.row_problems import RowProblem, UnreadableRow
from campaign.directory.imports.tables import OURS, Table, table_of_csv
from campaign.directory.imports.uploads import open_source
from campaign.models.directory import Directory, MissionKind

TODAY = date(2026, 11, 24)
MISSIONS, OFFICIALS = Directory.MISSIONS, Directory.OFFICIALS
SENDER, HOST = "sending_country", "host_country"


def read(data: bytes | str, directory: Directory = MISSIONS, **fixed: str) -> list[Any]:
    source = open_source(data if isinstance(data, bytes) else data.encode(), directory)
    choices = source.guesses("x.csv")
    choices.fixed |= fixed
    return list(source.readings(choices, today=TODAY, languages=("en", "fr")))


@given(st.text(min_size=1, max_size=20))
def test_no_code_of_a_language_or_country_breaks_a_page(code: str) -> None:
    assert i18n.language_name(code, "en")
    assert i18n.direction(code) in {"ltr", "rtl"}
    assert isinstance(i18n.country_name(code, code), str)
    assert isinstance(i18n.country_for_post(code, code, code), str)
    assert i18n.say_date(TODAY, code)


@pytest.mark.parametrize("apostrophe", ["'", "’", ""])
def test_an_apostrophe_in_the_head_of_a_column_does_not_matter(apostrophe: str) -> None:
    head = f"Pays d{apostrophe}envoi,Pays hôte,Heures d{apostrophe}ouverture,Type"
    (mission,) = read(f"{head}\nKenya,Canada,9 h à 12 h,ambassade")
    assert isinstance(mission, MissionRecord)
    assert (mission.draft.sending_country, mission.draft.hours) == ("KE", "9 h à 12 h")


@pytest.mark.parametrize(
    ("code", "name"), [("bar", "Bavarian"), ("sh", "Serbo-Croatian"), ("qqq", "qqq")]
)
def test_a_language_that_has_no_locale_has_its_name_or_its_code(code: str, name: str) -> None:
    assert i18n.language_name(code, "en") == name


@pytest.mark.parametrize(
    ("text", "kept", "left"),
    [
        ("8521-0306; 8892-4195 F", ["voice 8521-0306", "fax 8892-4195"], []),
        ("8442-4422; local 7940", ["voice 8442-4422 ext. 7940"], []),
        ("0300-5012990, x@example.org", ["voice 0300-5012990", "email x@example.org"], []),
        ("/ 0773 103 483", ["voice 0773 103 483"], []),
        ("8834-2948 to 50", ["voice 8834-2948"], ["50"]),
        ("TL: 8812 3456; TF 8812 9999", ["voice 8812 3456", "fax 8812 9999"], []),
        ("+63 2 8521-0306 / 8892-4195 (TF)", ["voice +63 2 8521-0306", "fax 8892-4195"], []),
        ("(02) 8856-6661 loc. 12", ["voice (02) 8856-6661 ext. 12"], []),
        ("tél. 031 123 45 67", ["voice 031 123 45 67"], []),
        ("030/1234567", ["voice 030/1234567"], []),
        ("٠١٢٣٤٥٦٧٨", ["voice 012345678"], []),
        ("8834-1234 (Consular Section)", ["voice 8834-1234"], ["Consular Section"]),
        ("+(597)", [], ["+(597)"]),
    ],
)
def test_numbers_are_read_as_lists_of_embassies_write_them(
    text: str, kept: list[str], left: list[str]
) -> None:
    contacts, unread = split_values("voice", text)
    assert ([f"{contact.type} {contact.value}" for contact in contacts], unread) == (kept, left)


@given(st.text(max_size=400))
def test_nothing_that_stands_for_a_number_or_address_refuses_a_row(text: str) -> None:
    for kind in ("voice", "fax", "email", "url", "twitter"):
        contacts, _left = split_values(kind, text)
        assert all(contact.value for contact in contacts)


def test_a_number_or_day_that_cannot_be_read_is_left_out_of_a_row_that_is_kept() -> None:
    text = "operator,country,type,city,phone,checked\nKenya,Canada,embassy,Ottawa,+(597),soon\n"
    (record,) = read(text)
    assert isinstance(record, MissionRecord)
    assert record.left_out == (("checked", "soon"), ("phone", "+(597)"))


def popolo(**membership: str) -> dict[str, Any]:
    return {
        "persons": [{"id": "1", "name": "Wanjiru Otieno"}],
        "memberships": [{"person_id": "1", "role": "member", **membership}],
        "events": [
            {"id": "term/1", "start_date": "2011-03-09", "end_date": "2016-02-03"},
            {"id": "term/2", "start_date": "2016-02-03"},
        ],
    }


@pytest.mark.parametrize("typed", ["25/12/2021", "12/25/2021", "25-12-2021", "25.12.2021"])
def test_a_day_that_can_be_only_one_is_taken(typed: str) -> None:
    assert read_day("left_on", typed) == date(2021, 12, 25)
    assert read_day("left_on", "5/5/2021") == date(2021, 5, 5)
    with pytest.raises(UnreadableRow, match="can be two dates"):
        read_day("left_on", "11/12/2021")


@pytest.mark.parametrize(
    ("membership", "left_on", "days"),
    [
        (
            {"legislative_period_id": "term/1"},
            date(2016, 2, 3),
            (date(2011, 3, 9), date(2016, 2, 3)),
        ),
        (
            {"legislative_period_id": "term/1", "end_date": "2012-01-01"},
            date(2012, 1, 1),
            (date(2011, 3, 9), date(2012, 1, 1)),
        ),
        ({"legislative_period_id": "term/2"}, None, (date(2016, 2, 3), None)),
        ({"legislative_period_id": "term/9"}, None, (None, None)),
    ],
)
def test_a_membership_without_days_has_those_of_its_period(
    membership: dict[str, str], left_on: date | None, days: tuple[date | None, date | None]
) -> None:
    (record,) = read_popolo(popolo(**membership), "IE", today=TODAY)
    assert isinstance(record, OfficialRecord)
    assert record.left_on == left_on
    assert (record.held[0].started_on, record.held[0].ended_on) == days


@pytest.mark.parametrize(("days_ago", "has_left"), [(-1, False), (0, False), (1, True)])
def test_who_has_their_last_day_today_has_not_left_by_a_file(days_ago: int, has_left: bool) -> None:
    end = TODAY - timedelta(days=days_ago)
    (row,) = read(f"name;office;country;until\nAna;Mayor;Mexico;{end}\n", OFFICIALS)
    (person,) = read_popolo(popolo(end_date=end.isoformat()), "IE", today=TODAY)
    for record in (row, person):
        assert isinstance(record, OfficialRecord)
        assert record.left_on == (end if has_left else None)
        assert record.held[0].ended_on == end


def test_many_who_hold_what_one_holds_are_told_and_members_are_not() -> None:
    rows = "".join(
        f"Person {at};President of Mexico;Mexico\nMember {at};Member;Mexico\n" for at in range(17)
    )
    readings = read(f"name;office;country\n{rows}", OFFICIALS)
    assert find_crowded_offices(readings) == [("President of Mexico", 17)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Consulate General of Kenya (Cebu)", MissionKind.CONSULATE),
        ("Embassy of Japan, Consular Section", MissionKind.EMBASSY),
        ("Permanent Mission to the United Nations", MissionKind.PERMANENT_MISSION),
        ("Représentation permanente", MissionKind.PERMANENT_MISSION),
        ("Haut-commissariat", MissionKind.HIGH_COMMISSION),
        ("Consulado General", MissionKind.CONSULATE),
        ("Nonciature apostolique", MissionKind.EMBASSY),
        ("Delegation of the European Union", MissionKind.EMBASSY),
        ("Honorarkonsulat", MissionKind.CONSULATE),
        ("Botschaft der Schweiz", MissionKind.EMBASSY),
        ("القنصلية العامة لكندا", MissionKind.CONSULATE),
        ("سفارة كندا", MissionKind.EMBASSY),
        ("Bakery", None),
    ],
)
def test_the_kind_is_read_from_a_name(name: str, kind: MissionKind | None) -> None:
    assert find_kind(name) == kind


def test_a_name_tells_the_kind_before_what_holds_for_all_and_after_the_row_itself() -> None:
    text = "operator,country,office_name,city,type\nKenya,Canada,Consulate of Kenya,Toronto,\n"
    text += "Kenya,Canada,Consulate of Kenya,Ottawa,embassy\nKenya,Canada,Kenya House,Hull,\n"
    readings = read(text, kind="high-commission")
    assert [reading.draft.kind.value for reading in readings] == [
        "consulate",
        "embassy",
        "high-commission",
    ]
    *_, last = read(text)
    assert isinstance(last, RowProblem)
    assert "the name does not show the kind" in str(last.fault)


LISTS = {
    "Diplomatic Mission": [{"country": "Kenya", "office_name": "Embassy of Kenya"}],
    "Consulate": [
        {"country": "Kenya", "office_name": "Consulate of Kenya", "contact": "8521-0306"}
    ],
    "International Organization": [{"country": "Nowhere", "office_name": "An office"}],
}


def test_of_several_lists_the_key_is_a_column_and_some_can_be_chosen() -> None:
    source = open_source(json.dumps(LISTS).encode(), MISSIONS)
    assert source.table is not None
    assert dict(source.table.lists) == {
        "Diplomatic Mission": 1,
        "Consulate": 1,
        "International Organization": 1,
    }
    choices = source.guesses("x.json")
    assert choices.mapping == ["kind", "sending_country", "name:en", "voice"]
    choices.fixed, choices.lists = {"host_country": "PH"}, ["Diplomatic Mission", "Consulate"]
    readings = list(source.readings(choices, today=TODAY, languages=("en",)))
    assert [reading.draft.kind.value for reading in readings] == ["embassy", "consulate"]
    choices.lists = []
    assert len(list(source.readings(choices, today=TODAY, languages=("en",)))) == 3


TEXTS = {
    "windows-1256": "الاسم;المنصب;البلد\nمحمد السيد;وزير العدل;مصر\nسارة الحسن;وزيرة;لبنان\n",
    "cp949": "대사관,주소\n가나대사관,서울시 용산구 독서당로\n케냐대사관,서울시 용산구\n",
    "windows-1250": "jméno;úřad;země\nJiří Dvořák;ministr;Česko\nŽaneta Šťastná;ředitelka;Česko\n",
    "windows-1251": "имя;должность;страна\nИван Петров;министр юстиции;Россия\n",
    "windows-1252": "nom;adresse\nAmbassade de Côte d’Ivoire;été à Köln\n",
    "windows-1254": "ad;görev;ülke\nAyşe Yılmaz;Bakan;Türkiye\nİsmail Çağlar;Başkan;Türkiye\n",
    "gb18030": "姓名,职务,国家\n王伟,司法部长,中国\n李娜,大使,肯尼亚\n",
    "shift_jis": "氏名,役職,国\n田中太郎,法務大臣,日本\n佐藤花子,大使,ケニア\n",
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_encodings_are_guessed_shown_and_can_be_chosen(name: str) -> None:
    data = TEXTS[name].encode(name)
    assert guess_encoding(data) == name
    assert open_file(data, guess=True).text == TEXTS[name]
    assert open_file(data, encoding=name).text == TEXTS[name]
    words = re.split(r"[\s;,]+", TEXTS[name])
    word = next(word for word in words if not word.isascii())
    assert samples_of(data)[name].startswith(word)


def test_arabic_and_german_heads_are_guessed_and_cells_tell_what_heads_do_not() -> None:
    arabic = table_of_csv("الاسم;المنصب;البلد;البريد الإلكتروني\nأ;ب;مصر;x@example.org\n")
    assert guess(arabic, OFFICIALS) == ["full_name", "office:ar", "country", "email"]
    german = table_of_csv("Land;Art;Straße;PLZ;Ort;Telefon\nKenia;Botschaft;Weg 1;10115;Berlin;1\n")
    assert guess(german, MISSIONS) == [WHICH, "kind", "street", "postal_code", "locality", "voice"]
    told = table_of_csv(
        "name;country;a;b;c;d\nA;Kenya;x@example.org;+1 613 555 0100;https://example.org;45.42153\n"
        "B;Kenya;y@example.org;+1 613 555 0101;www.example.org;45.52153\n"
    )
    assert guess(told, OFFICIALS) == ["full_name", "country", "email", "voice", "url", ""]


@pytest.mark.parametrize(
    ("heads", "directory", "wanted"),
    [
        ("Nom;Fonction;Pays", OFFICIALS, ["full_name", "office:fr", "country"]),
        (
            "Nombre;Cargo;Ministerio;País",
            OFFICIALS,
            ["full_name", "office:es", "organization:es", "country"],
        ),
        (
            "الاسم;الوظيفة;الجهة;البلد",
            OFFICIALS,
            ["full_name", "office:ar", "organization:ar", "country"],
        ),
        *(
            (heads, OFFICIALS, ["full_name", "country", "started_on", "ended_on"])
            for heads in (
                "Nom;Pays;Depuis;Jusqu’à",
                "Nom;Pays;Depuis le;Jusqu'au",
                "Nombre;País;Desde;Hasta",
                "الاسم;البلد;منذ;حتى",
                "Name;Country;Took office;Left office",
                "name;country;took_office_on;left_office_on",
                "Name;Country;Start of term;End of term",
                "Nom;Pays;Entrée en fonction;A quitté ses fonctions le",
                "Nom;Pays;Prise de fonctions;Fin de mandat",
                "Nombre;País;Asumió el cargo;Dejó el cargo",
                "Nombre;País;Toma de posesión;Fecha de cese",
                "الاسم;البلد;تولى المنصب;ترك المنصب",
                "الاسم;البلد;تاريخ تولي المنصب;تاريخ ترك المنصب",
            )
        ),
        ("Name;Poste;Title", OFFICIALS, ["full_name", "office:fr", "office:en"]),
        (
            "Name;Fonction (anglais);Cargo en francés;المنصب بالعربية",
            OFFICIALS,
            ["full_name", "office:en", "office:fr", "office:ar"],
        ),
        # English has the word too: the other heads tell.
        ("Nom;Fonction;Institution", OFFICIALS, ["full_name", "office:fr", "organization:fr"]),
        ("Name;Office;Institution", OFFICIALS, ["full_name", "office:en", "organization:en"]),
        ("Name;Funktion;office_es", OFFICIALS, ["full_name", "office:en", "office:es"]),
        ("Nom de la mission;Pays hôte;Genre", MISSIONS, ["name:fr", "host_country", "kind"]),
    ],
)
def test_words_are_in_the_language_of_their_head(
    heads: str, directory: Directory, wanted: list[str]
) -> None:
    row = ";".join("abcde"[: len(wanted)])
    assert guess(table_of_csv(f"{heads}\n{row}\n"), directory) == wanted


@pytest.mark.parametrize(
    ("heads", "rows", "wanted"),
    [
        ("Pays;Mission", ["Kenya;Ambassade du Kenya à Ottawa", "Cuba;Ambassade de Cuba"], SENDER),
        ("country;name", ["Kenya;Embassy of Cuba in Kenya", "Peru;Embassy of Cuba, Peru"], HOST),
        ("country;name", [*["-;Embassy of Cuba"] * 2, "Kenya;Embassy of Cuba in Kenya"], HOST),
        ("País;dirección", ["Kenya;1 Old Road, Nairobi, Kenya", "Peru;Lima, Peru"], HOST),
        ("الدولة;المدينة", ["كينيا;أوتاوا", "مصر;أوتاوا", "بيرو;أوتاوا"], SENDER),
        ("country;city", ["Kenya;Nairobi", "Peru;Lima", "Egypt;Cairo"], HOST),
        ("country;operator", ["Kenya;Cuba", "Kenya;Cuba"], HOST),
        ("country;host country", ["Kenya;Cuba", "Kenya;Cuba"], SENDER),
        ("country;city", ["Kenya;Nairobi", "Kenya;Mombasa", "Kenya;Kisumu"], WHICH),
        ("country;street", ["Kenya;1 Old Road", "Peru;2 Old Road", "Egypt;3 Old Road"], WHICH),
    ],
)
def test_a_country_alone_is_what_the_rows_tell_or_is_asked(
    heads: str, rows: list[str], wanted: str
) -> None:
    assert guess(table_of_csv("\n".join([heads, *rows])), MISSIONS)[0] == wanted


@pytest.mark.parametrize("title", ["Diplomatic list", "Diplomatic list, 2026", "List;;;"])
def test_a_title_above_the_heads_is_looked_past(title: str) -> None:
    table = table_of_csv(f"{title}\n\noperator;country;type;city\nKenya;Canada;embassy;Ottawa\n")
    assert (table.columns[0], table.head, table.rows[0][0]) == ("operator", 3, 4)
    chosen = table_of_csv("a;b\nc;d\ne;f\n", head=2)
    assert (chosen.columns, chosen.rows) == (["c", "d"], [(3, ["e", "f"])])


def test_refused_rows_come_back_as_they_were_and_our_columns_are_not_read_again() -> None:
    text = f"{OURS}Row,{OURS}What to mend,operator,country\n4,country: is empty,Kenya,'+1\n"
    table = table_of_csv(text)
    assert (table.columns, table.rows) == (["operator", "country"], [(2, ["Kenya", "+1"])])
    (problem,) = read("operator,country,type\nAtlantis,Canada,embassy\n")
    assert (problem.columns, problem.cells) == (
        ("operator", "country", "type"),
        ("Atlantis", "Canada", "embassy"),
    )


@pytest.mark.parametrize(
    ("named", "locale", "is_read"),
    [
        ("fr", "fr", True),
        ("French", "fr", True),
        ("", "", True),
        ("German", "", False),
        ("Frisian", "", False),
    ],
)
def test_the_language_of_an_official_is_read_or_named(
    named: str, locale: str, is_read: bool
) -> None:
    text = f"name,office,country,language\nInes Quintero,Governor,Kenya,{named}\n"
    (official,) = read(text, OFFICIALS)
    assert official.draft.preferred_locale == locale
    assert official.left_out == (() if is_read else (("language", named),))


@given(st.text())
def test_a_cell_that_was_made_safe_is_itself_again(cell: str) -> None:
    assert plain(inert(cell)) == cell or cell.startswith("'")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Schweiz", "CH"),
        ("Österreich", "AT"),
        ("République tchèque", "CZ"),
        ("日本", "JP"),
        ("Corée (République de)", "KR"),
        ("Congo (Democratic Republic)", "CD"),
        ("COTE D' IVOIRE", "CI"),
        ("État plurinational de Bolivie", "BO"),
        ("UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND", "GB"),
        ("République fédérale d’Allemagne", "DE"),
        ("Republic of China", None),
        ("European Union", "EU"),
        ("Order of Malta", "XM"),
        ("xm", "XM"),
        ("Atlantis", None),
    ],
)
def test_a_sender_is_known_by_its_names_in_many_languages(name: str, code: str | None) -> None:
    assert country_code_anywhere(name, sender=True) == code


def test_what_is_no_country_sends_missions_and_hosts_none() -> None:
    assert country_code_anywhere("European Union") is None
    assert i18n.country_name("XM", "fr") == "Ordre souverain de Malte"
    assert "EU" not in dict(i18n.countries("en"))


def test_texts_that_are_no_country_are_asked_once_each_and_go_by_the_answer() -> None:
    text = (
        "operator,country,type,city\nAtlantis,Canada,embassy,Ottawa\nAtlantis,Nowhere,embassy,A\n"
    )
    source = open_source(text.encode(), MISSIONS)
    choices = source.guesses("x.csv")
    assert source.unknown_countries(choices.mapping, []) == {"Atlantis": 2, "Nowhere": 1}
    choices.countries = {"Atlantis": "XM"}
    record, problem = source.readings(choices, today=TODAY, languages=("en",))
    assert record.draft.sending_country == "XM"
    assert "We do not know the country “Nowhere”" in str(problem.fault)


def workbook(rows: list[list[Any]], *, more: bool = False) -> bytes:
    book = Workbook()
    if more:
        book.active.title = "Notes"
        book.active.append(["Read this"])
        book.create_sheet("Empty")
        book.create_sheet("List")
    for row in rows:
        book.worksheets[-1].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_is_read_as_a_person_reads_it() -> None:
    heads = ["operator", "country", "type", "city", "postal code", "checked"]
    data = workbook([heads, ["Kenya", "Canada", "embassy", "Ottawa", 12345, date(2026, 1, 2)]])
    (record,) = read(data)
    assert (record.row, record.draft.postal_code) == (2, "12345")
    assert record.draft.last_checked_on == date(2026, 1, 2)
    several = workbook([heads, ["Kenya", "Canada", "embassy", "Ottawa", "", None]], more=True)
    source = open_source(several, MISSIONS, sheet="List")
    assert source.opened.book is not None
    assert source.opened.book.sheets == ("Notes", "List")
    assert len(list(source.readings(source.guesses("x.xlsx"), today=TODAY, languages=("en",)))) == 1


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped(a_txt=b"x"), "Unpack it first"),
        (zipped(content_xml=b"<a/>"), "We cannot read this"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 2000, "We cannot read this"),
    ],
)
def test_what_is_no_workbook_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        open_source(data, MISSIONS)


def test_a_bomb_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="much more than a list"):
        open_source(zipped(content_xml=b" " * 210_000_000), MISSIONS)


@pytest.mark.parametrize("rows", [5_000, 1_048_576])
def test_a_cell_in_the_last_corner_does_not_eat_the_memory(rows: int) -> None:
    book = Workbook()
    book.active["A1"] = "operator"
    book.active.cell(rows, 16_384, "x")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(UnreadableFile, match="cannot be read"):
        open_source(out.getvalue(), MISSIONS)


def test_a_card_that_is_cut_off_says_so() -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nADR:;;;;;;Kenya\nEND:VCARD\nBEGIN:VCARD\nFN:B\n"
    _good, problem = read(card, OFFICIALS)[::-1]
    assert "the file is incomplete" in str(problem.fault)


def test_an_abbreviation_in_an_address_keeps_its_full_stop() -> None:
    place = parse_one_line("Unit 2, Sample Bldg., Sample St., Makati. ", "PH", "Makati")
    assert (place.address, place.locality) == (["Unit 2, Sample Bldg., Sample St."], "Makati")


def test_countries_in_all_languages_leave_nothing_of_them_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: dict[str, object] = {}
    monkeypatch.setattr(localedata, "_cache", kept)
    assert {("CL", "Cile"), ("DE", "Γερμανία")} <= set(i18n.countries_anywhere())
    assert kept == {}


@pytest.mark.parametrize("directory", Directory)
def test_every_column_of_our_export_is_recognized(directory: Directory) -> None:
    heads = list(EXPORTED[directory])
    meanings = guess(Table(heads), directory)
    assert [head for head, meaning in zip(heads, meanings, strict=True) if not meaning] == []
