"""Addresses in an envelope's window: what wraps, what is set smaller, what has no room."""

import itertools

import pytest

from campaign.printing import fonts
from campaign.printing.engine.letters_job import render_letters
from campaign.printing.geometry import DIN_5008_B, LAYOUTS, UK_DL, US_10, Layout
from campaign.printing.problems import LetterRefused
from campaign.printing.text_widths import (
    longest_line,
    most_lines,
    most_of_lines,
    size_of,
    surely_fits,
)
from tests.unit.printing.letter_samples import letter, render_one

OFFICE = "Women's Representative, National Assembly, Migori"
MISSION = "High Commission for the Republic of Kenya"
PLACE = ("415 Laurier Avenue East", "Ottawa ON  K1N 6R4")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.slug)
def test_a_long_office_wraps_within_every_window(layout: Layout) -> None:
    lines = ("Fatuma Zainab Mohammed", OFFICE, MISSION, *PLACE)
    assert surely_fits(lines, layout)
    assert render_one(letter(addressee_lines=lines), layout).startswith(b"%PDF")


def test_an_address_is_set_smaller_only_where_it_has_no_room() -> None:
    short = ("Fatuma Zainab Mohammed", "Governor", MISSION, *PLACE)
    long = ("Fatuma Zainab Mohammed", OFFICE, MISSION, *PLACE, "CANADA")
    longer = ("Fatuma Zainab Mohammed", OFFICE, MISSION, "Third Floor", *PLACE, "CANADA")
    assert [size_of(lines, US_10) for lines in (short, long, longer)] == ["", "dense", "tight"]
    assert [size_of(lines, LAYOUTS["ch-left"]) for lines in (short, long)] == ["", "dense"]
    assert render_one(letter(addressee_lines=longer), US_10)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.slug)
def test_as_many_lines_as_the_window_holds_are_printed(layout: Layout) -> None:
    most = most_lines(layout)
    assert most >= 7
    assert render_one(letter(addressee_lines=("A line",) * most), layout)
    with pytest.raises(LetterRefused):
        render_one(letter(addressee_lines=("A line",) * (most + 1)), layout)


def test_the_line_to_shorten_is_the_widest() -> None:
    assert longest_line((*PLACE, OFFICE)) == OFFICE
    assert longest_line(()) == ""


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.slug)
def test_what_is_said_to_fit_is_printed(layout: Layout) -> None:
    parts = (OFFICE, MISSION, "Secretariat for the Coordination of Programmes of Public Safety")
    addresses = [
        ("Fatuma Zainab Mohammed", *some, *PLACE)
        for some in itertools.combinations_with_replacement(parts, 3)
    ]
    letters = [letter(addressee_lines=lines) for lines in addresses if surely_fits(lines, layout)]
    assert letters or layout is US_10
    if letters:
        assert render_letters(letters, layout)


def test_an_address_in_london_with_two_lines_for_the_street_fits() -> None:
    lines = (
        "H. E. the High Commissioner",
        "High Commission for the Republic of Kenya",
        "Third Floor, Sea Containers House",
        "18 Upper Ground",
        "London",
        "SE1 9PD",
        "UNITED KINGDOM",
    )
    assert surely_fits(lines, UK_DL)
    assert render_one(letter(addressee_lines=lines), UK_DL)


def test_what_wraps_beyond_the_window_does_not_fit() -> None:
    lines = (
        "Fatuma Zainab Mohammed",
        f"{OFFICE} {OFFICE}",
        f"{OFFICE} {OFFICE}",
        MISSION,
        *PLACE,
        "CANADA",
    )
    assert not surely_fits(lines, US_10)
    with pytest.raises(LetterRefused):
        render_one(letter(addressee_lines=lines), US_10)


SCRIPTS = (
    "مكتب حاكم",
    "משרד המושל",
    "राज्यपाल कार्यालय",
    "রাজ্যপাল",
    "ஆளுநர்",
    "ผู้ว่าราชการ",
    "州长办公室",
    "知事ひらがな",
    "주지사 사무실",
    "გუბერნატორი",
    "Նահանգապետ",
    "አስተዳዳሪ",
)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.slug)
def test_what_fits_in_a_smaller_size_is_printed_in_every_script(layout: Layout) -> None:
    scripts = [words for words in SCRIPTS if not fonts.missing_glyphs(words)]
    latin = ["Joaquín Díaz Mena", "Mexico"]
    counts = range(1, most_lines(layout) - 1)
    assert len(counts) >= 5
    addresses = {
        (place, words, count): (*latin[:place], *[words] * count, *latin[place:])
        for place, words, count in itertools.product((0, 1), scripts, counts)
    }
    # Of each size the address with most lines: where it is printed, those with fewer are.
    longest = {
        (place, words, size_of(lines, layout)): lines
        for (place, words, _), lines in addresses.items()
        if most_of_lines(lines, layout) == len(lines)
    }
    assert {words for _, words, _ in longest} == {*scripts}
    assert {size for _, _, size in longest} == {"", "dense", "tight"}
    # All in one document, whose fonts are loaded once; what is beside the window does not matter.
    short = {"opening": ("Of her.",), "points": (), "closing": ()}
    letters = [
        letter(at, addressee_lines=lines, **short) for at, lines in enumerate(longest.values(), 1)
    ]
    assert render_letters(letters, layout)


def test_an_address_in_arabic_letters_is_set_smaller_where_its_lines_are_too_high() -> None:
    lines = (
        "Joaquín Díaz Mena",
        "مكتب حاكم ولاية يوكاتان",
        "سفارة المكسيك",
        "شارع أوكونور",
        "Ottawa",
    )
    assert [size_of(lines, layout) for layout in (US_10, DIN_5008_B)] == ["dense", ""]
    assert render_one(letter(addressee_lines=lines), US_10)
