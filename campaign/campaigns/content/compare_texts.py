"""Two states of a text compared word by word, and two changes of one merged. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise
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
    # Before the first text there is none, and then an empty one: neither is a change.
    if theirs in (mine, base) or not (theirs or base):
        return mine
    if mine == base or not (mine or base):
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
    base: list[T], theirs: list[T], mine: list[T], choice: Choice | None
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
    """The three side by side, cut wherever it is certain what belongs to what.

    That is around each item that both have kept, and at each end of what was changed or removed.
    Not where something was put in, as long as the other changed what is next to it.
    """
    (kept, hers), (also_kept, own) = (_places(base, side) for side in (theirs, mine))
    cuts = {(0, 0, 0), (len(base), len(theirs), len(mine))}
    for place in kept.keys() & also_kept.keys():
        cuts.add((place, kept[place], also_kept[place]))
        cuts.add((place + 1, kept[place] + 1, also_kept[place] + 1))
    cuts |= {(place, hers[place], own[place]) for place in hers.keys() & own.keys()}
    for start, end in pairwise(sorted(cuts)):
        yield base[start[0] : end[0]], theirs[start[1] : end[1]], mine[start[2] : end[2]]


def _places(base: list[T], other: list[T]) -> tuple[dict[int, int], dict[int, int]]:
    """Where the items that the other has kept are in it; and the gaps between items of the base."""
    left, right = ([repr(item) for item in side] for side in (base, other))
    kept: dict[int, int] = {}
    gaps: dict[int, set[int]] = defaultdict(set)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, low, high, start, end in matcher.get_opcodes():
        pairs = {low + step: start + step for step in range(high - low)}
        if tag == "equal":
            kept |= pairs
        # As many in place of as many: each was changed for itself.
        for gap, place in [*(pairs.items() if high - low == end - start else ()), (low, start)]:
            gaps[gap].add(place)
        gaps[high].add(end)
    # Where something was put in, a gap is in two places.
    return kept, {gap: places.pop() for gap, places in gaps.items() if len(places) == 1}
