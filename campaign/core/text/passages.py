"""Texts with passages between [[ and ]] that are not published, and the words of those. Pure."""

import re
from collections.abc import Iterable, Iterator

from campaign.core.text.fold import fold

_MARK = re.compile(r"\[\[|\]\]")
_WORD = re.compile(r"[^\W_]+")
_SHORT_WORDS = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_LEAST_OF_A_STEM = 5
_MOST_BESIDE = 3  # short words on either side of one that tells
_COMMON = frozenset(
    fold(
        "and are but for from had has have her his not our she that the their them they this was "
        "were which who with you your "
        "aux avec des elle elles est ils les leur leurs nos nous par pas pour que qui ses sur une "
        "vos vous "
        "como con del ella ellas ellos esta este los las nos para pero por que sus una unas unos "
        "إلى الى التي الذي على عند كان كانت لها لهم مع هذا هذه هما وهو وهي"
    ).split()
)


class UnpairedMarks(Exception):
    """A mark is not closed, not opened, or stands within another: nothing may be published."""


def split_passages(text: str) -> Iterator[tuple[str, bool]]:
    at, hidden = 0, False
    for mark in _MARK.finditer(text):
        if (mark[0] == "[[") == hidden:
            raise UnpairedMarks
        yield text[at : mark.start()], hidden
        at, hidden = mark.end(), not hidden
    if hidden:
        raise UnpairedMarks
    yield text[at:], False


def are_paired(text: str) -> bool:
    try:
        return bool(list(split_passages(text)))
    except UnpairedMarks:
        return False


def list_hidden(text: str) -> list[str]:
    """List the passages that are left out; none where the marks are not in pairs."""
    if not are_paired(text):
        return []
    return [passage for passage, hidden in split_passages(text) if hidden and passage.strip()]


def find_telling_words(hidden: Iterable[str], shown: Iterable[str]) -> set[str]:
    """Return the words of `hidden` passages that may not be read in the `shown` texts, folded.

    Words of three letters or figures and more, also with shorter ones beside them ("Li Wang"); of
    those with five, longer words of `shown` that begin with them as well ("Halldoras").
    """
    hidden = list(hidden)
    words = {word for passage in hidden for word in _words(passage) if _tells(word)}
    stems = tuple(word for word in words if len(word) >= _LEAST_OF_A_STEM)
    longer = {word for text in shown for word in _words(text) if word.startswith(stems)}
    return words | longer | {phrase for passage in hidden for phrase in _list_phrases(passage)}


def _list_phrases(passage: str) -> Iterator[str]:
    """List each word that tells, with up to three short words on either side of it."""
    folded = fold(passage)
    words = list(_WORD.finditer(folded))
    for at, word in enumerate(words):
        if not _tells(word[0]):
            continue
        first = last = at
        lowest, highest = max(at - _MOST_BESIDE, 0), min(at + _MOST_BESIDE, len(words) - 1)
        while first > lowest and _is_short(words[first - 1][0]):
            first -= 1
        while last < highest and _is_short(words[last + 1][0]):
            last += 1
        for begin in range(first, at + 1):
            for end in range(at, last + 1):
                if begin < end:
                    yield folded[words[begin].start() : words[end].end()]


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _tells(word: str) -> bool:
    return not _is_short(word) and word not in _COMMON


def _is_short(word: str) -> bool:
    return len(word) < (2 if _SHORT_WORDS.match(word) else 3)
