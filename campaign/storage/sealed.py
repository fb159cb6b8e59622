"""The format of a file at rest: encrypted in chunks with a key of its own. Pure.

    mark (8 bytes) · file key, sealed with the data key for this name (61) · chunks

A chunk is 64 KiB of the file and 16 bytes of tag (AES-256-GCM). Its nonce is its number and
whether it is the last one, as in age's STREAM: chunks that are changed, moved, left out or cut
off do not open, nor does a file that was put under another's name. So any part of a file can be
read without the rest, and the size is known from the size of what is stored.
"""

import io
import os
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from campaign.core.sealing import Keyring, WrongKey, version_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsWrite, WriteableBuffer

MARK = b"\x89UALF\n\x1a\x01"
CHUNK = 64 * 1024
_TAG = 16
_KEY_BYTES = 32
_SEALED_KEY = 1 + 12 + _KEY_BYTES + _TAG
HEADER = len(MARK) + _SEALED_KEY  # bytes before the first chunk


class Damaged(Exception):
    """What is stored is not what was written: changed, cut off, or of another name or key."""


class NotSealed(Damaged):
    """The file lies there as it is: it was written before files were encrypted."""


class StoredFile(Protocol):
    size: int

    def read_at(self, start: int, length: int) -> bytes: ...

    def close(self) -> None: ...


def size_of(stored: int) -> int:
    """Return the size of a file of which `stored` bytes are kept. Raises Damaged."""
    body = stored - HEADER
    chunks = -(-body // (CHUNK + _TAG))
    if chunks < 1 or body - chunks * _TAG < 0:
        raise Damaged("too short")
    return body - chunks * _TAG


class SealingWriter(io.RawIOBase):
    """Encrypts what is written into `sink`; whole only after `finish`."""

    def __init__(self, sink: "SupportsWrite[bytes]", keyring: Keyring, name: str) -> None:
        super().__init__()
        key = os.urandom(_KEY_BYTES)
        self._aead = AESGCM(key)
        self._sink = sink
        self._number = 0
        self._rest = bytearray()
        sink.write(MARK + keyring.seal_bytes(key, _place(name)))

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data).cast("B")
        self._rest += view
        # The last chunk is marked as such, so a full one waits until more comes.
        at = 0
        while len(self._rest) - at > CHUNK:
            self._seal(bytes(self._rest[at : at + CHUNK]), last=False)
            at += CHUNK
        if at:
            del self._rest[:at]
        return len(view)

    def finish(self) -> None:
        self._seal(bytes(self._rest), last=True)
        self._rest.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._sink.write(self._aead.encrypt(_nonce(self._number, last=last), piece, None))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads a file from what is stored, from wherever one seeks to; each read may raise Damaged."""

    def __init__(self, source: StoredFile, keyring: Keyring, name: str, *, ahead: int = 1) -> None:
        """`ahead` chunks are fetched at once. Raises NotSealed, or Damaged."""
        super().__init__()
        self._source = source
        self._ahead = ahead
        self._at = 0
        self._first, self._held = 0, b""
        self._aead = AESGCM(_key_in(source.read_at(0, min(HEADER, source.size)), keyring, name))
        self.size = size_of(source.size)
        self._chunks = max(1, -(-self.size // CHUNK))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill `buffer` as far as one piece goes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self._at >= self.size:
            if self.size == 0:
                self._open(0)  # nothing, but untouched
            return 0
        within = self._at - self._first
        if not 0 <= within < len(self._held):
            self._open(self._at // CHUNK)
            within = self._at - self._first
        piece = self._held[within : within + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()

    def _open(self, first: int) -> None:
        count = min(self._ahead, self._chunks - first)
        start = HEADER + first * (CHUNK + _TAG)
        stored = self._source.read_at(start, min(count * (CHUNK + _TAG), self._source.size - start))
        pieces = []
        for number in range(first, first + count):
            at = (number - first) * (CHUNK + _TAG)
            nonce = _nonce(number, last=number == self._chunks - 1)
            try:
                pieces.append(self._aead.decrypt(nonce, stored[at : at + CHUNK + _TAG], None))
            except (InvalidTag, ValueError) as problem:
                raise Damaged(f"chunk {number}") from problem
        self._first, self._held = first * CHUNK, b"".join(pieces)


def refuse_other_key(head: bytes, keyring: Keyring, name: str) -> None:
    """Raise NotSealed or Damaged where the first HEADER bytes are not of this name and key."""
    _key_in(head, keyring, name)


def turned_head(head: bytes, keyring: Keyring, name: str) -> bytes | None:
    """Return the header with the file's key sealed anew, or None if it is so. Raises Damaged."""
    key = _key_in(head, keyring, name)
    if version_of(head[len(MARK) :]) == keyring.newest > 1:
        return None
    return MARK + keyring.seal_bytes(key, _place(name))


def _key_in(head: bytes, keyring: Keyring, name: str) -> bytes:
    if not head.startswith(MARK):
        raise NotSealed(name)
    try:
        return keyring.open_bytes(head[len(MARK) :], _place(name))
    except WrongKey as problem:
        raise Damaged(name) from problem


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _place(name: str) -> str:
    return f"file:{name}"
