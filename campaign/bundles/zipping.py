"""The bundle as one ZIP: stored, of a size known beforehand, the same bytes every time."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zipstream import ZipStream
from zipstream.ng import ZipStreamInfo

_MODE = 0o100600
"""Of every file in the ZIP: a file that only its owner reads."""
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the bundle: its name in the folder, and where it lies."""

    name: str
    path: Path


class DatedZip(ZipStream):  # type: ignore[misc]  # zipstream has no types
    """A ZIP each of whose files bears one date, in UTC, and one mode.

    The library takes them from the disk, where they depend on the machine's clock, zone and
    umask; the same files are to give the same ZIP everywhere.
    """

    def __init__(self, moment: datetime) -> None:
        super().__init__(sized=True)
        self._date = moment.astimezone(UTC).timetuple()[:6]

    def _gen_file_entry(
        self, *, arcname: str, path: str = "", iterable: Any = None, size: int = 0, **_: Any
    ) -> Iterator[bytes]:
        info = ZipStreamInfo(arcname, self._date)
        info.external_attr = _MODE << 16
        info.file_size = size
        info.compress_type = 0
        info.header_offset = self._pos
        for chunk in info._file_data(_pieces(path) if path else iterable):  # noqa: SLF001
            yield self._track(chunk)
        if info.file_size != size:
            raise RuntimeError(f"{arcname} is not of the size that it was")
        self._filelist.append(info)


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:  # noqa: PTH123
        while piece := file.read(_PIECE):
            yield piece


def stream_zip(folder: str, parts: Iterable[Part], moment: datetime) -> DatedZip:
    """The ZIP as a stream, its files dated `moment`; `len()` gives its size.

    Raises FileNotFoundError.
    """
    stream = DatedZip(moment)
    for part in parts:
        stream.add_path(part.path, f"{folder}/{part.name}", recurse=False)
    return stream


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
