"""What organizers type, made fit to keep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.campaigns.content.templates import (
    Point,
    UnknownPlaceholders,
    check_placeholders,
    free_key,
    with_keys,
)
from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import (
    has_hidden_characters,
    lines,
    one_line,
    paragraphs,
    slug_of,
)
from campaign.printing.placeholders import KNOWN


@pytest.mark.parametrize(
    ("reference", "slug"),
    [("UA 58/20", "ua-58-20"), ("47.24", "47-24"), ("Ação N.º 3", "acao-n-o-3"), ("//", "")],
)
def test_an_address_is_made_from_the_reference(reference: str, slug: str) -> None:
    assert slug_of(reference) == slug


def test_a_line_is_trimmed_and_stays_one_line() -> None:
    assert one_line("  UA\r\n 58/20\t") == "UA 58/20"


def test_paragraphs_keep_their_empty_lines_and_lose_blanks_at_line_ends() -> None:
    assert paragraphs("one  \r\n\r\ntwo\r\n") == "one\n\ntwo"


def test_lines_lose_the_bullets_that_people_type() -> None:
    assert lines("- Free her\n\n2. Find out\n• Say so\n45 Street") == [
        "Free her",
        "Find out",
        "Say so",
        "45 Street",
    ]


@pytest.mark.parametrize(
    "text", ["a\x00b", "a\x07", "a\u202eb", "a\u2066b", "\ufeffa", "e" + "\u0301" * 6, "a\x7f"]
)
def test_hidden_characters_are_found(text: str) -> None:
    assert has_hidden_characters(text)


@pytest.mark.parametrize("text", ["Señora Vásquez", "العربية", "two\nlines", "한국어", "e\u0301"])
def test_what_people_write_is_not_hidden(text: str) -> None:
    assert not has_hidden_characters(text)


@given(st.text())
def test_trimming_twice_changes_nothing_more(text: str) -> None:
    assert paragraphs(paragraphs(text)) == paragraphs(text)
    assert one_line(one_line(text)) == one_line(text)


@given(st.lists(st.text(min_size=1), max_size=12))
def test_every_point_gets_a_key_of_its_own(texts: list[str]) -> None:
    keys = [point.key for point in with_keys([Point(text) for text in texts])]
    assert len(set(keys)) == len(texts)
    assert all(len(key) <= 60 and key == slug_of(key) != "" for key in keys)


def test_a_key_is_the_first_words_of_its_text() -> None:
    assert free_key("Restore both police escorts at once.", []) == "restore-both-police-escorts"
    assert free_key("Restore both police escorts now.", ["restore-both-police-escorts"]) == (
        "restore-both-police-escorts-2"
    )


def test_a_key_that_is_there_stays() -> None:
    assert with_keys([Point("Nouveau texte", key="protect")])[0].key == "protect"


def test_doubled_keys_and_too_many_points_are_refused() -> None:
    with pytest.raises(Invalid) as doubled:
        with_keys([Point("a", key="same"), Point("b", key="same")])
    assert doubled.value.fields == {"points": "points-doubled"}
    with pytest.raises(Invalid) as many:
        with_keys([Point(str(number)) for number in range(13)])
    assert many.value.fields == {"points": "points-too-many"}


@given(
    st.from_regex(r"[a-z_.{}%0-9 ]{1,20}", fullmatch=True).filter(lambda name: name not in KNOWN)
)
def test_a_placeholder_that_is_none_is_refused_and_named(name: str) -> None:
    with pytest.raises(UnknownPlaceholders) as refused:
        check_placeholders(
            subject="((person_name))", opening="", closing="", points=[Point(f"Ask (({name}))")]
        )
    assert list(refused.value.unknown_by_field) == ["points-0"]
    assert refused.value.data["known"] == list(KNOWN)


@given(st.lists(st.sampled_from(list(KNOWN))))
def test_known_placeholders_are_taken_anywhere(names: list[str]) -> None:
    text = " and ".join(f"(({name}))" for name in names)
    check_placeholders(subject=text, opening=text, closing=text, points=[Point(text)])
