"""Places at the press in a web process: few, so that printing cannot starve signing."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from campaign.core.errors import TooMany

_AT_ONCE = 2
"""PDFs that one process makes or has waiting at a time; the renderer takes one after another."""
_BUSY_SECONDS = 5
_presses = BoundedSemaphore(_AT_ONCE)
_queue = BoundedSemaphore(_AT_ONCE)
"""Who waits for a press; of the process's threads all others stay free for signing."""


@contextmanager
def at_the_press() -> Iterator[None]:
    """A place at the press; a few may wait for one, for a while.

    Raises TooMany (`busy`) for all others, at once.
    """
    if not _presses.acquire(blocking=False):
        if not _queue.acquire(blocking=False):
            raise TooMany("busy", seconds=_BUSY_SECONDS)
        try:
            if not _presses.acquire(timeout=_BUSY_SECONDS):
                raise TooMany("busy", seconds=_BUSY_SECONDS)
        finally:
            _queue.release()
    try:
        yield
    finally:
        _presses.release()
