"""With how many addresses in X-Forwarded-For requests come, written down for `campaign doctor`."""

import json
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

_FILE = "proxies.seen"
_EVERY_SECONDS = 600


class ProxyCounts:
    """Counts of one process. The file holds those of its last minutes: of all processes, one's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._counts: Counter[int] = Counter()
        self._due = 0.0

    def note(self, count: int) -> None:
        self._counts[count] += 1
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _EVERY_SECONDS
        counts, self._counts = self._counts, Counter()
        draft = self._path.with_name(f".{_FILE}.{os.getpid()}")
        with suppress(OSError):  # a request is answered all the same
            draft.write_text(json.dumps(counts), "utf-8")
            draft.replace(self._path)


def read_usual_count(folder: Path) -> int | None:
    """Return with how many most requests came; None where nothing was written down.

    Most, because anybody can send such a header, and checks of a balancer have none.
    """
    try:
        counts = json.loads((folder / _FILE).read_text("utf-8"))
        return int(max(counts, key=counts.__getitem__))
    except (OSError, ValueError):
        return None
