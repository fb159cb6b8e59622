"""A hash tree over a list of entries, as RFC 9162 has it (section 2.1). Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from campaign.core.db.batches import batched

HASH_BYTES = 32
BLOCK = 512
"""Entries under one hash that is kept, a power of two: a proof hashes so many, not all."""


def hash_entry(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def _hash_pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def fold_hashes(hashes: Iterable[bytes]) -> bytes:
    """Return the head of the tree over hashes of entries, or of blocks of them."""
    level = list(hashes)
    if not level:
        return hashlib.sha256().digest()
    while len(level) > 1:
        level = _fold_once(level)
    return level[0]


def _fold_once(level: Sequence[bytes]) -> list[bytes]:
    folded = [_hash_pair(*pair) for pair in zip(level[::2], level[1::2], strict=False)]
    return [*folded, *level[2 * len(folded) :]]


def fold_blocks(hashes: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the head of each block of entries: their tree has the head of all."""
    return map(fold_hashes, batched(hashes, BLOCK))


def list_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """List the hashes that lead from the one at `index` to the head."""
    path, level = [], list(hashes)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _fold_once(level), index // 2
    return path


def follow_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the head to which a path leads in a tree of `size`; None where it fits no such tree.

    Index and size are part of what is shown: with others, the same path fits no tree, or leads
    elsewhere (RFC 9162, 2.1.3.2).
    """
    if not 0 <= index < size:
        return None
    head, place, last = leaf, index, size - 1
    for beside in path:
        if not last:
            return None
        if place % 2 or place == last:
            head = _hash_pair(beside, head)
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            head = _hash_pair(head, beside)
        place, last = place // 2, last // 2
    return None if last else head
