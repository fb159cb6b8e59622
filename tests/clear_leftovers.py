"""Ends what a run of the tests left that was killed: processes and folders that bear its mark.

`python -IS clear_leftovers.py PID MARK` waits for the end of that process; where a run ended by
itself there is nothing to do.
"""

import os
import select
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

MARK = "TESTS_OF_RUN"
"""Whatever a run starts has it in its environment, with what is its own."""
MEMORY = Path("/dev/shm")
"""Linux keeps its files in memory: a run has its temporary files there if there is room."""
_SECONDS = 5
"""PostgreSQL may take so long to end by itself."""


def find_processes(mark: str) -> dict[int, str]:
    """Commands of the run's processes by their number."""
    commands = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                commands[int(folder.name)] = command.decode()[:80].strip()
    return commands


def find_folders(mark: str) -> list[Path]:
    """Folders for temporary files that the run made under its mark."""
    return [
        folder
        for parent in {Path(tempfile.gettempdir()), MEMORY}
        for folder in parent.glob(f"*{mark}*")
    ]


def clear(mark: str) -> None:
    """End the run's processes, and delete its folders."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _SECONDS
        signalled: set[int] = set()
        while (left := find_processes(mark)) and time.monotonic() < until:
            for pid in left.keys() - signalled:
                with suppress(ProcessLookupError):
                    os.kill(pid, how)
            signalled |= left.keys()
            time.sleep(0.1)
    for folder in find_folders(mark):
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_end(pid: int) -> None:
    with suppress(ProcessLookupError):
        ended = select.poll()
        ended.register(os.pidfd_open(pid), select.POLLIN)
        ended.poll()


if __name__ == "__main__":
    _wait_for_end(int(sys.argv[1]))
    clear(sys.argv[2])
