"""What stands between marks is never published, and the rest is shown as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.text.passages import UnpairedMarks
from campaign.replies.redaction import read_bars, redact, to_markdown
from campaign.web.markup import BAR, markdown, unmarked


def test_a_passage_becomes_a_bar_that_does_not_tell_its_length() -> None:
    assert redact("To [[Ana]] and [[a very long\nname of a place]].") == f"To {BAR} and {BAR}."
    assert redact("To [[Hugo]] [[Paz]].") == f"To {BAR}.", "nor of how many parts a name is"


@pytest.mark.parametrize("text", ["[[ open", "closed ]]", "[[ a [[ b ]] c ]]", "]] a [["])
def test_marks_that_do_not_stand_in_pairs_publish_nothing(text: str) -> None:
    with pytest.raises(UnpairedMarks):
        redact(text)


@given(st.lists(st.tuples(st.text(alphabet="ab \n", max_size=9), st.integers(0, 99))))
def test_no_word_between_marks_is_left(passages: list[tuple[str, int]]) -> None:
    text = "".join(f"{shown}[[secret{number}]]" for shown, number in passages)
    assert "secret" not in to_markdown(redact(text))


@given(st.text(max_size=400))
def test_whatever_is_written_is_published_whole_marked_or_refused(text: str) -> None:
    try:
        shown = redact(text)
    except UnpairedMarks:
        return
    assert "[[" not in shown
    assert "]]" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "# No heading",
        "1. No list",
        "* a *b* _c_",
        "<script>alert(1)</script>",
        "[x](https://e.org)",
        "> no quotation",
        "`code` & more",
        "- no list",
        "Title\n===",
    ],
)
def test_an_officials_signs_are_shown_as_they_stand(text: str) -> None:
    html = str(markdown(to_markdown(text)))
    assert not any(f"<{tag}" in html for tag in ("h1", "ol", "ul", "em", "a ", "script", "blockq"))
    assert unmarked(to_markdown(text)) == text


def test_bars_are_read_from_a_form_and_a_wrong_one_is_named() -> None:
    form = {"page-0": "s/1", "x-0": "10", "y-0": "5,5", "w-0": "20", "h-0": "3", "page-1": "s/1"}
    assert read_bars(form, ["s/1"]) == [
        {"scan": "s", "page": 1, "x": 10.0, "y": 5.5, "w": 20.0, "h": 3.0}
    ]
    for change in (
        {"x-0": "nan"},
        {"w-0": "0"},
        {"page-0": "other/1"},
        {"h-0": ""},
        {"y-0": "101"},
    ):
        with pytest.raises(ValueError, match="1"):
            read_bars(form | change, ["s/1"])
