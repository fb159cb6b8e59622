"""Folders for what must lie on a disk as it is for a moment: gone when their block ends.

Each is locked by the process that works in it. What a killed process left is found by its lock,
which went with the process.
"""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_YOUNG_SECONDS = 60
"""A folder so young may not be locked yet."""


@contextmanager
def room(parent: Path) -> Iterator[Path]:
    """A folder of one's own below `parent`, for nobody else's eyes; removed with all in it."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = parent / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(parent: Path) -> int:
    """Remove the folders whose process is gone; how many."""
    if not parent.is_dir():
        return 0
    return sum(_remove_left(folder) for folder in list(parent.iterdir()))


def _remove_left(folder: Path) -> bool:
    try:
        if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
            return False
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(handle)
