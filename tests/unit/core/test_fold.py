"""One way to compare texts: case, accents, signs and manners of writing aside."""

import ast
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.text.fold import fold, fold_name, fold_with_places, normal_form, split_words
from tests.deadlines import seconds_of
from tests.sources import search_modules

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
ALIKE = [
    ("O'Brien", "O’Brien"), ("O'Brien", "OBRIEN"), ("Łukasz", "lukasz"),
    ("  JOSÉ   Núñez ", "jose nunez"),
    ("Søren Ærø", "Soren Aero"), ("Straße", "STRASSE"), ("Jean-Luc", "jean luc"),
    ("أَيُّوتزينابا", "ايوتزينابا"), ("فاطمة", "فاطمه"), ("مصطفى", "مصطفي"), ("محـــمد", "محمد"),
    ("ＡＢＣ", "abc"), ("Saint Lucia!", "saint lucia"),
    ("Trinidad & Tobago", "Trinidad and Tobago"),
    ("a\u200db", "ab"), ("İstanbul", "istanbul"), ("Þór", "thor"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "otherwise"), ALIKE)
def test_one_name_written_in_two_ways_is_one(written: str, otherwise: str) -> None:
    assert fold_name(written) == fold_name(otherwise)


def test_different_names_stay_apart() -> None:
    names = ["Maria", "Mario", "Ali", "علي", "Лев", "Lev", "はな", "ばな"]
    assert len({fold_name(name) for name in names}) == len(names) - 1, "voicing marks are left out"
    assert len({fold(name) for name in names}) == len(names)


def test_words_keep_an_apostrophe_within() -> None:
    assert split_words("L’État, c'est ‘moi’.") == ["l'etat", "c'est", "moi"]


@given(st.text())
def test_each_character_knows_where_it_comes_from(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)
    assert places == sorted(places)
    assert all(fold(text[at]) for at in places)


@given(st.text())
def test_a_folded_name_is_its_own_name(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)


def test_nothing_else_takes_letters_apart() -> None:
    """Eight places once did, and disagreed about O’Brien. What is taken apart here is compared."""
    allowed = {
        "core/text/fold.py",  # with the gate that the others go through
        "core/text/email_addresses.py",  # NFKC of a mailbox: what mail programs do
        "core/text/desk_texts.py",  # a slug out of ASCII letters
        "staff/staff_users.py",  # NFKD of a password: as Flask-Security has it
        "signing/checks/screening_rules.py",  # a table that has letters apart
        "signing/clean_text.py",  # counted alone: signs that are sentences
    }
    others = {
        name
        for name, source in search_modules("NFKD|NFKC|NFD")
        if not name.startswith("migrations/") and _normalizes(source)
    }
    assert others == allowed


def _normalizes(source: str) -> bool:
    return any(
        isinstance(node, ast.Constant) and node.value in {"NFKD", "NFKC", "NFD"}
        for node in ast.walk(ast.parse(source))
    )


@given(text=st.text(max_size=30), form=st.sampled_from(FORMS))
def test_usual_texts_have_their_form(text: str, form: str) -> None:
    assert normal_form(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
def test_a_long_run_of_marks_takes_no_time(form: str) -> None:
    """Python 3.11 and 3.12 sort such a run by insertion: 21 seconds."""
    marks = "e" + "\u0301\u0316" * 120_000
    assert seconds_of(lambda: normal_form(form, marks)) < 1  # type: ignore[arg-type]
    result = normal_form(form, marks)  # type: ignore[arg-type]
    assert result.count("\u0316") == 120_000
    run = longest = 0
    for character in result:
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    assert longest <= 31
