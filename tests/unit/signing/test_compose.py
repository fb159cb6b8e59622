"""Names, days and own words as a letter prints them."""

from datetime import date
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest

from campaign.bundles.freeze.choices import BundleChoice, LetterOrder
from campaign.bundles.freeze.select_letters import OrderFacts, key_of
from campaign.core.text.person_names import full_name
from campaign.printing.geometry import US_10
from campaign.printing.page_fit import letter_room
from campaign.printing.print_letters import print_letters
from campaign.signing.letter.compose import (
    arrange_points,
    move_point,
    order_points,
    own_paragraphs,
    place_and_date,
)
from tests.unit.printing.letter_samples import letter, render_one

DAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("given", "family", "whole"),
    [
        ("Ana", "García", "Ana García"),
        ("小明", "王", "王小明"),
        ("太郎", "山田", "山田太郎"),
        ("さくら", "佐々木", "佐々木さくら"),
        ("민준", "김", "김민준"),
        ("Xiaoming", "王", "Xiaoming 王"),
        ("小明", "", "小明"),
        ("", "Peña", "Peña"),
        ("ليلى", "حداد", "ليلى حداد"),
    ],
)
def test_a_name_is_in_the_order_of_its_script(given: str, family: str, whole: str) -> None:
    assert full_name(given, family) == whole


def test_names_in_han_sort_by_the_family_name_that_comes_first() -> None:
    people = [("明", "王"), ("安", "王"), ("文", "丁"), ("Ana", "Zea")]
    by_name = BundleChoice(order=LetterOrder.NAME)
    keys = [
        key_of(OrderFacts(n, 0, given, family), by_name) for n, (given, family) in enumerate(people)
    ]
    assert [people[key[-1]] for key in sorted(keys)] == [
        ("Ana", "Zea"),
        ("文", "丁"),
        ("安", "王"),
        ("明", "王"),
    ]


@pytest.mark.parametrize("locale", ["es", "en", "fr"])
def test_the_day_stays_behind_a_place_that_reads_from_right_to_left(locale: str) -> None:
    words = place_and_date("بيروت", DAY, locale)
    body = render_one(letter(locale=locale, place_and_date=words), US_10)
    with pypdfium2.PdfDocument(body) as pdf:
        text = pdf[0].get_textpage()
        day, _count = text.search("26").get_next()
        town, count = text.search("بيروت").get_next()
        right_of_town = max(text.get_charbox(town + n)[2] for n in range(count))
        assert text.get_charbox(day)[0] > right_of_town


def test_other_places_are_printed_as_they_were() -> None:
    assert place_and_date("Ottawa", DAY, "en") == "Ottawa, 26 November 2026"
    assert place_and_date("بيروت", DAY, "ar").startswith("بيروت في")


def test_line_breaks_of_own_words_are_kept() -> None:
    typed = " First line \r\n- second\r\n\r\n \nAnother   paragraph\n"
    assert own_paragraphs(typed) == ("First line\n- second", "Another paragraph")
    assert own_paragraphs(" \n ") == ()


@pytest.mark.parametrize("whole", [False, True])
def test_both_ways_of_the_press_print_the_lines(whole: bool, tmp_path: Path) -> None:
    words = own_paragraphs("- Rain on the roof\n- a door\n- nobody")
    out = tmp_path / "l.pdf"
    print_letters([letter(own_words=words)], US_10, out, whole=whole)
    with pypdfium2.PdfDocument(out) as pdf:
        lines = pdf[0].get_textpage().get_text_range().splitlines()
    assert "- a door" in [line.strip() for line in lines]
    flat = letter_room(letter(own_words=(words[0].replace("\n", " "),)), US_10)
    assert letter_room(letter(own_words=words), US_10).filled > flat.filled


OFFERED = (("a", True), ("b", False), ("c", True), ("d", False))


@pytest.mark.parametrize(
    ("chosen", "printed"),
    [
        (["b", "d"], "abcd"),
        ([], "ac"),
        (["d"], "acd"),
        (["d", "b"], "acdb"),
        (["d", "c", "b", "a"], "dcba"),
        (["c", "c", "x", "a"], "ca"),
    ],
)
def test_points_print_as_chosen_with_the_required_in_their_place(
    chosen: list[str], printed: str
) -> None:
    assert "".join(order_points(chosen, OFFERED)) == printed


def test_the_page_shows_every_point_in_the_order_that_came() -> None:
    assert "".join(arrange_points(["d", "a"], OFFERED)) == "bcda"
    assert "".join(arrange_points(["d", "c", "b", "a"], OFFERED)) == "dcba"
    assert "".join(arrange_points([], OFFERED)) == "abcd"


@pytest.mark.parametrize(
    ("move", "after"),
    [
        ("up:b", "ba"),
        ("down:a", "ba"),
        ("up:a", "ab"),
        ("down:b", "ab"),
        ("up:x", "ab"),
        ("sideways:a", "ab"),
        ("", "ab"),
    ],
)
def test_a_move_goes_one_place_or_nowhere(move: str, after: str) -> None:
    assert "".join(move_point(("a", "b"), move)) == after
