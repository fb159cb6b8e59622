from typing import Any

import pytest

from campaign.printing import fonts
from campaign.printing.check_letters import check_before
from campaign.printing.geometry import US_10
from campaign.printing.problems import LetterRefused, Problem
from tests.unit.printing.letter_samples import letter, render_one


def slugs(**changes: Any) -> list[str]:
    return [problem.slug for problem in check_before(letter(**changes), US_10)]


def test_an_ordinary_letter_has_no_problems() -> None:
    assert slugs() == []


def test_a_missing_glyph_is_named() -> None:
    problems = check_before(letter(own_words=("Good \U0001f600 luck",)), US_10)
    expected = {"field": "own_words", "character": "U+1F600", "name": "GRINNING FACE"}
    assert problems == [Problem("missing-glyph", expected)]


@pytest.mark.parametrize(
    "text", ["Łódź, Ñandú, œuvre", "Київ и Москва", "Αθήνα", "soft\u00adhyphen"]
)
def test_latin_cyrillic_and_greek_need_no_font_of_the_system(text: str) -> None:
    own = fonts.own_characters() | {0xAD}
    assert all(ord(character) in own for character in text)
    assert fonts.missing_glyphs(text) == []


def test_joiners_and_variation_selectors_are_not_missing() -> None:
    assert fonts.missing_glyphs("a\u200cb\u200dc\ufe0f\u2060") == []


def test_unassigned_and_private_characters_are_missing() -> None:
    assert fonts.missing_glyphs("a\u0378b") == ["\u0378"]


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\x07", "\ue000", "\u2028", "\r"])
def test_control_characters_are_refused(character: str) -> None:
    assert "control-character" in slugs(signature_name=f"Otto{character}line")


@pytest.mark.parametrize("field", ["salutation", "complimentary_close", "signature_name"])
def test_a_letter_needs_its_words(field: str) -> None:
    changes: dict[str, Any] = {field: " "}
    problems = check_before(letter(1, **changes), US_10)
    assert problems == [Problem("empty-field", {"field": field})]


def test_a_letter_without_any_text_is_refused() -> None:
    assert slugs(opening=(), points=(), closing=()) == ["empty-field"]


def test_an_address_of_eight_lines_is_refused() -> None:
    assert slugs(addressee_lines=("One line",) * 8) == ["address-too-long"]


def test_an_address_of_seven_lines_fits_the_lowest_window() -> None:
    lines = ("Her Excellency the Governor", "c/o The Secretary", *letter().addressee_lines)
    assert render_one(letter(addressee_lines=lines), US_10).startswith(b"%PDF")


def test_an_address_that_wraps_out_of_the_window_is_refused_when_measured() -> None:
    lines = ("Secretariat for the Coordination of Programmes of Public Safety",) * 5
    with pytest.raises(LetterRefused) as refusal:
        render_one(letter(addressee_lines=lines), US_10)
    assert [problem.slug for problem in refusal.value.problems] == ["address-outside-window"]
    assert refusal.value.problems[0].detail["key"] == "key-1"


def test_this_machine_has_all_font_files() -> None:
    assert not [problem for problem in fonts.check() if problem.slug == "font-file-missing"]
