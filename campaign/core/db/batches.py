"""Batches of what comes one by one (`itertools.batched`, which Python has only from 3.12 on)."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(things: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield the things in order, `size` at a time; the last batch may be smaller."""
    remaining = iter(things)
    while batch := tuple(islice(remaining, size)):
        yield batch
