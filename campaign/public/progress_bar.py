"""How many have written, on the way to the next round number. Pure."""

from dataclasses import dataclass

_ROUND = (1, 2.5, 5)
SMALLEST = 25
"""Below so many a bar would say less than the number itself."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A bar beside the count: it never stands without the figure."""

    count: int
    goal: int
    """The next round number."""


def progress_of(count: int, *, takes_letters: bool) -> Progress | None:
    """The way to the next round number; None where few have written, or nobody can any more."""
    if count < SMALLEST or not takes_letters:
        return None
    return Progress(count, next_round(count))


def next_round(count: int) -> int:
    """The first of 10, 25, 50, 100, 250 … that is more than `count`."""
    scale = 10
    while True:
        for step in _ROUND:
            if count < step * scale:
                return int(step * scale)
        scale *= 10
