"""Processes forked from this one, which go on where it stands, and the watch over them."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import click

GRACE_SECONDS = 10
SOON_SECONDS = 10
_LOOK_SECONDS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NICENESS = 10
Task = Callable[[], None]


def give_way() -> None:
    """Let the web server of this machine go first: people wait for its pages."""
    os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


class Child:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    @classmethod
    def fork(cls) -> Self | None:
        """Return the child; None in the child itself."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # or both would say what waits there
        pid = os.fork()
        return cls(pid) if pid else None

    def wait(self) -> int:
        """Wait until it has ended; its exit code, below 0 where a signal ended it."""
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(self._status)

    @property
    def has_ended(self) -> bool:
        if self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._status = status
        return self._status is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if not self.has_ended:
            os.kill(self.pid, number)


def supervise(tasks: Mapping[str, Task], *, soon: float = SOON_SECONDS) -> Task | None:
    """Run each task in a process of its own until somebody ends us, then end them as well.

    Return the task in the child, which runs it, and None to the process that supervises. A process
    that ends by itself is started again, and stderr says so: a worker that the kernel kills for its
    memory does not take the web server along. Raises click.ClickException where one ended sooner
    than `soon` seconds after its start: starting it again would not help.
    """
    running: dict[str, _Running] = {}
    for number in _SIGNALS:
        signal.signal(number, _leave)
    try:
        for name, task in tasks.items():
            if _start(name, running) is None:
                return task
        while True:
            name = _wait_for_an_end(running)
            ended, lived = running[name].child, time.monotonic() - running[name].since
            if lived < soon:
                break
            click.echo(f"The {name} {_how(ended.wait())}. Starting it again.", err=True)
            if _start(name, running) is None:
                return tasks[name]
    except _Ended:
        _end([process.child for process in running.values()])
        return None
    _end([process.child for process in running.values()])
    raise click.ClickException(f"The {name} {_how(ended.wait())} at once. Read its last lines.")


def _start(name: str, running: dict[str, "_Running"]) -> Child | None:
    """Fork a child and note it before any signal comes; None in the child, which heeds signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    child = Child.fork()
    if child is None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    else:
        running[name] = _Running(child, time.monotonic())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    return child


def _wait_for_an_end(running: Mapping[str, "_Running"]) -> str:
    while True:
        for name, process in running.items():
            if process.child.has_ended:
                return name
        time.sleep(_LOOK_SECONDS)


def _how(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


def _end(children: Sequence[Child]) -> None:
    """Ask all of them to end; kill who does not."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for child in children:
        child.send(signal.SIGINT)
    latest = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < latest and not all(child.has_ended for child in children):
        time.sleep(_LOOK_SECONDS)
    for child in children:
        child.send(signal.SIGKILL)
        child.wait()


@dataclass(frozen=True, slots=True)
class _Running:
    child: Child
    since: float
    """When it was started, by the monotonic clock."""


class _Ended(Exception):
    """Somebody asked us to end."""


def _leave(_number: int, _frame: object) -> None:
    raise _Ended
