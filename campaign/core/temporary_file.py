"""A temporary file whose bytes are encrypted on disk, with a key that lives in memory alone."""

import io
import secrets
import tempfile
from typing import cast

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

_BLOCK = 16
_IN_MEMORY = 512 * 1024
"""Bytes that stay in memory: a file of a usual size never gets to a disk."""


class _EncryptedFile(io.RawIOBase):
    """Encrypts each byte by its place (AES in counter mode), so that it can be sought in.

    Nothing may be written twice at one place: two texts under one key stream give each other away.
    """

    def __init__(self) -> None:
        super().__init__()
        self._key = secrets.token_bytes(32)
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 — closed below
        self._written = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def write(self, data: object, /) -> int:
        plain = bytes(cast("bytes", data))
        start = self._file.tell()
        if start < self._written:
            raise io.UnsupportedOperation("this place is written already")
        self._file.write(self._crypt(plain, start))
        self._written = start + len(plain)
        return len(plain)

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer))
        start = self._file.tell()
        stored = self._file.read(len(view))
        view[: len(stored)] = self._crypt(stored, start)
        return len(stored)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _crypt(self, data: bytes, start: int) -> bytes:
        block, skipped = divmod(start, _BLOCK)
        stream = Cipher(AES256(self._key), CTR(block.to_bytes(_BLOCK))).encryptor()
        stream.update(bytes(skipped))
        return stream.update(data)


def temporary_file() -> io.BufferedRandom:
    """Return a file to be written once, then read and sought in; gone when it is closed."""
    return io.BufferedRandom(_EncryptedFile())
