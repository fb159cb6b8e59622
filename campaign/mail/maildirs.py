"""Maildir folders that a mail server fills and we empty: reports on deliveries, answers."""

import mailbox
from collections.abc import Callable
from pathlib import Path

import structlog

log = structlog.get_logger()


def is_maildir(path: Path) -> bool:
    """Whether there is a Maildir at `path`; `campaign doctor` asks."""
    return all((path / part).is_dir() for part in ("cur", "new", "tmp"))


def empty(path: Path, take: Callable[[bytes], bool], *, most_bytes: int) -> int:
    """Hand each new mail to `take`, and remove what it took; tells how many were left.

    Of a longer mail, `take` gets the first `most_bytes`.
    """
    folder = mailbox.Maildir(str(path), create=False)
    names = sorted(file.name.partition(":")[0] for file in (path / "new").iterdir())
    return sum(not _is_taken(folder, name, take, most_bytes) for name in names)


def _is_taken(
    folder: "mailbox.Maildir", name: str, take: Callable[[bytes], bool], most_bytes: int
) -> bool:
    try:
        with folder.get_file(name) as file:
            taken = take(file.read(most_bytes))
    except Exception as problem:
        # Whatever strangers send must not hold up the others; its words may quote an address.
        log.warning("mail not understood", problem=type(problem).__name__)
        return False
    if taken:
        folder.discard(name)  # it holds an address, and often our mail with its link
    return taken
