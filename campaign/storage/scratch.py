"""Folders for what must lie on a disk as it is for a moment: gone when their block ends.

Each is locked by the process that works in it. What a killed process left is found by its lock,
which went with the process.
"""

import fcntl
import os
import resource
import secrets
import shutil
import tempfile
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


@contextmanager
def settled(parent: Path) -> Iterator[None]:
    """Have all temporary files of this process lie in a room of its own, and dump no core.

    What libraries put into the system's temporary folder would stay there for good once the process
    is killed; what is left in a room is swept.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sweep(parent)
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with room(parent) as folder:
        # The environment is for programs that are started from here.
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before[0]
            os.environ.pop("TMPDIR")
            if before[1] is not None:
                os.environ["TMPDIR"] = before[1]


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


def is_in_memory(folder: Path) -> bool:
    """Whether the folder, or the nearest one above it that is there, lies in memory (Linux)."""
    while not folder.exists():
        folder = folder.parent
    device = folder.stat().st_dev
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return False
    for line in mounts.read_text("utf-8").splitlines():
        before, _, after = line.partition(" - ")
        major, minor = before.split()[2].split(":")
        if os.makedev(int(major), int(minor)) == device:
            return after.split()[0] in {"tmpfs", "ramfs"}
    return False
