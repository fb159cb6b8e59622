"""What a print run is given and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from campaign.core.isolation.orders import Limits, ProcessKind
from campaign.printing.problems import Problem

Progress = Callable[[int], None]
"""Told, now and then, how many letters are done (printed or set aside)."""


PRESS = ProcessKind(
    "campaign.printing.engine.work",
    ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "FONTCONFIG_*", "XDG_*"),
)
"""The processes that lay out and put together what is printed."""
DEFAULT_LIMITS = Limits()
"""Enough for any 250 letters of a page or two."""


@dataclass(frozen=True, slots=True)
class PrintedLetter:
    key: str
    first_page: int
    """Page of this PDF on which it begins, from 1."""
    pages: int
    """How many pages it takes, with the blank back of its last sheet where both sides are printed;
    0 for a card that shares its sheet with the one before."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A letter that was not printed, and why."""

    key: str
    slug: str
    """The problem's slug, such as "missing-glyph" or "took-too-long"."""
    detail: dict[str, str] = field(default_factory=dict)
    more: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF of letters."""

    path: Path
    pages: int
    bytes: int
    sha256: str
    """Of the file, in hexadecimal."""
    letters: tuple[PrintedLetter, ...]
    """The printed letters, in the order they were given."""
    set_aside: tuple[SetAside, ...]
    """The others, in the order they were given."""
    peak_memory: int = 0
    """The largest resident size of a process that laid letters out, in bytes."""
