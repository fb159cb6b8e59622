"""Our end of a process of its own, with limits on memory and time; some are kept for a next order.

`WorkProcess` starts a Python that runs `worker_process.main`. It loads what its kind needs, then
forks a child for each job, which is how a job starts in milliseconds and can be killed without
harm. It isn't multiprocessing's forkserver, which refuses to work for daemonic processes (as
Huey's workers are) and runs the caller's main module again. Jobs and reports are lines of JSON;
nothing is ever unpickled.
"""

import atexit
import fnmatch
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from campaign.core import metrics
from campaign.core.isolation.orders import MACHINE_FAILED, NO_ROOM, Limits, ProcessKind
from campaign.core.slow_work import leave_database

# `campaign/__init__.py` holds create_app and so imports everything. The process, which handles
# what strangers sent, gets an empty package of that name instead: no Flask, no database, no keys,
# and it starts in a third of the time. It finds modules where we do, whatever the environment.
_START = """
import sys, types
sys.path[:] = sys.argv[3:]
package = types.ModuleType("campaign")
package.__path__ = [sys.argv[1]]
sys.modules["campaign"] = package
from campaign.core.isolation.worker_process import main
main(sys.argv[2])
"""
KEPT_SECONDS = 30.0
"""A process at rest for longer isn't used again; by itself it ends some time later."""
_MOST = 2
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    report: dict[str, Any] | None  # None if the job failed
    slug: str = ""  # why: a slug of `orders`, or one of the kind's own
    detail: str = ""  # more on why it failed; contains no text of a stranger's
    peak_memory: int = 0  # the process's largest resident size, in bytes


class WorkProcessStopped(RuntimeError):
    """The process ended, or has no room: a fault of the machine, not of what it worked on."""

    def __init__(self, message: str, slug: str = MACHINE_FAILED) -> None:
        super().__init__(message)
        self.slug = slug


class WorkProcess:
    """A Python that takes orders; a context manager. Not to be shared between threads."""

    def __init__(self, kind: ProcessKind) -> None:
        self.kind = kind
        package = str(Path(__file__).resolve().parents[2])
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-c", _START, package, kind.module, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                name: value
                for name, value in os.environ.items()
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in kind.variables)
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def run(
        self, work: str, job: Mapping[str, object], limits: Limits, size: int, data: bytes = b""
    ) -> WorkOutcome:
        """Run one job, of `size` letters or pages, and wait. Raises WorkProcessStopped."""
        order = {
            "work": work,
            "job": job,
            "memory": limits.memory,
            "seconds": limits.seconds_for(size),
            "bytes": len(data),
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkProcessStopped("the process has no pipes")
        try:
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.write(data)
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise WorkProcessStopped(f"the process ended with {self._process.wait()}")
        outcome = WorkOutcome(**json.loads(line))
        if outcome.slug:
            metrics.count_ended_work(work, outcome.slug)
        if outcome.slug in {MACHINE_FAILED, NO_ROOM}:
            raise WorkProcessStopped(f"the process could not work: {outcome.detail}", outcome.slug)
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


_at_rest: list[tuple[float, WorkProcess]] = []


@contextmanager
def borrow_process(kind: ProcessKind) -> Iterator[WorkProcess]:
    """Lend a process for a print run or file; after one that raised, it is closed."""
    leave_database()
    process = _take(kind) or WorkProcess(kind)
    try:
        yield process
    except BaseException:
        process.close()
        raise
    _give_back(process)


def close_all() -> None:
    with _lock:
        closing = [process for _, process in _at_rest]
        _at_rest.clear()
    for process in closing:
        process.close()


def _take(kind: ProcessKind) -> WorkProcess | None:
    now = time.monotonic()
    with _lock:
        fresh = [
            (since, process)
            for since, process in _at_rest
            if now - since < KEPT_SECONDS and process.is_alive()
        ]
        stale = [pair[1] for pair in _at_rest if pair not in fresh]
        pair = next((pair for pair in reversed(fresh) if pair[1].kind == kind), None)
        _at_rest[:] = [other for other in fresh if other is not pair]
    for old in stale:
        old.close()
    return pair[1] if pair else None


def _give_back(process: WorkProcess) -> None:
    with _lock:
        if sum(resting.kind == process.kind for _, resting in _at_rest) < _MOST:
            _at_rest.append((time.monotonic(), process))
            return
    process.close()


def _forget() -> None:
    """In a forked child: the processes are the parent's, and must end when it closes them."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    for _, process in _at_rest:
        process.abandon()
    _at_rest.clear()


atexit.register(close_all)
os.register_at_fork(after_in_child=_forget)
