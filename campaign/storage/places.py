"""Where files lie: a local folder, or an S3-compatible store. Both keep bytes and know no key."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from campaign.core.errors import DomainError
from campaign.core.settings import Settings
from campaign.storage import scratch
from campaign.storage.sealed import StoredFile

T = TypeVar("T")
_TRIES = 3
_CONNECT = timedelta(seconds=5)
_ANSWER = timedelta(seconds=60)
_PATIENCE = timedelta(seconds=15)
"""After which a request is not tried again: somebody waits for the page."""
_PART = 8 * 1024 * 1024  # bytes of one part of an upload; two are in memory at once
_HEAD = 256 * 1024  # bytes that the first request for a file fetches: all of a small one


class FilesAway(DomainError):
    """The place of the files does not answer; nothing is lost, and another try may do."""

    status = 503

    def __init__(self, problem: str) -> None:
        super().__init__("files-away", problem=problem)


@contextmanager
def _answering() -> Iterator[None]:
    """Say FilesAway of a folder that is none any more, is not ours or has gone from its machine."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise FilesAway(type(problem).__name__) from problem


class LocalPlace:
    """A folder on this machine, or one that all machines see."""

    ahead = 4  # chunks of a file that are worth fetching at once

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def source(self, name: str) -> StoredFile:
        with _answering():
            return _LocalSource(self.folder / name)

    def size(self, name: str) -> int:
        path = self.folder / name
        if not path.is_file():
            raise FileNotFoundError(name)
        return path.stat().st_size

    def written_at(self, name: str) -> datetime:
        return datetime.fromtimestamp((self.folder / name).stat().st_mtime, UTC)

    @contextmanager
    def taking(self, name: str) -> Iterator[Path]:
        """A draft beside `name`, which it takes once it is on the disk."""
        final = self.folder / name
        with _answering():
            # Parents alone get the umask.
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = final.with_name(f".{final.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            yield draft
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(final)
            _sync(final.parent)
        finally:
            draft.unlink(missing_ok=True)

    def replace_head(self, name: str, head: bytes) -> None:
        """Write over the first bytes, which lie in one block of the disk; never a deleted file."""
        handle = os.open(self.folder / name, os.O_WRONLY)
        try:
            os.pwrite(handle, head, 0)
            os.fsync(handle)
        finally:
            os.close(handle)

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        shutil.rmtree(self.folder / folder, ignore_errors=True)

    def listing(self, folder: str) -> Iterator[tuple[str, int]]:
        """Names below a folder with their bytes, in order; what goes meanwhile is left out."""
        for path in sorted((self.folder / folder).rglob("*")):
            name = path.relative_to(self.folder)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                with suppress(FileNotFoundError):
                    yield name.as_posix(), path.stat().st_size


class _LocalSource:
    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._handle).st_size

    def read_at(self, start: int, length: int) -> bytes:
        return os.pread(self._handle, length, start)

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle != -1:
            os.close(handle)


class S3Place:
    """A bucket, or a part of one, of anything that speaks S3."""

    ahead = 32

    def __init__(self, store: S3Store, drafts: Path) -> None:
        """`store` is an obstore; `drafts` a local folder for files on their way."""
        self._store = store
        self._drafts = drafts

    def source(self, name: str) -> StoredFile:
        return _S3Source(self._store, name, self.size(name))

    def size(self, name: str) -> int:
        return int(_ask(lambda: obstore.head(self._store, name), may_lack=True)["size"])

    def written_at(self, name: str) -> datetime:
        head = _ask(lambda: obstore.head(self._store, name), may_lack=True)
        return head["last_modified"]

    @contextmanager
    def taking(self, name: str) -> Iterator[Path]:
        with scratch.make_folder(self._drafts) as folder:
            draft = folder / "draft"
            yield draft
            _ask(lambda: obstore.put(self._store, name, draft, chunk_size=_PART, max_concurrency=2))

    def replace_head(self, name: str, head: bytes) -> None:
        """Put the object anew: a store changes no part of one."""
        source = self.source(name)
        with self.taking(name) as draft, draft.open("xb") as file:
            file.write(head)
            for start in range(len(head), source.size, _PART):
                file.write(source.read_at(start, min(_PART, source.size - start)))
            file.flush()
            self.size(name)  # what was deleted meanwhile stays so

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            _ask(lambda: obstore.delete(self._store, name), may_lack=True)

    def delete_folder(self, folder: str) -> None:
        if names := [name for name, _size in self.listing(folder)]:
            _ask(lambda: obstore.delete(self._store, names))

    def listing(self, folder: str) -> Iterator[tuple[str, int]]:
        """Names below a folder with their bytes, in order: a request for each 500."""
        pages = iter(obstore.list(self._store, folder or None, chunk_size=500))
        while True:
            page = _ask(lambda: next(pages, None))
            if page is None:
                return
            yield from ((str(item["path"]), int(item["size"])) for item in page)


class _S3Source:
    def __init__(self, store: S3Store, name: str, size: int) -> None:
        self._store = store
        self._name = name
        self._head = b""
        self.size = size

    def read_at(self, start: int, length: int) -> bytes:
        if start == 0 and length < _HEAD:
            # Whoever reads the header goes on with what follows: one request for both.
            self._head = self._fetch(0, min(_HEAD, self.size))
        if start + length <= len(self._head):
            return self._head[start : start + length]
        return self._fetch(start, length)

    def _fetch(self, start: int, length: int) -> bytes:
        if not length:
            return b""
        piece = _ask(
            lambda: obstore.get_range(self._store, self._name, start=start, length=length),
            may_lack=True,
        )
        return bytes(piece)

    def close(self) -> None:
        """Nothing is held between two requests."""


Place = LocalPlace | S3Place
"""Keeps bytes by name. Every method may raise FilesAway, or FileNotFoundError for a lost name."""


def place_of(settings: Settings) -> Place:
    if not settings.files.startswith("s3://"):
        return LocalPlace(settings.files_folder)
    url = urlsplit(settings.files)
    options = {
        "endpoint": settings.s3_endpoint,
        "access_key_id": settings.s3_key_id,
        "secret_access_key": settings.s3_secret.get_secret_value(),
    }
    store = S3Store(
        url.netloc,
        prefix=url.path.strip("/") or None,
        region=settings.s3_region,
        client_options={
            "allow_http": settings.s3_endpoint.startswith("http://"),
            "connect_timeout": _CONNECT,
            "timeout": _ANSWER,
        },
        retry_config={"max_retries": _TRIES, "retry_timeout": _PATIENCE},
        **{name: value for name, value in options.items() if value},  # type: ignore[arg-type]
    )
    return S3Place(store, settings.scratch_folder)


def _ask(request: Callable[[], T], *, may_lack: bool = False) -> T:
    """Return the store's answer; FileNotFoundError where it `may_lack` it, else FilesAway."""
    try:
        return request()
    except FileNotFoundError:
        if may_lack:
            raise
        raise FilesAway("NoSuchBucket") from None
    except BaseError as problem:
        # The text of the error may hold an address with a signature.
        raise FilesAway(type(problem).__name__) from None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
