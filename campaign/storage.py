"""Files that the instance keeps: bundles, pictures. Names are the application's own, never typed.

A local folder today; an S3-compatible store can take its place behind the same four methods.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from flask import Flask, current_app

from campaign.errors import NotFound
from campaign.settings import Settings

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class Storage:
    """Files below one folder."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when the first file is kept."""
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where `name` lies (`bundles/12/letters-001.pdf`); refuses names that lead elsewhere."""
        if not _NAME.fullmatch(name) or ".." in name:
            raise NotFound("file", name=name)
        return self.folder / name

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A draft beside `name`: it takes the name, whole and on disk, when the block succeeds."""
        final = self.path(name)
        final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = final.with_name(f".{final.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            yield draft
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(final)
        finally:
            draft.unlink(missing_ok=True)

    def open(self, name: str) -> BinaryIO:
        """The file, for reading; raises NotFound."""
        try:
            return self.path(name).open("rb")
        except FileNotFoundError as problem:
            raise NotFound("file", name=name) from problem

    def exists(self, name: str) -> bool:
        """Whether a whole file of that name is kept."""
        return self.path(name).is_file()

    def delete(self, name: str) -> None:
        """Remove the file, if it is there."""
        self.path(name).unlink(missing_ok=True)


def storage() -> Storage:
    """The storage of the current application."""
    return cast(Storage, current_app.extensions["storage"])


def init_app(app: Flask, settings: Settings) -> None:
    """Keep files where the settings say."""
    app.extensions["storage"] = Storage(settings.files)
