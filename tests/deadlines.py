"""How long hostile input may take, also on a busy machine."""

import time
from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings

soon = settings(deadline=timedelta(seconds=5))
with_a_reader = settings(deadline=timedelta(seconds=30))
"""The first example starts the process that reads, or loads the names of countries and places."""

_SECONDS = 1.0
_TRIES = 3


def seconds_of(work: Callable[[], object]) -> float:
    """Return what the quickest of three tries took, in seconds of this thread's own work.

    Hostile input slows each try; the collector or the machine hardly three in a row. The first
    try within a second is the last.
    """
    least = float("inf")
    for _ in range(_TRIES):
        begun = time.thread_time()
        work()
        least = min(least, time.thread_time() - begun)
        if least < _SECONDS:
            break
    return least
