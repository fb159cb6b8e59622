"""The words of passages that are left out, as they may not be read elsewhere."""

import pytest

from campaign.core.text.fold import fold
from campaign.core.text.passages import count_marked, find_telling_words, list_hidden


@pytest.mark.parametrize(
    ("hidden", "shown", "words"),
    [
        ("su hermana Ana", "", {"hermana", "ana", "su hermana", "hermana ana", "su hermana ana"}),
        ("the Łódź road 12", "", {"lodz", "road", "lodz road", "road 12", "lodz road 12"}),
        ("tel. 0300 501", "", {"tel", "0300", "501", "tel. 0300", "0300 501", "tel. 0300 501"}),
        ("Halldora", "Halldoras Mutter", {"halldora", "halldoras"}),
        ("Ana", "An analysis", {"ana"}),
        ("小明", "", {"小明"}),
        ("김민준", "김민준은 잘 지낸다", {"김민준", "김민준은"}),
        ("with her", "with her", set()),
        ("Li Wang", "", {"wang", "li wang"}),
        (
            "with Hugo Paz, of X",
            "",
            {"hugo", "paz", "hugo paz", "hugo paz, of", "hugo paz, of x", "paz, of", "paz, of x"},
        ),
        ("Ana and Bo", "", {"ana", "ana and bo"}),
        ("with Pedro A. Ak", "", {"pedro", "pedro a", "pedro a. ak"}),
    ],
)
def test_names_numbers_and_what_begins_with_them_tell_and_common_words_do_not(
    hidden: str, shown: str, words: set[str]
) -> None:
    assert find_telling_words([hidden], [shown]) == set(map(fold, words))


def test_in_a_long_passage_two_words_may_be_a_name() -> None:
    words = find_telling_words([f"Hugo Paz Ruiz {'x ' * 20}"], [])
    assert "hugo paz" in words
    assert "hugo paz ruiz" not in words
    assert "hugo paz ruiz" in find_telling_words(["Hugo Paz Ruiz"], [])


def test_passages_are_listed_and_none_where_a_mark_is_not_closed() -> None:
    assert list_hidden("To [[Ana]] and [[ ]] and [[Bo]].") == ["Ana", "Bo"]
    assert list_hidden("To [[Ana and Bo.") == []


def test_passages_side_by_side_on_a_line_are_one() -> None:
    assert list_hidden("To [[Hugo]] [[Paz]] and [[Li]][[Wang]].") == ["Hugo Paz", "Li Wang"]
    assert list_hidden("[[Hugo]]\n[[Ana]], [[Bo]]") == ["Hugo", "Ana", "Bo"]


def test_marks_are_counted_each() -> None:
    assert count_marked("To [[Hugo]] [[Paz]] and [[ ]] and [[Bo]].") == 3
    assert count_marked("To [[Hugo]] [[Paz.") == 0
