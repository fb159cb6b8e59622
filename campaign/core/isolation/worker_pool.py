"""Processes kept for the next order: starting one takes as long as printing 100 letters.

A process that nobody used for a while ends, so that a worker at rest doesn't keep its memory.
"""

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from campaign.core.isolation.orders import ProcessKind
from campaign.core.isolation.worker import WorkProcess

KEPT_SECONDS = 30.0
"""A process at rest for longer isn't used again; by itself it ends some time later."""
_MOST = 2
"""Processes of a kind kept at rest."""

_lock = threading.Lock()
_at_rest: list[tuple[float, WorkProcess]] = []


@contextmanager
def borrow_process(kind: ProcessKind) -> Iterator[WorkProcess]:
    """Lend a process for one print run or file: one that is at rest, else a new one.

    After a run that raised it is closed, as an order may still be under way.
    """
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
