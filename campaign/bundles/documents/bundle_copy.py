"""The files of a copy of a bundle: our ZIP, a ZIP that somebody made again, or a folder. Pure.

Nothing is believed: names, sizes and counts are bounded before anything is read, and nothing is
ever unpacked under a name from a ZIP.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from campaign.bundles.documents.verify_findings import Verified

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MOST_FILES = 5_000
_TIGHTEST = 200
"""How many times smaller a file may be packed; a bomb is packed a thousand times smaller."""
_SYSTEM_FOLDER = "__MACOSX"
_SYSTEM_FILES = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What Finder and Explorer add by themselves."""

DAMAGED = (zipfile.BadZipFile, EOFError, RuntimeError, OSError)
"""Errors of reading a file that is not whole."""


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """One file of a copy."""

    name: str
    size: int
    """Bytes, unpacked."""
    open: Callable[[], IO[bytes]]


@contextmanager
def open_copy(path: Path, result: Verified) -> Iterator[dict[str, CopiedFile]]:
    """Give the files of the copy at `path` by name; what no bundle holds is a finding.

    Raises one of DAMAGED where there is nothing to be read.
    """
    if path.is_dir():
        yield _folder_files(path, result)
        return
    result.in_zip = True
    with zipfile.ZipFile(path) as archive:
        yield _zip_files(archive, result)


def _folder_files(path: Path, result: Verified) -> dict[str, CopiedFile]:
    """Give the files of an unpacked bundle. A copy of a folder may have another name."""
    result.folder = path.resolve().name
    entries = sorted(entry for entry in path.iterdir() if entry.name not in _SYSTEM_FILES)
    if _are_too_many(entries, result):
        return {}
    copied = {}
    for entry in entries:
        if not _NAME.fullmatch(entry.name) or entry.is_symlink() or not entry.is_file():
            result.find(_shown(entry.name), "is nothing that a bundle holds.")
            continue
        size = entry.stat().st_size
        copied[entry.name] = CopiedFile(entry.name, size, partial(_open_file, entry))
    return copied


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _zip_files(archive: zipfile.ZipFile, result: Verified) -> dict[str, CopiedFile]:
    """Give the files of a ZIP: all in one folder, or none in any."""
    infos = [info for info in archive.infolist() if not _is_of_the_system(info)]
    if _are_too_many(infos, result):
        return {}
    copied: dict[str, CopiedFile] = {}
    for info in infos:
        folder, _, name = info.filename.rpartition("/")
        if problem := _problem_of(info, result.folder if copied else folder):
            result.find(_shown(info.filename), problem)
        elif name in copied:
            result.find(name, "is there twice.")
        else:
            result.folder = folder
            result.zipped_again |= not folder or info.compress_type != zipfile.ZIP_STORED
            copied[name] = CopiedFile(name, info.file_size, partial(archive.open, info))
    return copied


def _problem_of(info: zipfile.ZipInfo, folder: str) -> str:
    own, slash, name = info.filename.rpartition("/")
    in_folder = _NAME.fullmatch(own) if slash else True
    if not (in_folder and _NAME.fullmatch(name)) or ".." in info.filename:
        return "has a name that no bundle has."
    if own != folder:
        return f"lies outside the folder {folder}." if folder else "lies in a folder of its own."
    if info.flag_bits & 0x1:
        return "is encrypted; nothing in a bundle is."
    if info.file_size > _TIGHTEST * max(info.compress_size, 1):
        return "is packed more tightly than any file of a bundle."
    return ""


def _is_of_the_system(info: zipfile.ZipInfo) -> bool:
    """Whether Finder or Explorer has added this by itself; a folder holds nothing either."""
    first, last = info.filename.partition("/")[0], info.filename.rpartition("/")[2]
    return (
        first == _SYSTEM_FOLDER or last in _SYSTEM_FILES or (info.is_dir() and not info.file_size)
    )


def _are_too_many(entries: Iterable[object], result: Verified) -> bool:
    count = len(list(entries))
    if count > _MOST_FILES:
        result.find("Copy", f"holds {count} files, more than any bundle.")
    return count > _MOST_FILES


def _shown(name: str) -> str:
    return name[:80].encode("ascii", "backslashreplace").decode()
