"""Whether a page waits for a process that reads files."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from campaign.core.isolation import run_apart as isolation

_SECONDS = 20


def answer_without_readers(ask: Callable[[], Any]) -> Any:
    """Return what `ask` does while others use all places; raises TimeoutError if it needs one."""
    with ThreadPoolExecutor(1) as pool, ExitStack() as places:
        for _ in range(2):
            places.enter_context(isolation._AT_ONCE)
        return pool.submit(ask).result(timeout=_SECONDS)
