"""Encryption in age's format to people's keys (`age1…` or public SSH): exports, backups."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import pyrage
from pyrage import RecipientError, ssh, x25519

from campaign.core.errors import Refused
from campaign.core.keyfiles import refuse_readable

MARK = b"age-encryption.org/"
_PIECE = 256 * 1024
_PRIVATE = "AGE-SECRET-KEY-"


def to_recipient(key: str) -> ssh.Recipient | x25519.Recipient:
    """Return the key as pyrage takes it. Raises RecipientError."""
    if key.startswith("ssh-"):
        return ssh.Recipient.from_str(key)
    return x25519.Recipient.from_str(key)


def is_recipient(key: str) -> bool:
    try:
        to_recipient(key)
    except RecipientError:
        return False
    return True


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


def encrypt(chunks: Iterable[bytes], keys: Sequence[str], out: Writable) -> None:
    """Write the chunks into `out` as a stream, encrypted to all keys; what they raise is raised."""
    stream, sink = _Stream(chunks), _Sink(out)
    recipients = [to_recipient(key) for key in keys]
    problem: Exception | None = None
    try:
        pyrage.encrypt_io(io.BufferedReader(stream, _PIECE), sink, recipients)
    except pyrage.EncryptError as error:
        problem = error
    # It says neither what went wrong, nor always that the last bytes were not taken.
    problem = stream.problem or sink.problem or problem
    if problem is not None:
        raise problem


def decrypt(source: BinaryIO, identities: Path, out: BinaryIO) -> None:
    """Undo `encrypt` by the secret keys of a file. Raises Refused: other key, changed, cut off."""
    keys = _read_identities(identities)
    try:
        pyrage.decrypt_io(source, out, keys)
    except (pyrage.DecryptError, OSError) as problem:
        # A chunk that does not open is an OSError too, but not the system's.
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        raise Refused(
            f"{identities.name} does not decrypt it: wrong key, or the file was changed or cut "
            "off. Try the key of one of its recipients, another copy of it, or another backup"
        ) from problem


def _read_identities(path: Path) -> list[ssh.Identity | x25519.Identity]:
    """Read a file of age's secret keys, or one SSH key. Raises Refused, UnsafeSettings."""
    refuse_readable(path)
    data = path.read_bytes()
    try:
        if b"PRIVATE KEY-----" in data:
            return [ssh.Identity.from_buffer(data)]
        lines = [line.strip() for line in data.decode().splitlines()]
        keys = [x25519.Identity.from_str(line) for line in lines if line.startswith(_PRIVATE)]
    except (pyrage.IdentityError, UnicodeDecodeError) as problem:
        raise Refused(f"{path.name} has no secret key of age or SSH") from problem
    if not keys:
        raise Refused(f"{path.name} has no secret key of age or SSH")
    return [*keys]


class _Stream(io.RawIOBase):
    """Chunks as a file that can be read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._left = memoryview(b"")
        self.problem: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # typeshed: Buffer
        while not self._left:
            try:
                self._left = memoryview(next(self._chunks))
            except StopIteration:
                return 0
            except Exception as problem:
                self.problem = problem
                raise
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


class _Sink:
    """Passes on what is written, and keeps what went wrong."""

    def __init__(self, out: Writable) -> None:
        self._out = out
        self.problem: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._out.write(data)
        except Exception as problem:
            self.problem = problem
            raise
        return len(data)

    def flush(self) -> None:
        pass
