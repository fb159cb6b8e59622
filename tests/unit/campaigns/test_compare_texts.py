"""Two changes of one text, brought together; and what differs between two states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.campaigns.content.compare_texts import (
    Choice,
    StretchKind,
    compare_fields,
    join_values,
    resolve_conflicts,
    words_between,
)

BASE = "One.\n\nTwo.\n\nThree."


@pytest.mark.parametrize(
    ("theirs", "mine", "wanted"),
    [
        (
            "One, changed.\n\nTwo.\n\nThree.",
            "One.\n\nTwo.\n\nThree, too.",
            "One, changed.\n\nTwo.\n\nThree, too.",
        ),
        (BASE, "Mine.", "Mine."),
        ("Theirs.", BASE, "Theirs."),
        ("Same.", "Same.", "Same."),
        (
            "One.\n\nTwo.\n\nThree.\n\nFour.",
            "Zero.\n\nOne.\n\nTwo.\n\nThree.",
            "Zero.\n\nOne.\n\nTwo.\n\nThree.\n\nFour.",
        ),
        ("One.\n\nTheirs.\n\nThree.", "One.\n\nMine.\n\nThree.", None),
        # Neighbours: each changed by another, or one removed.
        ("One.\n\nTheirs.\n\nThree.", "One.\n\nTwo.\n\nMine.", "One.\n\nTheirs.\n\nMine."),
        ("One.\n\nThree.", "One.\n\nTwo.\n\nMine.", "One.\n\nMine."),
        (
            "One.\n\nNew.\n\nTwo.\n\nThree.",
            f"{BASE}\n\nFour.",
            "One.\n\nNew.\n\nTwo.\n\nThree.\n\nFour.",
        ),
        # Put in next to what the other changed or removed, joined with it, or in the same place.
        ("One.\n\nTwo.\n\nNew.\n\nThree.", "One.\n\nMine.\n\nThree.", None),
        ("One.\n\nTwo.\n\nNew.\n\nThree.", "One.\n\nThree.", None),
        ("One.\n\nTwo. Three.", "One.\n\nTwo.\n\nMine.", None),
        ("One.\n\nThree.\n\nTwo.", "One.\n\nMine.\n\nThree.", None),
        (f"{BASE}\n\nTheirs.", f"{BASE}\n\nMine.", None),
    ],
)
def test_paragraphs_that_do_not_meet_are_merged(theirs: str, mine: str, wanted: str | None) -> None:
    assert join_values(BASE, theirs, mine) == wanted


def test_lists_are_merged_by_their_items_and_values_whole() -> None:
    assert join_values(["a", "b", "c"], ["a", "x", "b", "c"], ["a", "b"]) == ["a", "x", "b"]
    assert join_values("2026-01-01", "2026-02-01", "2026-03-01") is None
    assert join_values(False, True, False) is True


@pytest.mark.parametrize("written", ["Mine.", ["Mine."], True])
@pytest.mark.parametrize(("base", "empty"), [(None, ""), ("", None), (None, []), (None, False)])
def test_who_alone_wrote_is_not_asked(base: object, empty: object, written: object) -> None:
    assert join_values(base, empty, written) == written
    assert join_values(base, written, empty) == written


def test_nothing_is_lost_where_nobody_has_chosen() -> None:
    base, theirs, mine = (
        {"background": text, "title": title}
        for text, title in (
            (BASE, "T"),
            ("One.\n\nTheirs.\n\nThree.", "T"),
            ("One.\n\nMine.\n\nThree.", "Title"),
        )
    )
    meetings = compare_fields(base, theirs, mine)
    resolved = resolve_conflicts(theirs, meetings, {})
    assert resolved == {"background": "One.\n\nTheirs.\n\nMine.\n\nThree.", "title": "Title"}
    assert (
        resolve_conflicts(theirs, meetings, {"background": Choice.MINE})["background"].count("Mine")
        == 1
    )
    assert (
        "Mine"
        not in resolve_conflicts(theirs, meetings, {"background": Choice.THEIRS})["background"]
    )


_texts = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=6).map("\n\n".join)


@given(base=_texts, theirs=_texts, mine=_texts)
def test_what_both_kept_or_both_changed_alike_is_always_merged(
    base: str, theirs: str, mine: str
) -> None:
    assert join_values(base, theirs, base) == theirs
    assert join_values(base, base, mine) == mine
    assert join_values(base, mine, mine) == mine
    for choice in Choice:
        joined = join_values(base, theirs, mine, choice)
        kept = join_values(base, theirs, mine)
        assert kept is None or joined == kept


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(["theirs", "mine", "nobody"]), st.booleans()), min_size=1
    )
)
def test_changes_of_different_paragraphs_are_both_applied(changes: list[tuple[str, bool]]) -> None:
    def write(*writers: str) -> str:
        return "\n\n".join(
            f"{who} {number}" if who in writers else f"paragraph {number}"
            for number, (who, is_removed) in enumerate(changes)
            if not (is_removed and who in writers)
        )

    assert join_values(write(), write("theirs"), write("mine")) == write("theirs", "mine")


_changed_texts = st.lists(
    st.sampled_from(["a", "b", "c", "d", "e", "new f", "new g"]), max_size=7
).map("\n\n".join)


@given(base=_texts, theirs=_changed_texts, mine=_changed_texts)
def test_no_word_of_either_is_lost(base: str, theirs: str, mine: str) -> None:
    wanted = (set(theirs.split()) | set(mine.split())) - set(base.split())
    for choice in (None, Choice.BOTH):
        joined = join_values(base, theirs, mine, choice)
        assert joined is None or wanted <= set(joined.split())
    # Of paragraphs that are alike each may have taken out another one.
    words = base.split()
    kept = {word for word in words if words.count(word) == 1}
    kept &= set(theirs.split()) & set(mine.split())
    assert kept <= set(join_values(base, theirs, mine, Choice.BOTH).split())


@given(before=_texts, after=_texts)
def test_a_diff_gives_both_texts_again(before: str, after: str) -> None:
    stretches = words_between(before, after)
    assert (
        "".join(stretch.text for stretch in stretches if stretch.mark is not StretchKind.ADDED)
        == before
    )
    assert (
        "".join(stretch.text for stretch in stretches if stretch.mark is not StretchKind.REMOVED)
        == after
    )


def test_only_the_words_that_differ_are_marked() -> None:
    marked = [
        (stretch.mark.value, stretch.text)
        for stretch in words_between("They took two.", "They took 43.")
    ]
    assert marked == [("same", "They took "), ("removed", "two."), ("added", "43.")]
