"""Maildir folders, which a mail server on this machine fills."""

from pathlib import Path
from typing import BinaryIO

_FAILED = ".failed"
"""How the name of a mail ends that failed once; the rest of it is the mail server's."""


class MaildirMail:
    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def has_failed(self) -> bool:
        return self._path.name.endswith(_FAILED)

    def open(self) -> BinaryIO:
        return self._path.open("rb")

    def remember_failure(self) -> None:
        self._path.rename(self._path.with_name(f"{self._path.name}{_FAILED}"))

    def leave(self) -> None:
        """Have it stay as one that was seen: reading it costs time, and anybody sends more."""
        folder = self._path.parent.with_name("cur")
        self._path.rename(folder / f"{self._path.name.removesuffix(_FAILED)}:2,S")

    def remove(self) -> None:
        self._path.unlink()


def is_maildir(path: Path) -> bool:
    return all((path / part).is_dir() for part in ("cur", "new", "tmp"))


def list_mails(path: Path) -> list[MaildirMail]:
    return [MaildirMail(mail) for mail in sorted((path / "new").iterdir())]
