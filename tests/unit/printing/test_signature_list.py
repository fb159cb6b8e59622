"""The signature list: its rows are all there, whole, in any script, on the pages they belong to."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from campaign.core.isolation.worker import WorkProcess
from campaign.printing.geometry import A4, LETTER
from campaign.printing.printed_content import SignatureRow
from campaign.printing.sheets import bundle_sheets
from campaign.printing.signature_list.list_job import PageWriter, typeset_list
from campaign.printing.signature_list.list_sheet import SETTINGS, Fitter, cells, clean, list_sheet
from campaign.printing.signature_list.typeface import Typeface
from tests.unit.printing.pdf_pages import pages_of
from tests.unit.printing.test_lists import LABELS, LIST, LONG, row

ADDRESS = "1234 chemin de la Côte-Sainte-Catherine, app. 12, Saint-Germain-de-Grantham QC J0C 1K0"
NAMES = (
    LONG,
    "Ольга Александровна Достоевская",
    "Ελευθερία Παπαδοπούλου",
    "Nguyễn Thị Hồng Nhung",
    "Off Affton Waffle",
    "山田太郎",
    "김철수",
    "歐陽予倩司馬相如諸葛孔明歐陽予倩司馬相如諸葛孔明",
)
ARABIC = "فاطمة عبد الرحمن"


def full_row(number: int, name: str) -> SignatureRow:
    place = ("Dolores Hidalgo Cuna de la Independencia", "Guanajuato", "México")
    return SignatureRow(f"{number:05d}", name, *place, ADDRESS, "24 April 2031", "")


def one_line(text: str) -> str:
    """Text as read from a page, without what its lines add; ligatures of Arabic taken apart."""
    text = re.sub(r"-\s*\n\s*|\ufffe|\u0002", "-", text)
    return unicodedata.normalize("NFKC", " ".join(text.split()))


def job(rows: list[SignatureRow], out: Path) -> dict[str, object]:
    sent: dict[str, object] = {}

    class Caught(Exception):
        pass

    def run(self: WorkProcess, work: str, job: dict[str, object], *_: object) -> None:
        sent.update(job)
        raise Caught

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkProcess, "run", run)
        with pytest.raises(Caught):
            bundle_sheets.signature_list(rows, len(rows), LIST, A4, out)
    return {**sent, "out": str(out)}


def test_names_of_any_script_and_long_addresses_are_whole(tmp_path: Path) -> None:
    rows = [full_row(number, name) for number, name in enumerate(NAMES, 1)]
    file = bundle_sheets.signature_list(rows, len(rows), LIST, A4, tmp_path / "s.pdf")
    text = one_line("\n".join(pages_of(file.path)))
    # Where a line of Chinese ends, reading adds a space.
    close = text.replace(" ", "")
    assert [name for name in NAMES if name.replace(" ", "") not in close] == []
    assert text.count(ADDRESS) == len(rows)
    assert text.count("Dolores Hidalgo Cuna de la Independencia, Guanajuato, México") == len(rows)


def test_a_name_from_right_to_left_is_whole_in_lists_of_either_direction(tmp_path: Path) -> None:
    for locale in ("en", "ar"):
        context = replace(LIST, locale=locale)
        file = bundle_sheets.signature_list(
            [full_row(1, ARABIC)], 1, context, LETTER, tmp_path / "s.pdf"
        )
        read = one_line(pages_of(file.path)[0])
        assert set(ARABIC.split()) <= set(read.split())
        assert ADDRESS in read


def test_a_name_of_three_hundred_letters_is_whole(tmp_path: Path) -> None:
    name = " ".join(f"Name{number}" for number in range(50))
    file = bundle_sheets.signature_list([row(1, name)], 1, LIST, LETTER, tmp_path / "s.pdf")
    assert name in one_line(pages_of(file.path)[0])


def test_characters_that_no_font_has_do_not_stop_the_list(tmp_path: Path) -> None:
    odd = "Ot\x00to\nline \U0001f600 \ud800 \ue123 \uffff \U000e0001\u202e"
    rows = [row(1, odd), row(2, ""), row(3)]
    file = bundle_sheets.signature_list(rows, 3, LIST, LETTER, tmp_path / "s.pdf")
    text = one_line(pages_of(file.path)[0])
    assert ["Ot to line \u25a1" in text, "00002" in text, "Ottoline Freke" in text] == [True] * 3


def test_pages_are_numbered_and_filled_across_the_borders_of_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_sheets, "PAGES_PER_CHUNK", 2)
    sheet = list_sheet(LETTER, LABELS)
    total = sheet.rows_on(1) + 4 * sheet.rows_on(2) + 1
    read: list[int] = []

    def rows() -> Iterator[SignatureRow]:
        for number in range(1, total + 1):
            read.append(number)
            yield row(number, ARABIC if number % 40 == 0 else "Ottoline Freke")

    file = bundle_sheets.signature_list(rows(), total, LIST, LETTER, tmp_path / "s.pdf")
    pages = pages_of(file.path)
    assert file.pages == len(pages) == 6
    number = 0
    for index, page in enumerate(pages, 1):
        assert f"Page {index} of 6" in page
        assert ("Letters " + str(total) in page) == (index == 1)
        here = [int(digits) for digits in re.findall(r"^(\d{5})\b", page, re.MULTILINE)]
        count = min(sheet.rows_on(index), total - number)
        assert here == list(range(number + 1, number + count + 1))
        number += count
    assert read == list(range(1, total + 1))


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [full_row(number, name) for number, name in enumerate((*NAMES, ARABIC), 1)]
    first, second = (
        bundle_sheets.signature_list(rows, len(rows), LIST, A4, tmp_path / f"{name}.pdf")
        for name in "ab"
    )
    assert first.sha256 == second.sha256


def test_lines_set_without_the_renderer_have_its_glyphs_and_kerning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Yves LeTourneau", "AVA Tayo Wójcik", "Affton Off", "Ťažký, L’Été", "Таня Гуляева")
    order = job([row(number, name) for number, name in enumerate(names, 1)], tmp_path / "s.pdf")
    typeset_list(order)
    with pikepdf.open(str(order["out"])) as pdf:
        ours = _lines_of(pdf.pages[0].obj.Contents.read_bytes())
    monkeypatch.setattr(PageWriter, "_is_plain", lambda _, text: text.startswith("Page"))
    typeset_list(order)
    with pikepdf.open(str(order["out"])) as pdf:
        shaped = pdf.pages[0].obj.Resources.XObject.Shaped
        theirs = _lines_of(shaped.read_bytes())
    # The page's number stands last in ours.
    assert len(ours) == len(theirs) + 1
    for (glyphs, kerns), (their_glyphs, their_kerns) in zip(ours, theirs, strict=False):
        assert (glyphs, len(kerns)) == (their_glyphs, len(their_kerns))
        assert kerns == pytest.approx(their_kerns, abs=1.01)


def _lines_of(content: bytes) -> list[tuple[int, list[int]]]:
    """For each line of type: how many glyphs, and the kerning between them."""
    lines = []
    for array in re.findall(rb"\[(<.*?>)\d*\] ?TJ", content):
        kerns = [int(number) for number in re.findall(rb">(-?\d+)<", array)]
        glyphs = sum(len(part) // 4 for part in re.findall(rb"<(.*?)>", array))
        lines.append((glyphs, [kern for kern in kerns if kern]))
    return lines


def test_a_cell_is_set_in_the_largest_size_that_holds_it() -> None:
    face = Typeface("en")
    fitter = Fitter(face, SETTINGS)
    assert fitter.fit("Ottoline Freke", 40).setting.size == 8.5
    long = fitter.fit(LONG, 40)
    assert long.setting.size < 8.5
    assert " ".join(long.lines) == LONG
    for line in long.lines:
        assert face.width(line) * long.setting.size * 25.4 / 72 <= 40


def test_a_line_ends_after_a_hyphen_and_an_endless_word_anywhere() -> None:
    fitter = Fitter(Typeface("en"), SETTINGS)
    assert fitter.fit("Anne-Marie Saint-Jean-sur-Richelieu", 30).lines == (
        "Anne-Marie Saint-Jean-",
        "sur-Richelieu",
    )
    assert "".join(fitter.fit("W" * 60, 30).lines) == "W" * 60


def test_what_a_list_cannot_show_becomes_a_space_or_a_mark() -> None:
    assert clean(" Ot\x00\n\tto \ud800") == "Ot to \u25a1"


def test_other_languages_forms_and_other_scripts_are_left_to_the_renderer() -> None:
    assert Typeface("en").is_plain("Šárka O’Brien, Ольга")
    assert [
        text for text in ("Jose\u0301", "山田", ARABIC, "l·l") if Typeface("fr").is_plain(text)
    ] == []
    assert not Typeface("sr-Latn").is_plain("Ottoline")


def test_town_and_country_keep_their_order_whatever_way_each_is_written() -> None:
    mixed = SignatureRow("00001", "ليلى حداد", "بيروت", "", "Líbano", "", "", "")
    sheet = list_sheet(A4, LABELS, "ltr")
    assert cells(mixed, sheet)[2] == "\u200e\u200fبيروت\u200f, Líbano"
    plain = replace(mixed, locality="Ottawa", country="Canada")
    assert cells(plain, sheet)[2] == "Ottawa, Canada"
    there = list_sheet(A4, LABELS, "rtl")
    assert cells(replace(mixed, locality="Ottawa", country="كندا"), there)[2] == (
        "\u200f\u200eOttawa\u200e، كندا"
    )
