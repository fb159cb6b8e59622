"""Processes forked from this one, which go on where it stands, and the watch over them."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Self

import click

GRACE_SECONDS = 10
_LOOK_SECONDS = 0.1


class Child:
    """A process forked from this one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    @classmethod
    def fork(cls) -> Self | None:
        """The child; None in the child itself."""
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
        """Whether it has ended by now."""
        if self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._status = status
        return self._status is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if not self.has_ended:
            os.kill(self.pid, number)


def watch(children: Sequence[Child]) -> None:
    """Until somebody ends us, then end the children as well.

    Raises click.ClickException where one of them ended by itself.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        while not any(child.has_ended for child in children):
            time.sleep(_LOOK_SECONDS)
    except _Ended:
        return
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _end(children)
    raise click.ClickException("A process of the instance ended by itself; see its last lines.")


def _end(children: Sequence[Child]) -> None:
    """Ask all of them to end; kill who does not."""
    for child in children:
        child.send(signal.SIGINT)
    latest = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < latest and not all(child.has_ended for child in children):
        time.sleep(_LOOK_SECONDS)
    for child in children:
        child.send(signal.SIGKILL)
        child.wait()


class _Ended(Exception):
    """Somebody asked us to end."""


def _leave(_number: int, _frame: object) -> None:
    raise _Ended
