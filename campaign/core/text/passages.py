"""Texts with passages between [[ and ]] that are not published, and the words of those. Pure."""

import re
from collections.abc import Iterable, Iterator

from campaign.core.text.fold import fold

_MARK = re.compile(r"\[\[|\]\]")
_WORD = re.compile(r"[^\W_]+")
_SHORT_WORDS = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_LEAST_OF_A_STEM = 5
_LONGEST_NAME = 5  # words
_IN_A_PARAGRAPH = 2
"""The same in a passage of many words: texts are searched for each phrase at each place."""
_MANY = 20
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


def join_neighbours(text: str) -> Iterator[tuple[str, bool]]:
    """Split the text; what is left out side by side on a line is one passage, as a name is.

    Raises UnpairedMarks.
    """
    parts: list[tuple[str, bool]] = []
    for passage, hidden in split_passages(text):
        if hidden and len(parts) > 1 and _is_gap(parts[-1][0]):
            parts.pop()
            parts[-1] = (f"{parts[-1][0]} {passage}", True)
        else:
            parts.append((passage, hidden))
    yield from parts


def _is_gap(text: str) -> bool:
    return "\n" not in text and not text.strip()


def are_paired(text: str) -> bool:
    try:
        return bool(list(split_passages(text)))
    except UnpairedMarks:
        return False


def list_hidden(text: str) -> list[str]:
    """List the passages that are left out; none where the marks are not in pairs."""
    if not are_paired(text):
        return []
    return [passage for passage, hidden in join_neighbours(text) if hidden and passage.strip()]


def count_marked(text: str) -> int:
    """Count the passages as they are marked, also side by side; 0 where the marks are not in pairs.

    "[[Ahmed]] [[Hassan]]" are two, whether it is one name or two people: who compares texts by it
    asks rather once too often than lets a name be read.
    """
    if not are_paired(text):
        return 0
    return sum(hidden and bool(passage.strip()) for passage, hidden in split_passages(text))


def find_telling_words(hidden: Iterable[str], shown: Iterable[str]) -> set[str]:
    """Return the words of `hidden` passages that may not be read in the `shown` texts, folded.

    Words of three letters or figures and more, and names that have one of them as a whole ("Li
    Wang", "Hugo Paz"); of words with five letters, longer words of `shown` that begin with them as
    well ("Halldoras").
    """
    hidden = list(hidden)
    words = {word for passage in hidden for word in _words(passage) if _tells(word)}
    stems = tuple(word for word in words if len(word) >= _LEAST_OF_A_STEM)
    longer = {word for text in shown for word in _words(text) if word.startswith(stems)}
    return words | longer | {phrase for passage in hidden for phrase in _list_phrases(passage)}


def _list_phrases(passage: str) -> Iterator[str]:
    """List what may be a name: words side by side, at least one that tells, no common one outside.

    Each would be offered by itself otherwise, and what is between them stay to be read.
    """
    folded = fold(passage)
    words = list(_WORD.finditer(folded))
    longest = _LONGEST_NAME if len(words) <= _MANY else _IN_A_PARAGRAPH
    for at, first in enumerate(words):
        tells = False
        for last in words[at : at + longest] if first[0] not in _COMMON else ():
            tells = tells or _tells(last[0])
            if tells and last is not first and last[0] not in _COMMON:
                yield folded[first.start() : last.end()]


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _tells(word: str) -> bool:
    return not _is_short(word) and word not in _COMMON


def _is_short(word: str) -> bool:
    return len(word) < (2 if _SHORT_WORDS.match(word) else 3)
