"""Checking a bundle's ZIP against its own manifest. Pure: needs no database and no instance.

Nothing is believed: names, sizes and counts are bounded before anything is read, and nothing is
ever unpacked under a name from the ZIP.
"""

import csv
import hashlib
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pikepdf

from campaign.bundles import files
from campaign.bundles.findings import Verified
from campaign.bundles.manifest import FORMAT
from campaign.bundles.workbooks import WorkbookDamaged, first_column

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VOLUME = re.compile(r"letters-[0-9]{3,}\.pdf")
_MOST_FILES = 5_000
_MOST_MANIFEST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class _Printed:
    """What the manifest says of a letter, as far as it is checked."""

    number: Any
    volume: Any
    first_page: Any
    pages: Any


def verify_zip(path: Path) -> Verified:
    """Check the ZIP at `path`; every problem is a finding, and none is an exception."""
    result = Verified()
    try:
        with zipfile.ZipFile(path) as archive:
            _verify(archive, result)
    except (zipfile.BadZipFile, OSError, RuntimeError):
        result.find(path.name, "is not a whole ZIP file.")
    return result


def _verify(archive: zipfile.ZipFile, result: Verified) -> None:
    members = _members(archive, result)
    if members is None:
        return
    manifest = _manifest(archive, members, result)
    if manifest is None:
        return
    try:
        _check_files(archive, members, manifest, result)
        _check_letters(manifest, result)
        _check_lists(archive, members, manifest, result)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        result.find(files.MANIFEST, f"is not complete ({type(problem).__name__}: {problem}).")
    result.files = len(members)


def _members(archive: zipfile.ZipFile, result: Verified) -> dict[str, zipfile.ZipInfo] | None:
    """The files of the ZIP by name, all in one folder, none compressed; None if they are not."""
    infos = archive.infolist()
    if len(infos) > _MOST_FILES:
        result.find("ZIP", f"holds {len(infos)} files, more than any bundle.")
        return None
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        folder, _, name = info.filename.partition("/")
        shown = info.filename[:80].encode("ascii", "backslashreplace").decode()
        if not (_NAME.fullmatch(folder) and _NAME.fullmatch(name)) or ".." in info.filename:
            result.find(shown, "has a name that no bundle has.")
        elif result.folder not in {"", folder}:
            result.find(shown, f"lies outside the folder {result.folder}.")
        elif info.flag_bits & 0x1:
            result.find(shown, "is encrypted; nothing in a bundle is.")
        elif info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            result.find(shown, "is compressed; a bundle's files are stored as they are.")
        elif name in members:
            result.find(name, "is there twice.")
        else:
            result.folder = folder
            members[name] = info
    return None if result.findings else members


def _manifest(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], result: Verified
) -> dict[str, Any] | None:
    info = members.get(files.MANIFEST)
    if info is None:
        result.find(files.MANIFEST, "is missing.")
        return None
    if info.file_size > _MOST_MANIFEST_BYTES:
        result.find(files.MANIFEST, "is too large.")
        return None
    try:
        manifest = json.loads(archive.read(info).decode(), object_hook=_letter_or_other)
    except (zipfile.BadZipFile, ValueError, RuntimeError):
        result.find(files.MANIFEST, "is damaged.")
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        result.find(files.MANIFEST, f"is not of the format {FORMAT}.")
        return None
    return manifest


def _letter_or_other(found: dict[str, Any]) -> Any:
    """The entry of a printed letter in little room, since there may be 350,000; others as read."""
    if "first_page" not in found:
        return found
    return _Printed(*(found.get(name) for name in _Printed.__slots__))


def _check_files(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    manifest: dict[str, Any],
    result: Verified,
) -> None:
    if manifest["bundle"]["folder"] != result.folder:
        result.find(files.MANIFEST, "belongs to another folder.")
    named = {entry["name"]: entry for entry in manifest["files"]}
    if len(named) != len(manifest["files"]):
        result.find(files.MANIFEST, "names a file twice.")
    expected = {*files.ALWAYS[:-1], *(one["file"] for one in manifest["volumes"] if "file" in one)}
    for name in sorted(expected - set(named)):
        result.find(files.MANIFEST, f"does not name {name}.")
    for name in sorted(set(members) - set(named) - {files.MANIFEST}):
        result.find(name, "is not in the manifest.")
    for name, entry in named.items():
        if name not in members:
            result.find(name, "is missing.")
        else:
            _check_file(archive, members[name], name, entry, result)


def _check_file(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    name: str,
    entry: dict[str, Any],
    result: Verified,
) -> None:
    if info.file_size != entry["bytes"]:
        result.find(name, f"has {info.file_size} bytes, the manifest says {entry['bytes']}.")
        return
    with tempfile.TemporaryFile() as copy:
        try:
            with archive.open(info) as source:
                shutil.copyfileobj(source, copy, 1 << 20)
        except (zipfile.BadZipFile, EOFError, RuntimeError):
            result.find(name, "is damaged.")
            return
        copy.seek(0)
        if hashlib.file_digest(copy, "sha256").hexdigest() != entry["sha256"]:
            result.find(name, "is damaged: its SHA-256 is not the manifest's.")
            return
        if name.endswith(".pdf"):
            copy.seek(0)
            _check_pages(copy, name, entry, result)


def _check_pages(copy: Any, name: str, entry: dict[str, Any], result: Verified) -> None:
    try:
        with pikepdf.open(copy) as pdf:
            pages = len(pdf.pages)
    except pikepdf.PdfError:
        result.find(name, "is not a PDF that can be read.")
        return
    if pages != entry["pages"]:
        result.find(name, f"has {pages} pages, the manifest says {entry['pages']}.")
    if _VOLUME.fullmatch(name):
        result.pages += pages


def _check_letters(manifest: dict[str, Any], result: Verified) -> None:
    """Numbers are complete and unique, and the letters of a volume cover its pages exactly."""
    bundle, letters, aside = manifest["bundle"], manifest["letters"], manifest["set_aside"]
    result.letters, result.set_aside = len(letters), len(aside)
    result.volumes = len(manifest["volumes"])
    _check_numbers(bundle, letters, aside, result)
    stated = (bundle["printed"], bundle["set_aside"], bundle["volumes"])
    if stated != (len(letters), len(aside), len(manifest["volumes"])):
        result.find(files.MANIFEST, "counts other letters or volumes than it holds.")
    _check_besides(manifest, result)
    by_volume = defaultdict[int, list[_Printed]](list)
    for one in letters:
        by_volume[one.volume].append(one)
    for volume in manifest["volumes"]:
        name = volume.get("file") or f"volume {volume['volume']}"
        mine = by_volume.pop(volume["volume"], [])
        if len(mine) != volume["letters"]:
            result.find(name, f"holds {len(mine)} letters, the manifest says {volume['letters']}.")
        if not _covers(mine, volume["pages"]):
            result.find(name, "has pages that no letter, or more than one, is said to stand on.")
        if bundle.get("duplex") and any(one.first_page % 2 == 0 for one in mine):
            result.find(name, "has a letter that does not begin on a fresh sheet.")
    if by_volume:
        result.find(files.MANIFEST, "places letters in a volume that is not there.")
    stated_pages = {one["name"]: one.get("pages") for one in manifest["files"]}
    for volume in manifest["volumes"]:
        if "file" in volume and stated_pages.get(volume["file"]) != volume["pages"]:
            result.find(volume["file"], "has other pages as a file than as a volume.")


def _check_besides(manifest: dict[str, Any], result: Verified) -> None:
    """People on signed sheets are counted apart; what was taken out is in no volume.

    Bundles from before these were recorded say nothing of either.
    """
    people = manifest.get("on_paper", [])
    if len(people) != manifest["bundle"].get("on_paper", 0):
        result.find(files.MANIFEST, "counts other people on signed sheets than it holds.")
    if len({one["number"] for one in people}) != len(people):
        result.find(files.MANIFEST, "holds a person on the signed sheets twice.")
    printed = {one.number for one in manifest["letters"]}
    for one in manifest.get("taken_out", []):
        if one["number"] in printed:
            result.find(files.MANIFEST, f"says that letter {one['number']} is in and taken out.")


def _check_numbers(
    bundle: dict[str, Any],
    letters: list[_Printed],
    aside: list[dict[str, Any]],
    result: Verified,
) -> None:
    """Numbers run from the bundle's first one without gap, each once, and letters by number."""
    printed = [int(one.number) for one in letters]
    numbers = [*printed, *(int(one["number"]) for one in aside)]
    first, frozen = bundle.get("first_number", 1), bundle["frozen"]
    if len(numbers) != frozen or sorted(numbers) != list(range(first, first + len(numbers))):
        last = first + frozen - 1
        result.find(files.MANIFEST, f"does not hold each number from {first} to {last} once.")
    # As numbers: "100000" sorts before "99999".
    if any(one > after for one, after in pairwise(printed)):
        result.find(files.MANIFEST, "does not hold the letters in order.")


def _place(letter: _Printed) -> tuple[int, bool]:
    return letter.first_page, not letter.pages


def _covers(letters: list[_Printed], pages: int) -> bool:
    """Whether letters follow each other without gap from page 1 to the last.

    A card that shares its sheet with another has no page of its own, and cards are numbered pile
    by pile rather than sheet by sheet.
    """
    last = start = 0
    known = all(isinstance(one.first_page, int) for one in letters)
    for letter in sorted(letters, key=_place) if known else letters:
        start = last + 1 if letter.pages else start
        if letter.first_page != start or letter.pages < 0 or not start:
            return False
        last += letter.pages
    return last == pages


def _check_lists(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    manifest: dict[str, Any],
    result: Verified,
) -> None:
    numbers = [one.number for one in manifest["letters"]]
    numbers += [one["number"] for one in manifest.get("on_paper", [])]
    damaged = {finding.file for finding in result.findings}
    for name, read in (
        (files.SIGNATURES_CSV, _csv_numbers),
        (files.SIGNATURES_XLSX, first_column),
    ):
        if name not in members or name in damaged:
            continue
        try:
            found = list(islice(read(archive, members[name]), len(numbers) + 2))
        except (WorkbookDamaged, zipfile.BadZipFile, csv.Error, UnicodeError) as problem:
            result.find(name, f"cannot be read ({type(problem).__name__}).")
            continue
        if found[1:] != numbers:
            result.find(name, f"does not hold a row for each of the {len(numbers)} letters.")


def _csv_numbers(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[str]:
    with archive.open(info) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        for row in csv.reader(text):
            yield row[0] if row else ""
