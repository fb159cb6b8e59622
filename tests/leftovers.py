"""Whether a run leaves anything behind: a process, its PostgreSQL's folder, or shared memory.

Whatever a run starts has the run's mark in its environment, so that other runs on the same machine
are not taken for this one. After a run that was killed, `clear_leftovers.py` ends what it left.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests import clear_leftovers

MARK = clear_leftovers.MARK
_SECONDS = 20
"""Workers and what they started may take so long to end."""
_ROOM_BYTES = 2 * 1024**3
"""Several times what a whole run has in its temporary files at once."""


class Plugin:
    """Looks for it at the end of a run, in the process that began the run."""

    def __init__(self) -> None:
        mark = uuid4().hex[:16]
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
        if _has_room():
            # A file is made and deleted there in a tenth of the time.
            folder = clear_leftovers.MEMORY / f"campaign-{mark}"
            folder.mkdir()
            folder.chmod(0o711)  # root starts PostgreSQL as another user
            tempfile.tempdir = os.environ["TMPDIR"] = str(folder)

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
        folders = map(str, Path(tempfile.gettempdir()).glob(f"*{self._mark}*"))
        memory = _shared_memory() - self._memory
        return [*processes, *folders, *(memory - _mapped() if memory else ())]


def _has_room() -> bool:
    """Whether all temporary files of a run can be in memory, and programs be started there."""
    memory = clear_leftovers.MEMORY
    return (
        memory.is_dir()
        and os.access(memory, os.W_OK)
        and not os.statvfs(memory).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(memory).free > _ROOM_BYTES
        and psutil.virtual_memory().available > 2 * _ROOM_BYTES
    )


def _shared_memory() -> set[str]:
    """All but PostgreSQL's, which goes with its process, and folders of runs, which have marks."""
    return {
        str(path)
        for path in clear_leftovers.MEMORY.glob("*")
        if "PostgreSQL" not in path.name
        and not path.name.startswith("campaign-")
        and "faketime_" not in path.name  # of programs of others, whose clock libfaketime sets
    }


def _mapped() -> set[str]:
    """What somebody is using: it goes when they end."""
    used = set()
    for path in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            lines = path.read_text().splitlines()
            used |= {line.split()[-1] for line in lines if f"{clear_leftovers.MEMORY}/" in line}
    return used
