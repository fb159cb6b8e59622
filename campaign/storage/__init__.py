"""Files that the instance keeps: bundles, scans, exports, pictures. Encrypted, whatever they are.

Names are the application's own (`bundles/b-12/letters-001.pdf`), never typed. They lie in a local
folder or an S3-compatible store, each encrypted with a key of its own that the data key seals
(`campaign.storage.sealed`). Where a library wants a path, it gets a plain file in a private folder
that is gone when the block ends.
"""

import io
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import structlog
from flask import Flask, current_app
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.errors import DomainError, NotFound
from campaign.core.sealing import Keyring
from campaign.core.settings import Settings
from campaign.storage import sealed
from campaign.storage.places import FilesAway, Place, place_of
from campaign.storage.scratch import make_folder, sweep
from campaign.storage.sealed import Damaged, NotSealed

__all__ = ["FileDamaged", "FilesAway", "Storage", "forget_file", "init_app", "storage"]

log = structlog.get_logger()
_NAME = re.compile(r"[a-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_PIECE = 256 * 1024
_PROBE = "probe"


class FileDamaged(DomainError):
    """A file does not open: changed, cut off, kept with another key, or never encrypted."""

    status = 500

    def __init__(self, name: str, *, sealed: bool = True) -> None:
        """`sealed` is off where the file lies there as it is."""
        super().__init__("file-damaged" if sealed else "file-not-sealed", name=name)


class Storage:
    """Files by name. Every method may raise FilesAway."""

    def __init__(self, place: Place, keyring: Keyring, scratch: Path) -> None:
        self.place = place
        self._keyring = keyring
        self._scratch = scratch

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> "Storage":
        return cls(place_of(settings), keyring, settings.scratch_folder)

    @contextmanager
    def create(self, name: str) -> Iterator[io.RawIOBase]:
        """Open a stream, encrypted as it is written; it takes the name when the block succeeds."""
        with self.place.taking(_check_name(name)) as draft, draft.open("xb") as file:
            draft.chmod(0o600)
            writer = sealed.SealingWriter(file, self._keyring, name)
            yield writer
            writer.finish()
            file.flush()

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A plain draft in a private folder, encrypted under `name` when the block succeeds."""
        _check_name(name)
        with make_folder(self._scratch) as folder:
            draft = folder / name.rpartition("/")[2]
            yield draft
            with draft.open("rb") as plain, self.create(name) as kept:
                shutil.copyfileobj(plain, kept, _PIECE)

    def open(self, name: str) -> BinaryIO:
        """The file, to be read and sought in; raises NotFound. A read may raise FileDamaged."""
        try:
            source = self.place.source(_check_name(name))
        except FileNotFoundError as problem:
            raise NotFound("file", name=name) from problem
        try:
            reader = _Reader(source, self._keyring, name, ahead=self.place.ahead)
        except Damaged as problem:
            source.close()
            raise FileDamaged(name, sealed=not isinstance(problem, NotSealed)) from problem
        return cast(BinaryIO, io.BufferedReader(reader, sealed.CHUNK))

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def write(self, name: str, data: bytes) -> None:
        with self.create(name) as file:
            file.write(data)

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.open(name) as file:
            while piece := file.read(_PIECE):
                yield piece

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A plain copy in a private folder, for a library that wants a path."""
        with make_folder(self._scratch) as folder:
            copy = folder / name.rpartition("/")[2]
            with self.open(name) as kept, copy.open("xb") as plain:
                shutil.copyfileobj(kept, plain, _PIECE)
            yield copy

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        with make_folder(self._scratch) as folder:
            yield folder

    def size(self, name: str) -> int:
        """Bytes of the file; raises NotFound, or FileDamaged where no file is so short."""
        try:
            return sealed.size_of(self.place.size(_check_name(name)))
        except FileNotFoundError as problem:
            raise NotFound("file", name=name) from problem
        except Damaged as problem:
            raise FileDamaged(name) from problem

    def exists(self, name: str) -> bool:
        try:
            self.place.size(_check_name(name))
        except FileNotFoundError:
            return False
        return True

    def is_older(self, name: str, than: datetime) -> bool:
        """Return whether the file is there, and was last written before that moment."""
        try:
            return self.place.written_at(_check_name(name)) < than
        except FileNotFoundError:
            return False

    def delete(self, *names: str) -> None:
        for name in names:
            self.place.delete(_check_name(name))

    def names(self, folder: str = "") -> Iterator[str]:
        """The names below a folder, in order; all of them without one."""
        return (name for name, _size in self.place.listing(_check_name(folder) if folder else ""))

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of each file below a folder, by name: one request where `size` takes many."""
        sizes = {}
        for name, stored in self.place.listing(_check_name(folder)):
            with suppress(Damaged):
                sizes[name] = sealed.size_of(stored)
        return sizes

    def delete_folder(self, folder: str) -> None:
        self.place.delete_folder(_check_name(folder))

    def sealed_chunks(self, name: str) -> Iterator[bytes]:
        """The file as it is kept, encrypted: for backups. Raises NotFound, FileDamaged."""
        self.open(name).close()
        yield from self._stored_pieces(name)

    def put_sealed(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep what `sealed_chunks` gave, under the same name."""
        with self.place.taking(_check_name(name)) as draft, draft.open("xb") as file:
            draft.chmod(0o600)
            file.writelines(chunks)
            file.flush()

    def unsealed(self, *, most: int | None = None) -> Iterator[str]:
        """Yield names of files that are not encrypted, of the first `most`: each head is read."""
        for name in islice(self.names(), most):
            if self._head(name, len(sealed.MARK)) != sealed.MARK:
                yield name

    def seal_plain(self, name: str) -> None:
        with self.create(name) as kept:
            kept.writelines(self._stored_pieces(name))

    def turn_key(self, name: str) -> bool:
        """Seal the file's key with the newest; False: it is so, or gone. Raises FileDamaged."""
        try:
            head = self._head(_check_name(name), sealed.HEADER)
            turned = sealed.turned_head(head, self._keyring, name)
            if turned is not None:
                self.place.replace_head(name, turned)
        except FileNotFoundError:
            return False
        except Damaged as problem:
            raise FileDamaged(name, sealed=not isinstance(problem, NotSealed)) from problem
        return turned is not None

    def _head(self, name: str, size: int) -> bytes:
        with closing(self.place.source(name)) as source:
            return source.read_at(0, min(size, source.size))

    def _stored_pieces(self, name: str) -> Iterator[bytes]:
        with closing(self.place.source(name)) as source:
            for start in range(0, source.size, _PIECE):
                yield source.read_at(start, min(_PIECE, source.size - start))

    def probe(self) -> None:
        """Write a file, read it back and remove it. Raises FilesAway, OSError or FileDamaged."""
        name = f"{_PROBE}/{secrets.token_hex(8)}"
        with self.create(name) as file:
            file.write(name.encode())
        try:
            if b"".join(self.chunks(name)) != name.encode():
                raise FileDamaged(name)
        finally:
            self.delete(name)

    def sweep(self) -> int:
        """Remove what killed processes left in the scratch folder; how many folders."""
        return sweep(self._scratch)


class _Reader(sealed.SealedReader):
    """Says which file is damaged, in a failure that has words for people."""

    def __init__(
        self, source: sealed.StoredFile, keyring: Keyring, name: str, *, ahead: int
    ) -> None:
        super().__init__(source, keyring, name, ahead=ahead)
        self._name = name

    def _open(self, first: int) -> None:
        try:
            super()._open(first)
        except Damaged as problem:
            raise FileDamaged(self._name) from problem


def _check_name(name: str) -> str:
    """Return the name. Raises NotFound for one that leads elsewhere."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise NotFound("file", name=name)
    return name


def storage() -> Storage:
    return cast(Storage, current_app.extensions["storage"])


def forget_file(session: Session, row: Any) -> None:
    """Delete the file of a row's `storage_key` once the session's work is committed."""
    key, row.storage_key = row.storage_key, ""
    if key:
        db.after_commit(session, partial(storage().delete, key))


@jobs.job("storage.sweep", every_minutes=15)
def sweep_scratch() -> None:
    if left := storage().sweep():
        log.info("scratch swept", folders=left)


def init_app(app: Flask, settings: Settings) -> None:
    database: db.Database = app.extensions["database"]
    app.extensions["storage"] = Storage.of(settings, database.keyring)
