"""Where chunks are laid out: processes of their own, with limits on memory and time.

`RenderProcess` starts a Python of its own that runs `worker_process.main`. It loads the renderer,
then forks a child for each job, which is how a chunk starts in milliseconds and can be killed
without harm. It isn't multiprocessing's forkserver, which refuses to work for daemonic
processes (as Huey's workers are) and runs the caller's main module again.

Jobs and reports are lines of JSON; nothing is ever unpickled.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from campaign.printing.engine.types import Limits
from campaign.printing.problems import MACHINE_FAILED, NO_ROOM

# `campaign/__init__.py` holds create_app and so imports everything. The process, which handles
# texts of strangers, gets an empty package of that name instead: no Flask, no database, no keys,
# and it starts in a third of the time.
_START = """
import sys, types
package = types.ModuleType("campaign")
package.__path__ = [sys.argv[1]]
sys.modules["campaign"] = package
from campaign.printing.engine.worker_process import main
main()
"""
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


def _is_passed_on(name: str) -> bool:
    """Whether the process is given this variable of the environment; secrets it never is."""
    return name in _ENVIRONMENT or name.startswith(("FONTCONFIG_", "XDG_"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    report: dict[str, Any] | None
    """What the job reports; None if it failed."""
    slug: str = ""
    """Why it failed: "out-of-memory", "took-too-long", "renderer-warning", "renderer-failed"."""
    detail: str = ""
    """More on why it failed; contains no text of a letter's."""
    peak_memory: int = 0
    """The process's largest resident size, in bytes."""


class RenderProcessStopped(RuntimeError):
    """The process ended, or has no room: a fault of the machine, not of a letter."""

    def __init__(self, message: str, slug: str = MACHINE_FAILED) -> None:
        super().__init__(message)
        self.slug = slug


class RenderProcess:
    """A Python that renders; a context manager. Not to be shared between threads."""

    def __init__(self) -> None:
        package = str(Path(__file__).resolve().parents[2])
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _START, package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if _is_passed_on(name)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, work: str, job: Mapping[str, object], limits: Limits, size: int) -> Outcome:
        """Run one job in a process of its own and wait for it.

        :param work: the kind of job, a name in `worker_process.WORK`.
        :param size: letters or pages in it, for the time limit.
        :raises RenderProcessStopped: the process is gone, or cannot write what it makes.
        """
        order = {
            "work": work,
            "job": job,
            "memory": limits.memory,
            "seconds": limits.seconds_for(size),
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RenderProcessStopped("the process has no pipes")
        try:
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise RenderProcessStopped(f"the process ended with {self._process.wait()}")
        outcome = Outcome(**json.loads(line))
        if outcome.slug in {MACHINE_FAILED, NO_ROOM}:
            raise RenderProcessStopped(
                f"the process could not work: {outcome.detail}", outcome.slug
            )
        return outcome

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def abandon(self) -> None:
        """In a forked child: let go of the parent's process without ending it."""
        self._process.returncode = 0  # it is not our child to wait for
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
