"""Work that is dear, of which a process does little at a time, so that its threads stay free."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from campaign.core.errors import TooMany


class FewAtOnce:
    """Lets so many in, and has as many wait; refuses all others at once."""

    def __init__(self, places: int, *, seconds: int, slug: str = "busy") -> None:
        self._places = BoundedSemaphore(places)
        self._queue = BoundedSemaphore(places)
        self._seconds = seconds
        self._slug = slug

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Wait for a place. Raises TooMany where there is none to wait for, or none in time."""
        self._take()
        try:
            yield
        finally:
            self._places.release()

    def _take(self) -> None:
        if self._places.acquire(blocking=False):
            return
        if not self._queue.acquire(blocking=False):
            raise TooMany(self._slug, seconds=self._seconds)
        try:
            if not self._places.acquire(timeout=self._seconds):
                raise TooMany(self._slug, seconds=self._seconds)
        finally:
            self._queue.release()
