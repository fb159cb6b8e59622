"""The bundle as one ZIP: stored, of a size known beforehand, the same bytes every time."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from zipstream import ZipStream


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the bundle: its name in the folder, and where it lies."""

    name: str
    path: Path


def stream_zip(folder: str, parts: Iterable[Part]) -> ZipStream:
    """The ZIP as a stream; `len()` gives its size. Raises FileNotFoundError."""
    stream = ZipStream(sized=True)
    for part in parts:
        stream.add_path(part.path, f"{folder}/{part.name}", recurse=False)
    return stream


def date_files(parts: Iterable[Part], moment: datetime) -> None:
    """Give the files the date of the bundle: the ZIP made of them is then always the same."""
    for part in parts:
        os.utime(part.path, (moment.timestamp(), moment.timestamp()))


def digest_of(chunks: Iterable[bytes]) -> str:
    """SHA-256 of a stream, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def write_zip(chunks: Iterable[bytes], out: Path) -> Iterator[int]:
    """Write the stream to `out`, whole or not at all; yields the size of each chunk written."""
    draft = out.with_name(f".{out.name}.{os.urandom(4).hex()}.part")
    try:
        with draft.open("xb") as file:
            draft.chmod(0o600)
            for chunk in chunks:
                file.write(chunk)
                yield len(chunk)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
