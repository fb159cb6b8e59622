"""Render processes kept for the next print run: starting one takes as long as 100 letters.

A process that nobody used for a while ends, so that a worker at rest doesn't keep its memory.
"""

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from campaign.printing.engine.worker import RenderProcess

KEPT_SECONDS = 30.0
"""A process at rest for longer isn't used again; by itself it ends some time later."""
_MOST = 2
"""Processes kept at rest."""

_lock = threading.Lock()
_at_rest: list[tuple[float, RenderProcess]] = []


@contextmanager
def borrow_process() -> Iterator[RenderProcess]:
    """Lend a process for one print run: one that is at rest, else a new one.

    After a run that raised it is closed, as an order may still be under way.
    """
    process = _take() or RenderProcess()
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


def _take() -> RenderProcess | None:
    now = time.monotonic()
    with _lock:
        fresh = [
            (since, process)
            for since, process in _at_rest
            if now - since < KEPT_SECONDS and process.is_alive()
        ]
        stale = [pair[1] for pair in _at_rest if pair not in fresh]
        process = fresh.pop()[1] if fresh else None
        _at_rest[:] = fresh
    for old in stale:
        old.close()
    return process


def _give_back(process: RenderProcess) -> None:
    with _lock:
        if len(_at_rest) < _MOST:
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
