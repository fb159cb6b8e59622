"""What differs between two states of a text, word by word. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_PIECE = re.compile(r"\S+[^\S\n]*|\n+|[^\S\n]+")


class Mark(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Stretch:
    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    stretches: tuple[Stretch, ...]


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """The fields that differ, in the order of `after`, those that are gone last."""
    names = dict.fromkeys([*after, *before])
    return [
        Change(name, words_between(before.get(name, ""), after.get(name, "")))
        for name in names
        if before.get(name, "") != after.get(name, "")
    ]


def words_between(before: str, after: str) -> tuple[Stretch, ...]:
    """The words of both texts in order: those that stayed, went and came.

    Paragraphs are compared first, and words only within those that differ: twenty thousand
    characters are compared in no time, and a moved paragraph does not tear others apart.
    """
    stretches: list[Stretch] = []
    for old, new in _match(_lines(before), _lines(after)):
        if old == new:
            _append(stretches, Mark.SAME, "".join(old))
            continue
        for old_words, new_words in _match(_pieces(old), _pieces(new)):
            if old_words == new_words:
                _append(stretches, Mark.SAME, "".join(old_words))
                continue
            _append(stretches, Mark.REMOVED, "".join(old_words))
            _append(stretches, Mark.ADDED, "".join(new_words))
    return tuple(stretches)


def _match(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _tag, low, high, start, end in matcher.get_opcodes():
        yield old[low:high], new[start:end]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _pieces(lines: Sequence[str]) -> list[str]:
    return _PIECE.findall("".join(lines))


def _append(stretches: list[Stretch], mark: Mark, text: str) -> None:
    """Add a stretch; one of the same mark as the last is joined to it."""
    if not text:
        return
    if stretches and stretches[-1].mark is mark:
        text = stretches.pop().text + text
    stretches.append(Stretch(mark, text))
