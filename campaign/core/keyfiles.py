"""The instance's keys: files of 32 random bytes that nobody but their owner can read."""

import base64
import itertools
import os
import secrets
import stat
from pathlib import Path

from campaign.core.errors import UnsafeSettings

KEY_BYTES = 32
_FEWEST_VALUES = 16
"""Different bytes that a random key has at least: 30 are usual, 15 come once in 10^13 keys."""


def read_key(path: Path) -> bytes:
    """Return the key in `path`, made at the first start; refuse one that others can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make_key(path)
    refuse_readable(path)
    key = base64.b64decode(path.read_bytes())
    if len(key) != KEY_BYTES:
        raise UnsafeSettings(f"{path} is damaged. It must contain 32 bytes in base64.")
    return key


def refuse_readable(path: Path, why: str = "") -> None:
    """Raise UnsafeSettings where others than the file's owner may read or write it."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeSettings(f"{path} can be read by others. Run: chmod 600 {path}.{why}")


def is_weak(key: bytes) -> bool:
    """Return whether nobody drew `key` by lot: few different bytes, steps alike, or typed text."""
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    typed = all(32 <= byte < 127 for byte in key)
    return len(set(key)) < _FEWEST_VALUES or len(steps) < _FEWEST_VALUES // 2 or typed


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def write_privately(path: Path, data: bytes) -> None:
    """Write a new file that nobody but its owner can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _make_key(path: Path) -> None:
    """Write a new key; of several processes that start at once, one wins and none reads half."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_privately(draft, base64.b64encode(new_key()))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
