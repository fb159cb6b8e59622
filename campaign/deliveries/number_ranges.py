"""Numbers of letters as people write them down: “1-200, 350, 400-412”. Pure."""

import enum
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

LONGEST = 2_000
"""Characters that are read."""
_BETWEEN = re.compile(r"[,;،؛、\n]+")
_PIECE = re.compile(r"(\d{1,7})(?:\s*[-‐-―−]\s*(\d{1,7}))?")


class Numbers(NamedTuple):
    """Letters from one number to another, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


class Fault(enum.StrEnum):
    """What is wrong with numbers that were written down."""

    NONE = "none"
    UNREADABLE = "unreadable"
    BACKWARDS = "backwards"
    TWICE = "twice"
    OUTSIDE = "outside"
    TOO_LONG = "too-long"


class NumbersFault(Exception):
    """The numbers cannot be taken: for `piece`; `other` it collides with, or was meant instead."""

    def __init__(self, fault: Fault, piece: str = "", other: str = "") -> None:
        super().__init__(fault)
        self.fault, self.piece, self.other = fault, piece, other


def read_numbers(typed: str, *, lowest: int = 1, highest: int = 10**7 - 1) -> list[Numbers]:
    """The numbers, in order; what follows on one another is one span.

    Raises NumbersFault for the first piece that cannot be read, runs backwards, names a letter
    below `lowest` or above `highest`, or names one that another piece names already.
    """
    if len(typed) > LONGEST:
        raise NumbersFault(Fault.TOO_LONG)
    pieces = [one for one in (part.strip() for part in _BETWEEN.split(typed)) if one]
    if not pieces:
        raise NumbersFault(Fault.NONE)
    found = sorted(_read_piece(one, lowest, highest) for one in pieces)
    for before, one in pairwise(found):
        if one.first <= before.last:
            raise NumbersFault(Fault.TWICE, str(before), str(one))
    return list(_joined(found))


def say_numbers(numbers: Iterable[Sequence[int]]) -> str:
    """As people write them, and as `read_numbers` reads them."""
    return ", ".join(str(Numbers(*one)) for one in numbers)


def _read_piece(piece: str, lowest: int, highest: int) -> Numbers:
    match = _PIECE.fullmatch(piece)
    if match is None:
        raise NumbersFault(Fault.UNREADABLE, piece)
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    if first > last:
        raise NumbersFault(Fault.BACKWARDS, piece, f"{last}-{first}")
    if first < lowest or last > highest:
        raise NumbersFault(Fault.OUTSIDE, piece)
    return Numbers(first, last)


def _joined(found: Sequence[Numbers]) -> Iterable[Numbers]:
    open_one = found[0]
    for one in found[1:]:
        if one.first == open_one.last + 1:
            open_one = Numbers(open_one.first, one.last)
            continue
        yield open_one
        open_one = one
    yield open_one
