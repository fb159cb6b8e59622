"""Two states of a text compared word by word, and two changes of one merged. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from enum import StrEnum
from typing import Any, TypeVar

_PIECE = re.compile(r"\S+[^\S\n]*|\n+|[^\S\n]+")


T = TypeVar("T")
Value = Any
"""A text, a list of texts, or a value that is taken whole."""
_BREAK = "\n\n"


class StretchKind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Stretch:
    mark: StretchKind
    text: str


@dataclass(frozen=True, slots=True)
class TextChange:
    name: str
    stretches: tuple[Stretch, ...]


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> list[TextChange]:
    pairs = {name: (before.get(name, ""), after.get(name, "")) for name in [*after, *before]}
    return [
        TextChange(name, words_between(*pair)) for name, pair in pairs.items() if pair[0] != pair[1]
    ]


def words_between(before: str, after: str) -> tuple[Stretch, ...]:
    """The words of both texts in order.

    Paragraphs are compared first, and words only within those that differ: twenty thousand
    characters are compared in no time, and a moved paragraph does not tear others apart.
    """
    stretches: list[Stretch] = []
    for old, new in _match(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        if old == new:
            _append(stretches, StretchKind.SAME, "".join(old))
            continue
        for old_words, new_words in _match(_pieces(old), _pieces(new)):
            if old_words == new_words:
                _append(stretches, StretchKind.SAME, "".join(old_words))
                continue
            _append(stretches, StretchKind.REMOVED, "".join(old_words))
            _append(stretches, StretchKind.ADDED, "".join(new_words))
    return tuple(stretches)


def _match(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _tag, low, high, start, end in matcher.get_opcodes():
        yield old[low:high], new[start:end]


def _pieces(lines: Sequence[str]) -> list[str]:
    return _PIECE.findall("".join(lines))


def _append(stretches: list[Stretch], mark: StretchKind, text: str) -> None:
    if not text:
        return
    if stretches and stretches[-1].mark is mark:
        text = stretches.pop().text + text
    stretches.append(Stretch(mark, text))


class Choice(StrEnum):
    """What stands where both have changed the same."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class ChangedField:
    name: str
    base: Value
    theirs: Value
    mine: Value
    merged: Value
    """What comes of both, where they do not meet in the same paragraph; else None."""

    @property
    def conflict(self) -> bool:
        return self.merged is None

    @property
    def offers_both(self) -> bool:
        """Whether one can stand after the other: not for a title, or a day."""
        whole = isinstance(self.mine, list) or (isinstance(self.mine, str) and "\n" in self.mine)
        other = isinstance(self.theirs, list | str)
        return whole and other


def compare_fields(
    base: Mapping[str, Value], theirs: Mapping[str, Value], mine: Mapping[str, Value]
) -> list[ChangedField]:
    """Every field in which mine differs from theirs, with what can be merged by itself."""
    fields = []
    for name in dict.fromkeys([*mine, *theirs]):
        values = (base.get(name), theirs.get(name), mine.get(name))
        if values[1] != values[2]:
            fields.append(ChangedField(name, *values, join_values(*values)))
    return fields


def resolve_conflicts(
    theirs: Mapping[str, Value], fields: Sequence[ChangedField], choices: Mapping[str, Choice]
) -> dict[str, Value]:
    """The part as it is to be saved; where nothing was chosen, both stand: no text is lost."""
    content = dict(theirs)
    for field in fields:
        choice = choices.get(field.name, Choice.BOTH)
        if choice is Choice.BOTH and not field.offers_both:
            choice = Choice.MINE
        texts = (field.base, field.theirs, field.mine)
        content[field.name] = join_values(*texts, choice) if field.conflict else field.merged
    return content


def join_values(base: Value, theirs: Value, mine: Value, choice: Choice | None = None) -> Value:
    """What comes of two changes; None where they meet in the same place and nothing is chosen."""
    if theirs in (mine, base):
        return mine
    if mine == base:
        return theirs
    values = (base, theirs, mine) if choice is None else (theirs, mine)
    if all(isinstance(value, list) for value in values):
        return _join_lists(base if isinstance(base, list) else [], theirs, mine, choice)
    if not all(isinstance(value, str) for value in values):
        return None if choice is None else theirs if choice is Choice.THEIRS else mine
    start = base.split(_BREAK) if isinstance(base, str) else []
    joined = _join_lists(start, theirs.split(_BREAK), mine.split(_BREAK), choice)
    return None if joined is None else _BREAK.join(joined)


def _join_lists(
    base: list[T], theirs: list[T], mine: list[T], choice: Choice | None = None
) -> list[T] | None:
    """What comes of two changes; None where both changed the same place and nothing is chosen."""
    joined: list[T] = []
    for old, hers, own in _regions(base, theirs, mine):
        if hers in (old, own):
            joined += own
        elif own == old:
            joined += hers
        elif choice is None:
            return None
        elif choice is Choice.BOTH:
            joined += [*hers, *(piece for piece in own if piece not in hers)]
        else:
            joined += hers if choice is Choice.THEIRS else own
    return joined


def _regions(
    base: list[T], theirs: list[T], mine: list[T]
) -> Iterator[tuple[list[T], list[T], list[T]]]:
    """The three side by side: stretches that all have, and what stands between them."""
    at = (0, 0, 0)
    for low, hers, own, size in _anchors(base, theirs, mine):
        if (low, hers, own) != at:
            yield base[at[0] : low], theirs[at[1] : hers], mine[at[2] : own]
        same = base[low : low + size]
        yield same, same, same
        at = (low + size, hers + size, own + size)
    if at != (len(base), len(theirs), len(mine)):
        yield base[at[0] :], theirs[at[1] :], mine[at[2] :]


def _anchors(base: list[T], theirs: list[T], mine: list[T]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of the base that both have kept: where they begin in each, and how long."""
    hers, own = _matching_blocks(base, theirs), _matching_blocks(base, mine)
    i = j = 0
    while i < len(hers) and j < len(own):
        low = max(hers[i].a, own[j].a)
        high = min(hers[i].a + hers[i].size, own[j].a + own[j].size)
        if low < high:
            yield (low, hers[i].b + low - hers[i].a, own[j].b + low - own[j].a, high - low)
        if hers[i].a + hers[i].size < own[j].a + own[j].size:
            i += 1
        else:
            j += 1


def _matching_blocks(base: list[T], other: list[T]) -> list[Match]:
    left, right = ([repr(item) for item in side] for side in (base, other))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return [block for block in matcher.get_matching_blocks() if block.size]
