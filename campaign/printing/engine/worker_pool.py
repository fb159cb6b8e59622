"""Foundries kept for the next print run, as starting one takes as long as some hundred letters.

A foundry that nobody used for a while ends, so that a worker at rest doesn't hold its memory.
"""

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from campaign.printing.engine.worker import Foundry

KEPT_SECONDS = 30.0
"""A foundry at rest for longer isn't used again; by itself it ends some time later."""
_MOST = 2
"""Foundries kept at rest."""

_lock = threading.Lock()
_at_rest: list[tuple[float, Foundry]] = []


@contextmanager
def borrowed() -> Iterator[Foundry]:
    """A foundry for one print run: one that is at rest, else a new one.

    After a run that raised it is closed, as an order may still be under way.
    """
    foundry = _take() or Foundry()
    try:
        yield foundry
    except BaseException:
        foundry.close()
        raise
    _give_back(foundry)


def close_all() -> None:
    """Ends the foundries at rest."""
    with _lock:
        closing = [foundry for _, foundry in _at_rest]
        _at_rest.clear()
    for foundry in closing:
        foundry.close()


def _take() -> Foundry | None:
    now = time.monotonic()
    with _lock:
        fresh = [
            (since, foundry)
            for since, foundry in _at_rest
            if now - since < KEPT_SECONDS and foundry.is_alive()
        ]
        stale = [pair[1] for pair in _at_rest if pair not in fresh]
        taken = fresh.pop()[1] if fresh else None
        _at_rest[:] = fresh
    for foundry in stale:
        foundry.close()
    return taken


def _give_back(foundry: Foundry) -> None:
    with _lock:
        if len(_at_rest) < _MOST:
            _at_rest.append((time.monotonic(), foundry))
            return
    foundry.close()


def _forget() -> None:
    """In a forked child: the foundries are the parent's, and must end when it closes them."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    for _, foundry in _at_rest:
        foundry.abandon()
    _at_rest.clear()


atexit.register(close_all)
os.register_at_fork(after_in_child=_forget)
