"""The folder that all workers of a run share, in which one of them makes what all use."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_worker_at_a_time(folder: Path, what: str) -> Iterator[None]:
    """Keep the other workers out while this one makes something in the folder."""
    with (folder / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
