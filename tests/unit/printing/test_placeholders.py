import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.printing.placeholders import (
    KNOWN,
    MissingPlaceholderValue,
    fill,
    placeholders_in,
    unknown_placeholders,
)
from tests.deadlines import soon

names = st.sampled_from(sorted(KNOWN))
# A name with an underscore, or in other brackets, is taken for a placeholder that was mistyped.
plain = st.text(alphabet=st.characters(exclude_characters="()[]{}<>_"))


def test_a_known_placeholder_is_replaced() -> None:
    assert fill("Dear ((official_name)),", {"official_name": "Ms Abarca"}) == "Dear Ms Abarca,"


def test_jinja_stays_text() -> None:
    assert fill("{{7*7}} {% x %}", {}) == "{{7*7}} {% x %}"
    assert unknown_placeholders("{{7*7}}") == []


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("((name.__class__))", ["((name.__class__))"]),
        ("((person name", ["((person name"]),
        ("((person_name)) and ((nobody))", ["((nobody))"]),
        ("((Person_Name))", ["((Person_Name))"]),
        ("(( person_name ))", ["(( person_name ))"]),
        ("(())", ["(())"]),
        ("((a))((b))((a))", ["((a))", "((b))"]),
        ("((person\n((country))", ["((person"]),
        ("(in brackets) and (again)", []),
        ("For Ana (((reference))), ((person_name))", []),
        ("(((nobody)))", ["((nobody))"]),
        ("(((Person name)))", ["(((Person name))"]),
    ],
)
def test_what_is_no_placeholder_is_named_in_order(text: str, unknown: list[str]) -> None:
    assert unknown_placeholders(text) == unknown


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{{person_name}} and [ person_name ]", ["{{person_name}}", "[ person_name ]"]),
        ("Dear ((person_name)), {country} and <reference>", ["{country}", "<reference>"]),
        ("( (person_name))", ["(person_name))"]),
        ("for Person_Name", ["Person_Name"]),
        ("of this country (by reference), its deadline [note]", []),
    ],
)
def test_a_name_in_other_brackets_is_pointed_at(text: str, unknown: list[str]) -> None:
    assert unknown_placeholders(text) == unknown


def test_a_missing_value_is_refused_by_name() -> None:
    with pytest.raises(MissingPlaceholderValue) as refusal:
        fill("((country)) ((reference)) ((deadline))", {"reference": "UA 7/31"})
    assert refusal.value.names == ("country", "deadline")


@soon
@given(plain)
def test_text_without_parentheses_stays_as_it_is(text: str) -> None:
    assert fill(text, {}) == text
    assert placeholders_in(text) == unknown_placeholders(text) == []


@soon
@given(st.lists(st.tuples(plain, names)), plain, st.text())
def test_every_placeholder_is_found_and_filled_with_the_value_as_it_is(
    parts: list[tuple[str, str]], tail: str, value: str
) -> None:
    text = "".join(f"{before}(({name}))" for before, name in parts) + tail
    assert placeholders_in(text) == list(dict.fromkeys(name for _, name in parts))
    assert unknown_placeholders(text) == []
    expected = "".join(before + value for before, _ in parts) + tail
    assert fill(text, dict.fromkeys(KNOWN, value)) == expected


@soon
@given(st.text(alphabet="()ab_. \n"))
def test_a_text_that_passes_the_check_can_always_be_filled(text: str) -> None:
    if not unknown_placeholders(text):
        fill(text, dict.fromkeys(KNOWN, ""))


def test_a_placeholder_may_stand_in_parentheses() -> None:
    assert fill("For Ana (((reference)))", {"reference": "UA 1/26"}) == "For Ana (UA 1/26)"
