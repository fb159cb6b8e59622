"""What must lie on a disk for a moment: folders, gone when their block ends, and encrypted files.

Each folder is locked by the process that works in it. What a killed process left is found by its
lock, which went with the process.
"""

import fcntl
import io
import os
import resource
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

_BLOCK = 16
_IN_MEMORY = 512 * 1024  # bytes that stay in memory: a file of a usual size never gets to a disk


@contextmanager
def make_folder(parent: Path) -> Iterator[Path]:
    """A folder of one's own below `parent`, for nobody else's eyes; removed with all in it."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        folder = parent / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        if (handle := lock_new(folder)) is not None:
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def lock_new(folder: Path) -> int | None:
    """Lock it; None where another process has swept it before it was locked."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    fcntl.flock(handle, fcntl.LOCK_EX)
    if folder.exists():
        return handle
    os.close(handle)
    return None


@contextmanager
def keep_temporary_files_in(parent: Path) -> Iterator[None]:
    """Have all temporary files of this process lie in a folder of its own, and dump no core.

    What libraries put into the system's temporary folder would stay there for good once the process
    is killed; what is left in such a folder is swept.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sweep(parent)
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with make_folder(parent) as folder:
        # The environment is for programs that are started from here.
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before[0]
            os.environ.pop("TMPDIR", None)
            if before[1] is not None:
                os.environ["TMPDIR"] = before[1]


def sweep(parent: Path) -> int:
    """Remove the folders whose process is gone; how many."""
    if not parent.is_dir():
        return 0
    return sum(_remove_left(folder) for folder in list(parent.iterdir()))


def _remove_left(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(handle)


def is_in_memory(folder: Path) -> bool:
    """Whether the folder, or the nearest one above it that is there, lies in memory (Linux)."""
    while not folder.exists():
        folder = folder.parent
    device = folder.stat().st_dev
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return False
    for line in mounts.read_text("utf-8").splitlines():
        before, _, after = line.partition(" - ")
        major, minor = before.split()[2].split(":")
        if os.makedev(int(major), int(minor)) == device:
            return after.split()[0] in {"tmpfs", "ramfs"}
    return False


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
    return io.BufferedRandom(_EncryptedFile())
