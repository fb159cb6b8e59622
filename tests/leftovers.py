"""Whether a run leaves anything behind: a process, its PostgreSQL's folder, or shared memory.

Whatever a run starts has the run's mark in its environment, so that other runs on the same machine
are not taken for this one. After a run that was killed, `clear_leftovers.py` ends what it left.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests import clear_leftovers

MARK = clear_leftovers.MARK
_SECONDS = 20
"""Workers and what they started may take so long to end."""


class Plugin:
    """Looks for it at the end of a run, in the process that began the run."""

    def __init__(self) -> None:
        mark = uuid4().hex
        self._clearer = subprocess.Popen(
            [sys.executable, "-IS", clear_leftovers.__file__, str(os.getpid()), mark],
            env={name: value for name, value in os.environ.items() if name != MARK},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what is sent to all processes of the run does not reach it
        )
        self._mark = os.environ[MARK] = mark
        self._memory = _shared_memory()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run that left something, and say what."""
        until = time.monotonic() + _SECONDS
        while (left := self._left()) and time.monotonic() < until:
            time.sleep(0.2)
        if left:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            reporter = session.config.pluginmanager.get_plugin("terminalreporter")
            reporter.write_line("")
            reporter.write_line(f"This run leaves behind: {', '.join(left)}")

    def _left(self) -> list[str]:
        processes = [
            f"process {pid} ({command})"
            for pid, command in clear_leftovers.find_processes(self._mark).items()
        ]
        folders = map(str, clear_leftovers.find_folders(self._mark))
        memory = _shared_memory() - self._memory
        return [*processes, *folders, *(memory - _mapped() if memory else ())]


def _shared_memory() -> set[str]:
    """All but PostgreSQL's: it goes with its process, and another run's may have been killed."""
    return {str(path) for path in Path("/dev/shm").glob("*") if "PostgreSQL" not in path.name}


def _mapped() -> set[str]:
    """What somebody is using: it goes when they end."""
    used = set()
    for path in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            lines = path.read_text().splitlines()
            used |= {line.split()[-1] for line in lines if "/dev/shm/" in line}
    return used
