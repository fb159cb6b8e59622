"""The bundle as one ZIP: stored, of a size known beforehand, the same bytes every time."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from zipstream import ZipStream
from zipstream.ng import ZipStreamInfo

from campaign.core.errors import NotFound
from campaign.storage import Storage

_PIECE = 256 * 1024
_REGULAR_FILE_OF_ITS_OWNER = 0o100600


@dataclass(frozen=True, slots=True)
class ZipPart:
    """A file of the bundle: its name in the folder, its bytes, and what reads it."""

    name: str
    size: int
    read: Callable[[], Iterator[bytes]]

    @classmethod
    def stored(
        cls, name: str, store: Storage, key: str, sizes: Mapping[str, int] | None = None
    ) -> "ZipPart":
        """One that is stored under `key`, if known of this size. Raises NotFound."""
        size = store.size(key) if sizes is None else sizes.get(key)
        if size is None:
            raise NotFound("file", name=key)
        return cls(name, size, partial(store.chunks, key))

    @classmethod
    def local(cls, name: str, path: Path) -> "ZipPart":
        return cls(name, path.stat().st_size, partial(_chunks_of, path))


def stream_zip(folder: str, parts: Iterable[ZipPart], moment: datetime) -> ZipStream:
    """The ZIP as a stream; `len()` gives its size. The same parts and date give the same bytes."""
    stream = _DatedZip(moment)
    for part in parts:
        stream.add(_Lazy(part), f"{folder}/{part.name}", size=part.size)
    return stream


class _Lazy:
    """The bytes of a part, read once it is its turn: a ZIP must not open all files at once."""

    def __init__(self, part: ZipPart) -> None:
        self._part = part

    def __iter__(self) -> Iterator[bytes]:
        return self._part.read()


class _DatedZip(ZipStream):
    """A ZIP whose entries all bear one date, instead of the moment at which they are read."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(sized=True)
        self._date = moment.astimezone(UTC).timetuple()[:6]

    def _gen_file_entry(
        self, *, iterable: _Lazy, size: int, arcname: str, **_others: Any
    ) -> Iterator[bytes]:
        info = ZipStreamInfo(arcname, self._date)
        info.external_attr = _REGULAR_FILE_OF_ITS_OWNER << 16
        info.compress_type = self._compress_type
        info.file_size = size
        info.header_offset = self._pos
        for piece in info._file_data(iterable):  # noqa: SLF001 — the date has no other way in
            yield self._track(piece)
        if info.file_size != size:
            raise RuntimeError(f"{arcname} has {info.file_size} bytes instead of {size}")
        self._filelist.append(info)


def _chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def digest_of(chunks: Iterable[bytes]) -> str:
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
