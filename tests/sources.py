"""The code as it stands: read once in each process of a run, and parsed where it may matter."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import campaign

HOUSE = Path(campaign.__file__).parent
VAGUE_NAMES = frozenset({"one", "found", "made", "said", "unit"})
"""They do not say what a variable holds."""


@cache
def read_modules(folder: Path = HOUSE) -> dict[str, str]:
    """Text of each module below the folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def search_modules(pattern: str, folder: Path = HOUSE) -> Iterator[tuple[str, str]]:
    """Path and text of each module in which this stands: to parse the others takes seconds."""
    search = re.compile(pattern, re.MULTILINE).search
    return ((name, text) for name, text in read_modules(folder).items() if search(text))
