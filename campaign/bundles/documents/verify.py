"""Check a copy of a bundle against its own manifest: our ZIP, one made again, or a folder. Pure.

Needs no database and no instance. Nothing is believed: names, sizes and counts are bounded before
anything is read, nothing is unpacked under a name from a ZIP, and the workbook is read without a
library that trusts it.
"""

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, Any, BinaryIO
from xml.parsers import expat

import pikepdf

from campaign.bundles import file_names
from campaign.bundles.documents.packets import FORMAT
from campaign.bundles.letter_codes.code_list import read_check_code
from campaign.core.db import Json
from campaign.storage.scratch import temporary_file

_VOLUME = re.compile(r"letters-[0-9]{3,}\.pdf")
_MOST_MANIFEST_BYTES = 200_000_000
_SHEET = "xl/worksheets/sheet1.xml"
_MOST_BYTES = 2_000_000_000
"""Of a sheet of the workbook."""
_PIECE = 1 << 16
_MOST_PARTS = 100
"""Pieces of text in one cell."""
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
class Finding:
    """What does not hold: in which file, and why, as a sentence for the operator."""

    file: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}: {self.sentence}"


@dataclass(slots=True)
class Verified:
    """What a check found, and the facts that hold where it found nothing."""

    findings: list[Finding] = field(default_factory=list)
    folder: str = ""
    letters: int = 0
    set_aside: int = 0
    volumes: int = 0
    pages: int = 0
    files: int = 0
    in_zip: bool = False
    check_code: str = ""
    """That of the papers, where it follows from the letters' codes."""
    renamed_from: str = ""
    """The name of the bundle's folder, where the copy is a folder of another name."""
    zipped_again: bool = False
    """Whether a ZIP is not the one that we made: its files are compressed, or in no folder."""

    @property
    def ok(self) -> bool:
        return not self.findings

    def find(self, file: str, sentence: str) -> None:
        self.findings.append(Finding(file, sentence))


@dataclass(frozen=True, slots=True)
class CopiedFile:
    name: str
    size: int
    """Bytes, unpacked."""
    open: Callable[[], IO[bytes]]


@contextmanager
def open_copy(path: Path, result: Verified) -> Iterator[dict[str, CopiedFile]]:
    """Give the files of the copy at `path` by name. Raises DAMAGED where nothing can be read."""
    if path.is_dir():
        yield _folder_files(path, result)
        return
    result.in_zip = True
    with zipfile.ZipFile(path) as archive:
        yield _zip_files(archive, result)


def _folder_files(path: Path, result: Verified) -> dict[str, CopiedFile]:
    """Give the files of an unpacked bundle. A copy of a folder may have another name."""
    entries = _list_folder(path)
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        path, entries = entries[0], _list_folder(entries[0])  # by Explorer's “Extract all”
    result.folder = path.resolve().name
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


def _list_folder(path: Path) -> list[Path]:
    names = {*_SYSTEM_FILES, _SYSTEM_FOLDER}
    return sorted(entry for entry in path.iterdir() if entry.name not in names)


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


Files = Mapping[str, CopiedFile]


@dataclass(frozen=True, slots=True)
class _Printed:
    """What the manifest says of a letter, as far as it is checked."""

    number: Any
    volume: Any
    first_page: Any
    pages: Any


def verify_copy(path: Path) -> Verified:
    """Check the ZIP or folder at `path`; every problem is a finding, and none is an exception."""
    result = Verified()
    try:
        with open_copy(path, result) as copied:
            if not result.findings:
                _verify(copied, result)
    except DAMAGED:
        result.find(path.name, "is not a complete ZIP file.")
    return result


def _verify(copied: Files, result: Verified) -> None:
    manifest = _manifest(copied, result)
    if manifest is None:
        return
    try:
        _check_files(copied, manifest, result)
        _check_letters(manifest, result)
        _check_lists(copied, manifest, result)
        _check_codes(copied, manifest, result)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        result.find(file_names.MANIFEST, f"is not complete ({type(problem).__name__}: {problem}).")
    result.files = len(copied)


def _manifest(copied: Files, result: Verified) -> Json | None:
    own = copied.get(file_names.MANIFEST)
    if own is None:
        result.find(file_names.MANIFEST, "is missing.")
        return None
    if own.size > _MOST_MANIFEST_BYTES:
        result.find(file_names.MANIFEST, "is too large.")
        return None
    try:
        with own.open() as source:
            manifest = json.loads(source.read().decode(), object_hook=_letter_or_other)
    except (*DAMAGED, ValueError):
        result.find(file_names.MANIFEST, "is damaged.")
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        result.find(file_names.MANIFEST, f"is not of the format {FORMAT}.")
        return None
    return manifest


def _letter_or_other(entry: Json) -> _Printed | Json:
    """The entry of a printed letter in little room, since there may be 350,000; others as read."""
    if "first_page" not in entry:
        return entry
    return _Printed(*(entry.get(name) for name in _Printed.__slots__))


def _check_files(copied: Files, manifest: Json, result: Verified) -> None:
    own = str(manifest["bundle"]["folder"])
    result.folder = result.folder or own  # files can be zipped again without it
    if own != result.folder:
        if result.in_zip:
            result.find(file_names.MANIFEST, f"belongs to the folder {own}.")
        else:  # Whoever copies a folder may name the copy as they like: "… (1)".
            result.renamed_from = own
    named = {entry["name"]: entry for entry in manifest["files"]}
    if len(named) != len(manifest["files"]):
        result.find(file_names.MANIFEST, "names a file twice.")
    volumes = (volume["file"] for volume in manifest["volumes"] if "file" in volume)
    coded = {file_names.CODES} if "check_code" in manifest["bundle"] else set()
    expected = {*file_names.ALWAYS[:-1], *volumes, *coded}
    for name in sorted(expected - set(named)):
        result.find(file_names.MANIFEST, f"does not name {name}.")
    for name in sorted(set(copied) - set(named) - {file_names.MANIFEST}):
        result.find(name, "is not in the manifest.")
    for name, entry in named.items():
        if name not in copied:
            result.find(name, "is missing.")
        else:
            _check_file(copied[name], entry, named, result)


def _check_file(copied: CopiedFile, entry: Json, named: Json, result: Verified) -> None:
    with temporary_file() as copy:
        try:
            with copied.open() as source:
                shutil.copyfileobj(source, copy, 1 << 20)
        except DAMAGED:
            result.find(copied.name, "is damaged.")
            return
        copy.seek(0)
        digest = hashlib.file_digest(copy, "sha256").hexdigest()
        if digest != entry["sha256"]:
            result.find(copied.name, _other_content(copied, digest, entry, named))
            return
        if copied.name.endswith(".pdf"):
            copy.seek(0)
            _check_pages(copy, copied.name, entry, result)


def _other_content(copied: CopiedFile, digest: str, entry: Json, named: Json) -> str:
    """Say what a file is that is not the one the manifest names."""
    other = next((name for name, facts in named.items() if facts["sha256"] == digest), "")
    if other:
        return f"is in fact {other}. The two files were swapped."
    if copied.size != entry["bytes"]:
        return f"has {copied.size} bytes. The manifest says {entry['bytes']}."
    return "is damaged: its SHA-256 does not match the manifest."


def _check_pages(copy: BinaryIO, name: str, entry: Json, result: Verified) -> None:
    try:
        with pikepdf.open(copy) as pdf:
            pages = len(pdf.pages)
    except pikepdf.PdfError:
        result.find(name, "is not a readable PDF.")
        return
    if pages != entry["pages"]:
        result.find(name, f"has {pages} pages. The manifest says {entry['pages']}.")
    if _VOLUME.fullmatch(name):
        result.pages += pages


def _check_letters(manifest: Json, result: Verified) -> None:
    """Numbers are complete and unique, and the letters of a volume cover its pages exactly."""
    bundle, letters, aside = manifest["bundle"], manifest["letters"], manifest["set_aside"]
    result.letters, result.set_aside = len(letters), len(aside)
    result.volumes = len(manifest["volumes"])
    _check_numbers(bundle, letters, aside, result)
    stated = (bundle["printed"], bundle["set_aside"], bundle["volumes"])
    if stated != (len(letters), len(aside), len(manifest["volumes"])):
        result.find(file_names.MANIFEST, "has wrong totals of letters or volumes.")
    _check_besides(manifest, result)
    by_volume = defaultdict[int, list[_Printed]](list)
    for letter in letters:
        by_volume[letter.volume].append(letter)
    for volume in manifest["volumes"]:
        name = volume.get("file") or f"volume {volume['volume']}"
        own = by_volume.pop(volume["volume"], [])
        if len(own) != volume["letters"]:
            result.find(name, f"has {len(own)} letters. The manifest says {volume['letters']}.")
        if not _covers(own, volume["pages"]):
            result.find(name, "has pages with no letter or with several letters.")
        if bundle.get("duplex") and any(letter.first_page % 2 == 0 for letter in own):
            result.find(name, "has a letter that does not begin on a new sheet.")
    if by_volume:
        result.find(file_names.MANIFEST, "puts letters into a volume that is missing.")
    stated_pages = {letter["name"]: letter.get("pages") for letter in manifest["files"]}
    for volume in manifest["volumes"]:
        if "file" in volume and stated_pages.get(volume["file"]) != volume["pages"]:
            result.find(volume["file"], "has different pages as a file and as a volume.")


def _check_besides(manifest: Json, result: Verified) -> None:
    """People on signed sheets are counted apart; older bundles say nothing of them."""
    people = manifest.get("on_paper", [])
    if len(people) != manifest["bundle"].get("on_paper", 0):
        result.find(file_names.MANIFEST, "has a wrong total of people on signed sheets.")
    if len({entry["number"] for entry in people}) != len(people):
        result.find(file_names.MANIFEST, "lists a person on the signed sheets twice.")
    printed = {entry.number for entry in manifest["letters"]}
    for entry in manifest.get("taken_out", []):
        if entry["number"] in printed:
            problem = f"lists letter {entry['number']} both as included and as withdrawn."
            result.find(file_names.MANIFEST, problem)


def _check_numbers(
    bundle: Json, letters: list[_Printed], aside: list[Json], result: Verified
) -> None:
    """Numbers run from the bundle's first one without gap, each once, and letters by number."""
    printed = [int(letter.number) for letter in letters]
    numbers = [*printed, *(int(entry["number"]) for entry in aside)]
    first, frozen = bundle.get("first_number", 1), bundle["frozen"]
    if len(numbers) != frozen or sorted(numbers) != list(range(first, first + len(numbers))):
        problem = f"does not have each number from {first} to {first + frozen - 1} exactly once."
        result.find(file_names.MANIFEST, problem)
    # As numbers: "100000" sorts before "99999".
    if any(before > after for before, after in pairwise(printed)):
        result.find(file_names.MANIFEST, "does not list the letters in order.")


def _covers(letters: list[_Printed], pages: int) -> bool:
    """Whether letters follow each other without gap from page 1 to the last.

    A card that shares its sheet with another has no page of its own, and cards are numbered pile
    by pile rather than sheet by sheet.
    """
    last = start = 0
    are_numbers = all(isinstance(letter.first_page, int) for letter in letters)
    if are_numbers:
        letters = sorted(letters, key=lambda letter: (letter.first_page, not letter.pages))
    for letter in letters:
        start = last + 1 if letter.pages else start
        if letter.first_page != start or letter.pages < 0 or not start:
            return False
        last += letter.pages
    return last == pages


def _check_lists(copied: Files, manifest: Json, result: Verified) -> None:
    numbers = [entry.number for entry in manifest["letters"]]
    numbers += [entry["number"] for entry in manifest.get("on_paper", [])]
    damaged = {finding.file for finding in result.findings}
    for name, read in (
        (file_names.SIGNATURES_CSV, _csv_numbers),
        (file_names.SIGNATURES_XLSX, first_column),
    ):
        if name not in copied or name in damaged:
            continue
        try:
            with copied[name].open() as source:
                listed = list(islice(read(source), len(numbers) + 2))
        except (WorkbookDamaged, *DAMAGED, csv.Error, UnicodeError) as problem:
            result.find(name, f"cannot be read ({type(problem).__name__}).")
            continue
        if listed[1:] != numbers:
            result.find(name, f"does not have a row for each of the {len(numbers)} letters.")


def _csv_numbers(source: IO[bytes]) -> Iterator[str]:
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    try:
        for row in csv.reader(text):
            yield row[0] if row else ""
    finally:
        text.detach()  # whoever opened the source closes it


def _check_codes(copied: Files, manifest: Json, result: Verified) -> None:
    """The check code on the papers follows from the letters' codes; older bundles have none."""
    name, stated = file_names.CODES, manifest["bundle"].get("check_code")
    damaged = {finding.file for finding in result.findings}
    if stated is None or name not in copied or name in damaged:
        return
    numbers = [entry.number for entry in manifest["letters"]]
    with copied[name].open() as source:
        check_code = read_check_code(source, str(manifest["bundle"]["folder"]), numbers)
    if not check_code:
        result.find(name, f"does not have a line for each of the {len(numbers)} letters.")
    elif check_code != stated:
        result.find(name, "does not give the check code in the manifest.")
    else:
        result.check_code = check_code


class WorkbookDamaged(Exception):
    """The workbook cannot be read, or is not one of ours."""


def first_column(source: IO[bytes]) -> Iterator[str]:
    """Texts of the first cell of each row of the first sheet. Raises WorkbookDamaged."""
    with temporary_file() as copy:
        while piece := source.read(_PIECE):
            copy.write(piece)
        copy.seek(0)
        try:
            with zipfile.ZipFile(copy) as book, book.open(_SHEET) as sheet:
                yield from _Reader().read(sheet)
        except (KeyError, zipfile.BadZipFile, expat.ExpatError, EOFError) as problem:
            raise WorkbookDamaged(type(problem).__name__) from problem


class _Reader:
    """Collects the text of the cells in column A."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._text: list[str] | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse

    def read(self, sheet: IO[bytes]) -> Iterator[str]:
        total = 0
        while piece := sheet.read(_PIECE):
            total += len(piece)
            if total > _MOST_BYTES:
                raise WorkbookDamaged("too large")
            self._parser.Parse(piece, False)
            yield from self._found
            self._found.clear()
        self._parser.Parse(b"", True)
        yield from self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c" and attributes.get("r", "").rstrip("0123456789") == "A":
            self._text = []

    def _characters(self, data: str) -> None:
        if self._text is not None and len(self._text) < _MOST_PARTS:
            self._text.append(data)

    def _end(self, name: str) -> None:
        if name == "c" and self._text is not None:
            self._found.append("".join(self._text))
            self._text = None

    def _refuse(self, *_: object) -> None:
        raise WorkbookDamaged("has a document type, which entities could hide in")
